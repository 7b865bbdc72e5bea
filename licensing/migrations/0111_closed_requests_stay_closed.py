"""A request that was closed is never opened again, and its terms and route no longer move."""

from django.db import migrations

_MADE = """
create function licensing_guard_request() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'a request is closed, never deleted' using errcode = 'restrict_violation';
    end if;
    if old.state in ('APPROVED', 'DECLINED', 'WITHDRAWN', 'LAPSED')
       and (new.state, new.current_id, new.mode, new.quorum, new.auto_rule_id, new.notice_until)
           is distinct from
           (old.state, old.current_id, old.mode, old.quorum, old.auto_rule_id, old.notice_until) then
        raise exception 'a closed request stays as it is' using errcode = 'restrict_violation';
    end if;
    if (new.talent_id, new.production_id, new.licensee_id, new.licence_id) is distinct from
       (old.talent_id, old.production_id, old.licensee_id, old.licence_id) then
        raise exception 'a request is for one talent in one production' using errcode = 'restrict_violation';
    end if;
    if old.notice_until is not null and (new.notice_until is null or new.notice_until < old.notice_until) then
        raise exception 'a notice is never shortened' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_request_guarded before update or delete on licensing_licencerequest
    for each row execute function licensing_guard_request();
"""
_UNMADE = """
drop trigger licensing_request_guarded on licensing_licencerequest;
drop function licensing_guard_request();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0110_negotiation")]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
