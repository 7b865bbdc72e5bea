"""Training consent is the talent's own, a training licence needs it, and neither can be changed afterwards."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function licensing_guard_training_consent() returns trigger language plpgsql as $$
declare
    asked licensing_trainingrequest%rowtype;
begin
    select * into asked from licensing_trainingrequest where id = new.request_id;
    if asked.talent_id <> new.talent_id or asked.terms_hash <> new.terms_hash
       or not coalesce(licensing_word_of(new.talent_id, new.given_by_id, new.given_at), false) then
        raise exception 'only the talent consents to training' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_training_consented after insert on licensing_trainingconsent
    for each row execute function licensing_guard_training_consent();

create function licensing_guard_training_token() returns trigger language plpgsql as $$
declare
    asked licensing_trainingrequest%rowtype;
    may_move constant text[] := array['state', 'revoked_at', 'revocation_reason'];
begin
    if tg_op = 'DELETE' then
        raise exception 'an issued licence is never deleted' using errcode = 'restrict_violation';
    elsif tg_op = 'UPDATE' then
        if (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) or old.state = 'REVOKED' then
            raise exception 'the terms of an issued licence are locked' using errcode = 'restrict_violation';
        end if;
        return null;
    end if;
    select * into asked from licensing_trainingrequest where id = new.request_id;
    if asked.state <> 'APPROVED' or asked.talent_id <> new.talent_id or asked.terms_hash <> new.terms_hash
       or asked.licensee_id <> new.licensee_id or asked.production_id <> new.production_id
       or not new.use_types <@ asked.use_types
       or (asked.notice_until is not null and new.not_before < asked.notice_until)
       or not exists (select from licensing_trainingconsent c
                      where c.request_id = asked.id and c.terms_hash = new.terms_hash) then
        raise exception 'no training licence without the talent''s consent' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_training_token_guarded after insert or update or delete
    on licensing_trainingtoken for each row execute function licensing_guard_training_token();

create function licensing_guard_training_request() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'closed_at', 'decline_reason'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.state <> 'SUBMITTED' and new.state <> old.state) then
        raise exception 'a training request is answered once and changes in nothing else'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_training_request_guarded after update or delete on licensing_trainingrequest
    for each row execute function licensing_guard_training_request();
"""
_UNMADE = """
drop trigger licensing_training_request_guarded on licensing_trainingrequest;
drop function licensing_guard_training_request();
drop trigger licensing_training_token_guarded on licensing_trainingtoken;
drop function licensing_guard_training_token();
drop trigger licensing_training_consented on licensing_trainingconsent;
drop function licensing_guard_training_consent();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0120_training")]
    operations = [*append_only("licensing_trainingconsent"), migrations.RunSQL(_MADE, _UNMADE)]
