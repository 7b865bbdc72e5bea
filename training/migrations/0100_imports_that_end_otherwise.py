"""An import may be called off, knows the key that handed it in, and counts the readings that got no further."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

_MAY_MOVE = """
create or replace function training_guard_import() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'failure', 'rows_read', 'rows_admitted', 'rows_isolated', 'rows_same',
        'rows_refused', 'bytes_read', 'moved_at', 'finished_at'%s];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'an import stays as it was handed in, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0090_sounds_and_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "materialimport", "credential",
            models.ForeignKey("accounts.ApiCredential", django.db.models.deletion.PROTECT, null=True, related_name="+",
                              db_index=False),
        ),
        migrations.AddField(
            "materialimport", "cancelled_by",
            models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, null=True, related_name="+",
                              db_index=False),
        ),
        migrations.AddField("materialimport", "stuck", models.PositiveSmallIntegerField(default=0)),
        migrations.AlterField(
            "materialimport", "state",
            models.CharField(
                choices=[
                    ("QUEUED", "handed in"), ("RUNNING", "being read"), ("DONE", "read to its end"),
                    ("FAILED", "cannot be read"), ("CANCELLED", "called off; what was read before stays"),
                ],
                default="QUEUED", max_length=9,
            ),
        ),
        migrations.AddConstraint(
            "materialimport",
            models.CheckConstraint(
                condition=Q(state="CANCELLED", cancelled_by__isnull=False, finished_at__isnull=False)
                | (~Q(state="CANCELLED") & Q(cancelled_by=None)),
                name="material_import_is_cancelled_by_somebody",
            ),
        ),
        migrations.RunSQL(_MAY_MOVE % ", 'stuck', 'cancelled_by_id'", _MAY_MOVE % ""),
    ]  # fmt: skip
