"""An input of a run of transformations is dealt with once; a run stays as it was started, and ends once."""

from django.db import migrations

_MADE = """
create function training_guard_transform_run() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'stopped_for', 'moved_at', 'finished_at'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a run stays as it was started, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_transform_run_guarded after update or delete on training_transformrun
    for each row execute function training_guard_transform_run();

create function training_guard_transform_item() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'codes', 'derivative_id', 'done_at'];
begin
    if tg_op = 'DELETE' or old.state <> 'WAITING'
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'an input of a run is dealt with once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_transform_item_guarded after update or delete on training_transformitem
    for each row execute function training_guard_transform_item();
"""
_UNMADE = """
drop trigger training_transform_item_guarded on training_transformitem;
drop function training_guard_transform_item();
drop trigger training_transform_run_guarded on training_transformrun;
drop function training_guard_transform_run();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0072_transforms")]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
