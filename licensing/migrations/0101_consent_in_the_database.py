"""What only the talent may do, and the consents without which no licence is: refused by the database, too.

Each trigger judges what a row says of who did it; the house's services write that from the session. The checks
run after the row is written, so that what a column's own constraint forbids is told by that constraint.
"""

from django.db import migrations

from common.append_only import append_only

_WORD = """
create function licensing_word_of(talent uuid, person uuid, at timestamptz) returns boolean
language sql stable as $$
    select coalesce(case
        when t.died_on is not null and t.died_on <= (at at time zone 'utc')::date
            then licensing_has_authority(t.id, person, 'ESTATE_EXECUTOR', at)
        when t.majority_on is not null and t.majority_on > (at at time zone 'utc')::date
            then licensing_has_authority(t.id, person, 'GUARDIAN', at)
        else t.user_id = person
    end, false) from licensing_talent t where t.id = talent
$$;
"""
_AUTHORITY = """
create function licensing_has_authority(talent uuid, person uuid, wanted text, at timestamptz) returns boolean
language sql stable as $$
    select exists (
        select from licensing_authority a
        where a.talent_id = talent and a.user_id = person and a.kind = wanted and a.ended_at is null
          and a.issued_on <= (at at time zone 'utc')::date
          and (a.expires_on is null or a.expires_on > (at at time zone 'utc')::date)
          and (not a.court_required or a.court_sha256 <> ''))
$$;
"""
_MANDATE = """
create function licensing_guard_mandate() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if not coalesce(licensing_word_of(new.talent_id, new.granted_by_id, new.created_at), false) then
            raise exception 'only the talent grants a mandate' using errcode = 'restrict_violation';
        end if;
    elsif tg_op = 'DELETE' then
        raise exception 'a mandate is ended, never deleted' using errcode = 'restrict_violation';
    elsif to_jsonb(new) - 'revoked_at' is distinct from to_jsonb(old) - 'revoked_at'
          or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at) then
        raise exception 'a mandate is never raised or edited: the talent grants another'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_mandate_guarded after insert or update or delete on licensing_mandate
    for each row execute function licensing_guard_mandate();

create function licensing_guard_signer() returns trigger language plpgsql as $$
begin
    -- the voices of a quorum are named with the mandate, in its transaction, and never after
    if tg_op <> 'INSERT' or exists (
        select from licensing_mandate m where m.id = new.mandate_id
        and (m.revoked_at is not null or m.mode <> 'QUORUM' or m.created_at < new.created_at - interval '10 seconds'))
    then
        raise exception 'the signers of a quorum are the mandate''s own' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_signer_guarded after insert or update or delete on licensing_mandatesigner
    for each row execute function licensing_guard_signer();
"""
_VISIBILITY = """
update licensing_visibilityrule r set listed_ids = array(
    select organisation_id from licensing_visibilityrule_organisations o where o.visibilityrule_id = r.id);

create function licensing_guard_visibility() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'a rule of visibility is changed, never deleted' using errcode = 'restrict_violation';
    end if;
    if tg_op = 'INSERT' and new.level = 'HIDDEN' and new.listed_ids = '{}' then
        return null;
    end if;
    if tg_op = 'UPDATE' and to_jsonb(new) = to_jsonb(old) then
        return null;
    end if;
    if (tg_op = 'UPDATE' and new.set_at is not distinct from old.set_at)
       or not coalesce(licensing_word_of(new.talent_id, new.set_by_id, new.set_at), false) then
        raise exception 'only the talent decides who may see them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_visibility_guarded after insert or update or delete
    on licensing_visibilityrule for each row execute function licensing_guard_visibility();

create function licensing_guard_listed() returns trigger language plpgsql as $$
declare
    listed uuid[];
begin
    select listed_ids into listed from licensing_visibilityrule
        where id = case when tg_op = 'DELETE' then old.visibilityrule_id else new.visibilityrule_id end;
    if tg_op = 'UPDATE'
       or (tg_op = 'INSERT' and not new.organisation_id = any(listed))
       or (tg_op = 'DELETE' and old.organisation_id = any(listed)) then
        raise exception 'only the talent decides who may see them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_listed_guarded after insert or update or delete
    on licensing_visibilityrule_organisations for each row execute function licensing_guard_listed();
"""
_WORDS = """
create function licensing_guard_word() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if not coalesce(licensing_word_of(new.talent_id, new.set_by_id, new.created_at), false) then
            raise exception 'only the talent says this' using errcode = 'restrict_violation';
        end if;
        return null;
    end if;
    if tg_op = 'DELETE' or to_jsonb(new) - 'ended_at' is distinct from to_jsonb(old) - 'ended_at'
       or old.ended_at is not null then
        raise exception 'a rule is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_rule_guarded after insert or update or delete on licensing_autorule
    for each row execute function licensing_guard_word();
create constraint trigger licensing_instruction_guarded after insert on licensing_talentinstruction
    for each row execute function licensing_guard_word();

create function licensing_guard_adoption() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] or old.ended_at is not null then
        raise exception 'a sign-off is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_adoption_guarded after update or delete on licensing_profileadoption
    for each row execute function licensing_guard_adoption();
"""
_CONSENTS = """
create function licensing_token_needs_consents() returns trigger language plpgsql as $$
declare
    asked licensing_licencerequest%rowtype;
    agreed licensing_termsversion%rowtype;
    rule licensing_autorule%rowtype;
    speaker uuid;
begin
    select * into asked from licensing_licencerequest where id = new.request_id;
    select * into agreed from licensing_termsversion where id = new.terms_id;
    if asked.state <> 'APPROVED' or asked.current_id is distinct from new.terms_id
       or agreed.request_id <> asked.id or asked.talent_id <> new.talent_id
       or asked.production_id <> new.production_id or asked.licensee_id <> new.licensee_id then
        raise exception 'no licence without its own approved request' using errcode = 'restrict_violation';
    end if;
    if asked.notice_until is not null and new.not_before < asked.notice_until then
        raise exception 'no licence begins before its notice is over' using errcode = 'restrict_violation';
    end if;
    if not exists (select from licensing_requestaction a where a.request_id = asked.id
                   and a.terms_hash = agreed.terms_hash and a.side = 'LICENSEE'
                   and a.kind in ('SUBMIT', 'ACCEPT_COUNTER', 'REVISE')) then
        raise exception 'the licensee has not agreed to these terms' using errcode = 'restrict_violation';
    end if;
    if asked.mode in ('AGENT_WITHIN_MANDATE', 'DUAL') and not exists (
        select from licensing_requestaction a where a.request_id = asked.id and a.kind = 'APPROVE'
        and a.terms_hash = agreed.terms_hash and a.side = 'AGENT' and a.organisation_id = asked.agency_id) then
        raise exception 'the agent has not agreed to these terms' using errcode = 'restrict_violation';
    end if;
    if asked.mode in ('TALENT_ONLY', 'DUAL', 'UNION_NOTICE') and not exists (
        select from licensing_requestaction a join licensing_talent t on t.id = asked.talent_id
        where a.request_id = asked.id and a.kind = 'APPROVE' and a.terms_hash = agreed.terms_hash
        and a.side = 'TALENT' and a.actor_id = t.user_id and a.credential_id is null) then
        raise exception 'the talent has not agreed to these terms' using errcode = 'restrict_violation';
    end if;
    if asked.mode = 'QUORUM' and coalesce(asked.quorum, 0) < 1 or asked.mode = 'QUORUM' and (
        select count(distinct a.actor_id) from licensing_requestaction a
        join licensing_mandatesigner s on s.mandate_id = asked.mandate_id and s.user_id = a.actor_id
        where a.request_id = asked.id and a.kind = 'APPROVE' and a.terms_hash = agreed.terms_hash
        and a.side = 'SIGNER' and a.credential_id is null) < asked.quorum then
        raise exception 'the quorum has not agreed to these terms' using errcode = 'restrict_violation';
    end if;
    if asked.mode = 'GUARDIAN_AND_COURT' then
        select a.actor_id into speaker from licensing_requestaction a
        where a.request_id = asked.id and a.kind = 'APPROVE' and a.terms_hash = agreed.terms_hash
        and a.side = 'GUARDIAN' and a.credential_id is null
        and licensing_word_of(asked.talent_id, a.actor_id, a.at) limit 1;
        if speaker is null then
            raise exception 'nobody with authority has agreed to these terms' using errcode = 'restrict_violation';
        end if;
    end if;
    if asked.mode = 'AUTO_WITHIN_RULES' then
        select * into rule from licensing_autorule where id = asked.auto_rule_id;
        if rule.id is null or rule.talent_id <> asked.talent_id or rule.ended_at is not null
           or not new.use_types <@ rule.use_types
           or not new.created_at between rule.valid_from and rule.valid_until
           or new.frames_max > coalesce((rule.limits ->> 'frames_max')::bigint, 0)
           or new.lines_max > coalesce((rule.limits ->> 'lines_max')::bigint, 0)
           or agreed.terms ->> 'replica_class' = 'DECEASED_DIGITAL_REPLICA'
           or agreed.terms -> 'content' ->> 'NUDITY' is distinct from 'PROHIBITED'
           or agreed.terms -> 'content' ->> 'SIMULATED_SEX' is distinct from 'PROHIBITED'
           or agreed.terms -> 'content' ->> 'POLITICAL_ENDORSEMENT' is distinct from 'PROHIBITED'
           or not exists (select from licensing_requestaction a where a.request_id = asked.id
                          and a.kind = 'APPROVE' and a.side = 'SERVER' and a.terms_hash = agreed.terms_hash) then
            raise exception 'no rule of the talent approves these terms' using errcode = 'restrict_violation';
        end if;
    end if;
    return null;
end $$;
create constraint trigger licensing_token_consented after insert on licensing_licencetoken
    for each row execute function licensing_token_needs_consents();
"""
_UNDO = """
drop trigger licensing_token_consented on licensing_licencetoken;
drop function licensing_token_needs_consents();
drop trigger licensing_adoption_guarded on licensing_profileadoption;
drop function licensing_guard_adoption();
drop trigger licensing_instruction_guarded on licensing_talentinstruction;
drop trigger licensing_rule_guarded on licensing_autorule;
drop function licensing_guard_word();
drop trigger licensing_listed_guarded on licensing_visibilityrule_organisations;
drop function licensing_guard_listed();
drop trigger licensing_visibility_guarded on licensing_visibilityrule;
drop function licensing_guard_visibility();
drop trigger licensing_signer_guarded on licensing_mandatesigner;
drop function licensing_guard_signer();
drop trigger licensing_mandate_guarded on licensing_mandate;
drop function licensing_guard_mandate();
drop function licensing_word_of(uuid, uuid, timestamptz);
drop function licensing_has_authority(uuid, uuid, text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0100_consent")]
    operations = [
        *append_only("licensing_talentinstruction"),
        migrations.RunSQL(_AUTHORITY + _WORD + _MANDATE + _VISIBILITY + _WORDS + _CONSENTS, _UNDO),
    ]
