"""Notes and papers of a shoot were sealed under their production's key alone: now under their talents', too."""

from typing import Any

from django.db import migrations

from provenance.graph.resealing import reseal_texts


def reseal(_apps: Any, schema_editor: Any) -> None:
    reseal_texts(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("licensing", "0202_the_erased_are_hidden"),
        ("provenance", "0300_labels_and_times"),
    ]
    operations = [migrations.RunPython(reseal, migrations.RunPython.noop)]
