"""What was declared stays declared, a duty is met once, and a licence that ended by a change of control stays ended."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function licensing_guard_duty() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['acknowledged_at', 'acknowledged_by_id', 'certificate_sha256',
                                      'overdue_noted_at'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.acknowledged_at is not null
           and (to_jsonb(new) - array['overdue_noted_at']) is distinct from
               (to_jsonb(old) - array['overdue_noted_at'])) then
        raise exception 'a duty is acknowledged once and changes in nothing else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_duty_guarded before update or delete on licensing_revocationduty
    for each row execute function licensing_guard_duty();

create function licensing_token_stays_terminated() returns trigger language plpgsql as $$
begin
    raise exception 'a licence that ended by a change of control stays ended' using errcode = 'restrict_violation';
end $$;
create trigger licensing_token_terminated before update on licensing_licencetoken for each row
    when (old.state = 'TERMINATED_CHANGE_OF_CONTROL' and new.state <> old.state)
    execute function licensing_token_stays_terminated();
"""
_UNMADE = """
drop trigger licensing_token_terminated on licensing_licencetoken;
drop function licensing_token_stays_terminated();
drop trigger licensing_duty_guarded on licensing_revocationduty;
drop function licensing_guard_duty();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0130_events")]
    operations = [*append_only("licensing_declaredevent"), migrations.RunSQL(_MADE, _UNMADE)]
