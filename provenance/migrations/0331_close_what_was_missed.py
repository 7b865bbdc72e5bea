"""Prompts that cite no licence were sealed under their production's key alone, and who was erased may stand in texts still."""

from typing import Any

from django.db import migrations

from provenance.graph.resealing import close_missed, reseal_texts


def close(_apps: Any, schema_editor: Any) -> None:
    reseal_texts(schema_editor)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "select l.talent_id, k.destroyed_at, array_agg(distinct l.production_id) from licensing_licencetoken l"
            " join accounts_subjectkey k on k.subject_id = l.talent_id and k.sealed_key is null"
            " group by l.talent_id, k.destroyed_at order by l.talent_id"
        )
        erased = cursor.fetchall()
    for talent_id, destroyed_at, productions in erased:
        close_missed(talent_id, productions, until=destroyed_at)


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0202_the_erased_are_hidden"),
        ("provenance", "0330_texts_close_for_the_erased"),
    ]
    operations = [migrations.RunPython(close, migrations.RunPython.noop)]
