"""A rollout gets its end and changes in nothing else; what a shadow showed is only added to."""

from django.db import migrations

from common.append_only import append_only

_GUARD = """
create function licensing_guard_rollout() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] or old.ended_at is not null then
        raise exception 'a rollout is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_rollout_guarded after update or delete on licensing_policyrollout
    for each row execute function licensing_guard_rollout();
"""
_UNDO = """
drop trigger licensing_rollout_guarded on licensing_policyrollout;
drop function licensing_guard_rollout();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0170_rollouts")]
    operations = [*append_only("licensing_shadowoutcome"), migrations.RunSQL(_GUARD, _UNDO)]
