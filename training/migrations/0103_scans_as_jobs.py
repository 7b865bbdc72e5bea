"""Large originals are scanned in the background: the job is a row, and ends once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import common.clock
import common.ids

_MADE = """
create function training_guard_scan() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'problem', 'attempts', 'moved_at', 'finished_at'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a scan ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_scan_guarded after update or delete on training_scanjob
    for each row execute function training_guard_scan();
"""
_UNMADE = """
drop trigger training_scan_guarded on training_scanjob;
drop function training_guard_scan();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0102_reports_made_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="ScanJob",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("under", models.CharField(max_length=71, null=True)),
                ("was", models.CharField(
                    choices=[("ADMITTED", "Admitted"), ("ISOLATED", "Isolated, waits for a review"),
                             ("REFUSED", "Refused"), ("REMOVED", "Removed")],
                    max_length=8)),
                ("was_location", models.CharField(blank=True, default="", max_length=1000)),
                ("state", models.CharField(
                    choices=[("QUEUED", "waits"), ("RUNNING", "is being scanned"), ("DONE", "scanned and judged"),
                             ("FAILED", "not judged: the bytes may be sent again")],
                    default="QUEUED", max_length=7)),
                ("problem", models.CharField(blank=True, default="", max_length=60)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("moved_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("asked_by", models.ForeignKey(
                    settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("asset", models.ForeignKey(
                    "training.trainingasset", django.db.models.deletion.PROTECT, related_name="scans")),
                ("credential", models.ForeignKey(
                    "accounts.apicredential", django.db.models.deletion.PROTECT, null=True, related_name="+",
                    db_index=False)),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["asset"], condition=Q(finished_at=None), name="scan_job_one_at_a_time"),
                    models.CheckConstraint(
                        condition=Q(state__in=["QUEUED", "RUNNING"], finished_at=None)
                        | Q(state="DONE", finished_at__isnull=False)
                        | (Q(state="FAILED", finished_at__isnull=False) & ~Q(problem="")),
                        name="scan_job_ends_whole"),
                ],
                "indexes": [
                    models.Index(fields=["moved_at"], condition=Q(finished_at=None), name="scan_job_unfinished"),
                ],
            },
        ),
        migrations.RunSQL(_MADE, _UNMADE),
    ]  # fmt: skip
