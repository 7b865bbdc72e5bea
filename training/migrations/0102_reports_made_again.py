"""Making a report again is a row of its own: asked, done, and never changed after."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import common.clock
import common.ids

_MADE = """
create function training_guard_rerun() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'problem', 'content_id', 'differs', 'touched_at', 'done_at'];
begin
    if tg_op = 'DELETE' or old.done_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a report made again says what it said' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_rerun_guarded after update or delete on training_reportrerun
    for each row execute function training_guard_rerun();
"""
_UNMADE = """
drop trigger training_rerun_guarded on training_reportrerun;
drop function training_guard_rerun();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0101_reviews_of_other_reasons"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="ReportRerun",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("state", models.CharField(
                    choices=[("QUEUED", "waits"), ("RUNNING", "is being made"), ("DONE", "compared"),
                             ("FAILED", "could not be made")],
                    default="QUEUED", max_length=7)),
                ("problem", models.CharField(blank=True, default="", max_length=60)),
                ("content_id", models.CharField(blank=True, default="", max_length=71)),
                ("differs", models.JSONField(default=list)),
                ("touched_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("asked_by", models.ForeignKey(
                    settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("report", models.ForeignKey(
                    "training.rightsreport", django.db.models.deletion.PROTECT, related_name="reruns")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["report"], condition=Q(done_at=None), name="report_rerun_one_at_a_time"),
                    models.CheckConstraint(
                        condition=Q(state__in=["QUEUED", "RUNNING"], done_at=None)
                        | (Q(state="DONE", done_at__isnull=False) & ~Q(content_id=""))
                        | (Q(state="FAILED", done_at__isnull=False) & ~Q(problem="")),
                        name="report_rerun_ends_whole"),
                ],
                "indexes": [
                    models.Index(fields=["touched_at"], condition=Q(done_at=None), name="report_rerun_waiting"),
                ],
            },
        ),
        migrations.RunSQL(_MADE, _UNMADE),
    ]  # fmt: skip
