"""What people wrote before is sealed under the keys of those it is about; for that the owner lifts the triggers."""

import json

from django.db import migrations

from accounts.subject_keys import PREFIX, seal_text

_TALENT = "t.talent_id"
_OF_REQUEST = "(select talent_id from licensing_licencerequest r where r.id = t.request_id)"
_OF_EVENT = "case when t.covers = 'talent' then t.covered_id else t.declared_by_id end"
_OF_HOLD = (
    "coalesce(t.talent_id, (select talent_id from licensing_licencetoken l where l.jti = t.token_id), "
    "t.placed_by_id)"
)
# table, its key, column, whom it is about, whether it holds JSON
_COLUMNS = [
    ("requestaction", "id", "note", _OF_REQUEST, False),
    ("termsversion", "id", "note", _OF_REQUEST, False),
    ("termsversion", "id", "field_notes", _OF_REQUEST, True),
    ("licencerequest", "id", "decline_reason", _TALENT, False),
    ("licencetoken", "jti", "revocation_reason", _TALENT, False),
    ("trainingrequest", "id", "decline_reason", _TALENT, False),
    ("trainingtoken", "jti", "revocation_reason", _TALENT, False),
    ("talentinstruction", "id", "body", _TALENT, True),
    ("declaredevent", "id", "why", _OF_EVENT, False),
    ("hold", "id", "why", _OF_HOLD, False),
    ("hold", "id", "lift_why", _OF_HOLD, False),
]


def _seal(apps, editor):
    for table, key, column, subject, is_json in _COLUMNS:
        name = f"licensing_{table}"
        empty = "'{}'::jsonb" if is_json else "''"
        closed = f"t.{column} #>> '{{}}'" if is_json else f"t.{column}"
        with editor.connection.cursor() as cursor:
            cursor.execute(
                f"select t.{key}, {subject}, t.{column}{'::text' if is_json else ''} from {name} t "
                f"where t.{column} <> {empty} and {closed} not like %s",
                [f"{PREFIX}%"],
            )
            rows = cursor.fetchall()
            if not rows:
                continue
            cursor.execute(f"alter table {name} disable trigger user")
            for pk, about, text in rows:
                sealed = seal_text(about, text, place=f"licensing.{table}.{column}/{pk}")
                value = json.dumps(sealed) if is_json else sealed
                cursor.execute(f"update {name} set {column} = %s where {key} = %s", [value, pk])
            cursor.execute(f"alter table {name} enable trigger user")


class Migration(migrations.Migration):

    dependencies = [
        ("licensing", "0200_sealed_under_subjects"),
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
    ]

    operations = [migrations.RunPython(_seal, migrations.RunPython.noop)]
