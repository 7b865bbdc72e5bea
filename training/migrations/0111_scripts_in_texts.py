"""Which registered scripts a text was found to be taken from, so that the end of a grant finds it."""

import django.db.models.deletion
from django.db import migrations, models

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("screenplays", "0003_copies_shots_and_proofs"),
        ("training", "0110_house_rules"),
    ]
    operations = [
        migrations.CreateModel(
            name="ScriptUse",
            fields=[
                ("pk", models.CompositePrimaryKey(
                    "asset_id", "version_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("asset", models.ForeignKey(
                    "training.trainingasset", django.db.models.deletion.PROTECT, related_name="script_uses",
                    db_index=False)),
                ("version", models.ForeignKey(
                    "screenplays.version", django.db.models.deletion.PROTECT, related_name="+")),
            ],
        ),
        *append_only("training_scriptuse"),
    ]  # fmt: skip
