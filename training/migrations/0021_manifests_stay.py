"""A manifest says what it said: only its release and its end are added, once each; rows, runs and models stay."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function training_guard_manifest() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['released_by_id', 'released_at', 'withdrawn_at', 'withdrawn_reason'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.released_at is not null and new.released_at is distinct from old.released_at)
       or (old.released_by_id is not null and new.released_by_id is distinct from old.released_by_id)
       or (old.withdrawn_at is not null and (new.withdrawn_at is distinct from old.withdrawn_at
           or new.withdrawn_reason is distinct from old.withdrawn_reason))
       or (old.withdrawn_at is not null and new.released_at is distinct from old.released_at) then
        raise exception 'a manifest stays as it was frozen' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_manifest_guarded after update or delete on training_trainingmanifest
    for each row execute function training_guard_manifest();
"""
_UNMADE = """
drop trigger training_manifest_guarded on training_trainingmanifest;
drop function training_guard_manifest();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0020_manifests")]
    operations = [
        *(
            operation
            for table in ("manifestrow", "trainingrun", "modelversion")
            for operation in append_only(f"training_{table}")
        ),
        migrations.RunSQL(_MADE, _UNMADE),
    ]
