"""What a case reached stays as it was found; a case ends once, and an item is done once."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function training_guard_takedown() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'ended_by_id', 'ended_at', 'end_reason', 'certificate', 'measured'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or old.state in ('CLOSED', 'CALLED_OFF')
       or (old.state = 'REMOVED' and new.state = 'CALLED_OFF') then
        raise exception 'a takedown stays as it was opened, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_takedown_guarded after update or delete on training_takedown
    for each row execute function training_guard_takedown();

create function training_guard_takedown_item() returns trigger language plpgsql as $$
declare
    may_move constant text[] :=
        array['action', 'owner_id', 'done_by_id', 'done_at', 'evidence', 'evidence_sha256'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or old.done_at is not null then
        raise exception 'an item of a takedown is done once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_takedown_item_guarded after update or delete on training_takedownitem
    for each row execute function training_guard_takedown_item();
"""
_UNMADE = """
drop trigger training_takedown_item_guarded on training_takedownitem;
drop function training_guard_takedown_item();
drop trigger training_takedown_guarded on training_takedown;
drop function training_guard_takedown();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0030_takedowns")]
    operations = [*append_only("training_takedownreach"), migrations.RunSQL(_MADE, _UNMADE)]
