import common.clock
import common.ids
from django.db import migrations, models

from common.append_only import append_only

_MADE = """
create function audit_guard_hold() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.lifted_at is not null
       or (to_jsonb(new) - 'lifted_at') is distinct from (to_jsonb(old) - 'lifted_at') then
        raise exception 'a legal hold stays, and is lifted once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger audit_hold_guarded after update or delete on audit_legalhold
    for each row execute function audit_guard_hold();
"""
_UNMADE = "drop trigger audit_hold_guarded on audit_legalhold; drop function audit_guard_hold();"


class Migration(migrations.Migration):
    dependencies = [("audit", "0200_sealed_under_subjects")]

    operations = [
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("first", models.BigIntegerField(unique=True)),
                ("last", models.BigIntegerField(unique=True)),
                ("events", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("sha256", models.CharField(max_length=64)),
                ("previous_sha256", models.CharField(blank=True, max_length=64)),
                ("clock_ms", models.IntegerField()),
                ("archived_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("retain_until", models.DateTimeField()),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first__lte", models.F("last"))), name="segment_in_order"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("matter", models.CharField(max_length=200)),
                ("placed_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)), fields=("matter",), name="one_hold_a_matter"
                    )
                ]
            },
        ),
        *append_only("audit_segment"),
        migrations.RunSQL(_MADE, _UNMADE),
    ]
