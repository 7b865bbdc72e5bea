-- Made by scripts/structure.py from an empty database that was migrated; do not edit.
-- migrations: sha256:be207e17cff93fdbda55dbd6153b35bc279bc8168dcc13e3ab3f84b43ee5bbe9
-- PostgreSQL: 18
CREATE TYPE public.receipts_question AS (
	place integer,
	jti uuid,
	token_stamp text,
	credential uuid,
	credential_stamp text,
	kid text,
	debts_due timestamp with time zone,
	proof bytea,
	idempotency_key text,
	body_sha256 bytea,
	counter text,
	units integer,
	id uuid,
	at timestamp with time zone,
	outcome text,
	reasons text[],
	obligations text[],
	production uuid,
	organisation uuid,
	terms_version integer,
	use_type text,
	construct text,
	shot text,
	task text,
	worker text,
	first integer,
	last integer,
	units_asked integer,
	input_sha256 bytea,
	policy_version text,
	policy_hash text,
	lease uuid,
	log integer,
	talent text,
	lease_first integer,
	lease_last integer,
	expires_at timestamp with time zone,
	heartbeat_seconds integer,
	grace_seconds integer,
	grace_frames integer,
	window_ends_at timestamp with time zone,
	entry text,
	beside text,
	beside_units integer,
	sequence text
);
CREATE FUNCTION public.accounts_operators_apart() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.ended_at is not null then
        return new;
    end if;
    -- two memberships of one person are written one after another
    perform 1 from accounts_user where id = new.user_id for update;
    if exists (
        select 1 from accounts_membership m
          join accounts_organisation o on o.id = m.organisation_id
          join accounts_organisation mine on mine.id = new.organisation_id
         where m.user_id = new.user_id and m.ended_at is null and m.id <> new.id
           and (o.kind = 'OPERATOR') <> (mine.kind = 'OPERATOR')
    ) then
        raise exception 'who runs the server is a member of no party' using errcode = 'check_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.accounts_subject_key_guarded() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or old.sealed_key is null
       or (new.sealed_key is not null and new.sealed_key is distinct from old.sealed_key)
       or new.subject_id <> old.subject_id then
        raise exception 'a key of a person is destroyed once, and nothing else happens to it'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.audit_guard_hold() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or old.lifted_at is not null
       or (to_jsonb(new) - 'lifted_at') is distinct from (to_jsonb(old) - 'lifted_at') then
        raise exception 'a legal hold stays, and is lifted once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.compliance_guard_incident() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['state', 'changed_at'] is distinct from to_jsonb(old) - array['state', 'changed_at'] then
        raise exception 'an incident changes in nothing but its state' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.compliance_guard_reading() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or old.entry_id is not null
       or to_jsonb(new) - array['entry_id'] is distinct from to_jsonb(old) - array['entry_id'] then
        raise exception 'a reading gets its entry once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_adoption_needs_sign_off() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from licensing_profilesignoff s
                    where s.id = new.sign_off_id and s.organisation_id = new.organisation_id
                      and s.profile = new.profile and s.profile_hash = new.profile_hash
                      and s.signed_by_id <> new.signed_by_id) then
        raise exception 'no profile is in force without a sign-off of its text by somebody else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_canary_needs_sign_off() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.kind = 'PROFILE' and new.stage = 'CANARY'
       and not exists (select from licensing_profilesignoff s
                        where s.organisation_id = new.organisation_id and s.profile = new.profile
                          and s.profile_hash = new.content_hash and s.signed_by_id <> new.recorded_by_id) then
        raise exception 'no profile binds a share without a sign-off of its text by somebody else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_guard_adoption() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] or old.ended_at is not null then
        raise exception 'a sign-off is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_block() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or old.ended_at is not null
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] then
        raise exception 'a block is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_duty() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_listed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_mandate() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_member() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or new.guild_id <> old.guild_id or new.talent_id <> old.talent_id
       or new.accepted_version < old.accepted_version then
        raise exception 'a member is not moved' using errcode = 'restrict_violation';
    end if;
    if (new.accepted_version, new.own_limits) is distinct from (old.accepted_version, old.own_limits)
       and (new.word_at is not distinct from old.word_at
            or not coalesce(licensing_word_of(new.talent_id, new.word_by_id, new.word_at), false)) then
        raise exception 'only the member loosens what binds them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_release() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    ended licensing_licencetoken%rowtype;
begin
    if tg_op = 'DELETE' or old.decided_at is not null
       or to_jsonb(new) - array['is_granted', 'decided_at', 'decided_by_id', 'decided_for_id', 'side', 'answer']
          is distinct from
          to_jsonb(old) - array['is_granted', 'decided_at', 'decided_by_id', 'decided_for_id', 'side', 'answer'] then
        raise exception 'a release is decided once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    if new.is_granted then
        select * into ended from licensing_licencetoken where jti = new.token_id;
        if ended.revocation_kind = 'EMERGENCY_STOP'
           and (new.side <> 'TALENT' or not exists (
                select from licensing_talent t where t.id = ended.talent_id and t.user_id = new.decided_by_id)) then
            raise exception 'what the talent stopped only the talent lets go' using errcode = 'restrict_violation';
        end if;
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_request() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_rollout() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] or old.ended_at is not null then
        raise exception 'a rollout is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_signature() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if (new.action_id is not null and not exists (
            select from licensing_requestaction a where a.id = new.action_id
            and a.actor_id = new.person_id and a.terms_hash = new.terms_hash and a.method = 'PASSKEY'))
       or (new.consent_id is not null and not exists (
            select from licensing_trainingconsent c where c.id = new.consent_id
            and c.given_by_id = new.person_id and c.terms_hash = new.terms_hash)) then
        raise exception 'a signature is of the act of its own person, over the same terms'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_signer() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_training_consent() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_training_request() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_training_token() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_guard_visibility() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
    
    if tg_op = 'UPDATE' and new.level = 'HIDDEN' and new.listed_ids = '{}' and new.talent_id = old.talent_id
       and exists (select from accounts_subjectkey where subject_id = new.talent_id and sealed_key is null) then
        return null;
    end if;
    if (tg_op = 'UPDATE' and new.set_at is not distinct from old.set_at)
       or not coalesce(licensing_word_of(new.talent_id, new.set_by_id, new.set_at), false) then
        raise exception 'only the talent decides who may see them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_guard_word() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_has_authority(talent uuid, person uuid, wanted text, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select exists (
        select from licensing_authority a
        where a.talent_id = talent and a.user_id = person and a.kind = wanted and a.ended_at is null
          and a.issued_on <= (at at time zone 'utc')::date
          and (a.expires_on is null or a.expires_on > (at at time zone 'utc')::date)
          and (not a.court_required or a.court_sha256 <> ''))
$$;
CREATE FUNCTION public.licensing_lock_hold() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    -- a generated column is not computed yet when this runs
    may_move constant text[] := array['lifted_at', 'lifted_by_id', 'lifted_for_id', 'lift_why', 'covers'];
    talents_user uuid;
begin
    if tg_op = 'DELETE' then
        raise exception 'a hold is never deleted' using errcode = 'restrict_violation';
    end if;
    if new.reason = 'EMERGENCY_STOP' then
        select user_id into talents_user from licensing_talent where id = new.talent_id;
    end if;
    if tg_op = 'INSERT' then
        if new.lifted_at is not null then
            raise exception 'a hold begins in force' using errcode = 'restrict_violation';
        end if;
        if new.reason = 'EMERGENCY_STOP' and new.placed_by_id is distinct from talents_user then
            raise exception 'only the talent stops everything' using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if old.lifted_at is not null or new.lifted_at is null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a hold is lifted once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    if new.reason = 'EMERGENCY_STOP' and new.lifted_by_id is distinct from talents_user then
        raise exception 'only the talent lifts the stop' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_lock_token() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' then
        raise exception 'an issued licence is never deleted' using errcode = 'restrict_violation';
    end if;
    if to_jsonb(new) - array['state', 'notice_at', 'revoked_at', 'revocation_kind', 'frame_disposition', 'revocation_reason']
       is distinct from to_jsonb(old) - array['state', 'notice_at', 'revoked_at', 'revocation_kind', 'frame_disposition', 'revocation_reason'] then
        raise exception 'the terms of an issued licence are locked' using errcode = 'restrict_violation';
    end if;
    if old.state = 'REVOKED' and new.state <> 'REVOKED' then
        raise exception 'a revoked licence stays revoked' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_pass_has_its_yeses() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    asked record;
    said record;
    stands boolean;
begin
    select r.mode, r.quorum, r.mandate_id, t.talent_id into asked
    from licensing_licencetoken t join licensing_licencerequest r on r.id = t.request_id
    where t.jti = new.token_id;
    select count(*) filter (where side in ('TALENT', 'GUARDIAN')) as own,
        count(*) filter (where side = 'AGENT') as agents,
        count(distinct said_by_id) filter (where side = 'SIGNER') as signers,
        count(distinct said_by_id) as persons,
        count(*) filter (where side = new.side and said_by_id = new.passed_by_id) as theirs
    into said
    from licensing_checkpointyes where token_id = new.token_id and checkpoint = new.checkpoint;
    -- who else was to agree is nobody any more once no mandate stands
    stands := exists (
        select 1 from licensing_mandate m
        where m.talent_id = asked.talent_id and (asked.mode = 'DUAL' or m.id = asked.mandate_id)
            and m.revoked_at is null and m.valid_from <= new.created_at
            and (m.valid_until is null or m.valid_until > new.created_at));
    if said.theirs = 0 or not (case asked.mode
        when 'DUAL' then said.own > 0 and (not stands or (said.agents > 0 and said.persons > 1))
        when 'QUORUM' then
            (stands and said.signers >= asked.quorum) or (not stands and said.own > 0)
        when 'AGENT_WITHIN_MANDATE' then true
        when 'AUTO_WITHIN_RULES' then true
        else said.own > 0
    end) then
        raise exception 'under % this checkpoint is not passed yet', asked.mode
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_places_within(asked jsonb, granted jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select coalesce(jsonb_array_length(granted), 0) > 0 and not exists (
        select from jsonb_array_elements_text(asked) as place
        where not exists (select from jsonb_array_elements_text(granted) as given
                          where given = place or given = left(place, 2)))
$$;
CREATE FUNCTION public.licensing_release_begins_open() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.decided_at is not null then
        raise exception 'a release begins undecided' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_sign_off_is_counsels() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from accounts_membership m
                    where m.user_id = new.signed_by_id and m.organisation_id = new.organisation_id
                      and m.role = 'LEGAL' and m.ended_at is null) then
        raise exception 'only the counsel of an organisation signs a profile off' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_stop_needs_talent() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (
        select from licensing_hold
        where covers = new.talent_id and reason = 'EMERGENCY_STOP' and lifted_at is null
    ) then
        raise exception 'no licence ends by a stop that the talent has not made'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.licensing_terms_at_default(terms jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select coalesce(
        terms - array[
            'schema', 'terms_version', 'supersedes', 'project', 'licensor', 'represented_by', 'licensee', 'vendors',
            'assignability', 'change_of_control', 'talent', 'constructs', 'anchors', 'replica_class', 'use_types',
            'consent_id', 'description', 'script', 'scope', 'window', 'exploitation', 'render_territory', 'tools',
            'exclusivity', 'content', 'ratings', 'declared', 'approvals', 'compensation', 'reporting', 'marking',
            'credit', 'security', 'retention', 'training', 'renewal', 'profiles', 'governing_law', 'dispute'
        ] = '{}'
        and (terms -> 'scope') - array[
            'sequences', 'shots', 'characters', 'frames_max', 'lines_max', 'resolution_max', 'words_max',
            'max_screen_seconds'
        ] = '{"runs_max": 0, "seconds_max": 0}'
        and (terms -> 'window') - array['not_before', 'not_after', 'days', 'production_end_event'] = '{}'
        and (terms -> 'exploitation') - array['until', 'channels', 'distribution_territory']
            = '{"edit_rights": ["FULL_WORK"]}'
        and (terms -> 'approvals') - array['mode', 'quorum', 'final_review_hours', 'checkpoints'] = '{}'
        and (terms -> 'compensation') - array[
            'basis', 'currency', 'amount_minor', 'minimum_guarantee_minor', 'kill_fee_minor', 'scale_reference',
            'equivalent_days_estimated', 'equivalent_days_method', 'equivalent_days_author',
            'equivalent_days_dated', 'pension_health_bps', 'residuals', 'use_fee_minor', 'holding_fee_minor'
        ] = '{"overage_rate_minor": 0, "agent_commission_bps": 0, "payee": null, "due": null, "late_terms": null}'
        and terms -> 'exclusivity' = '{"kind": "NONE", "categories": [], "territory": [], "until": null,
            "most_favoured_nation": false}'
        and terms -> 'reporting' = '{"cadence": "WEEKLY", "to": ["AGENT", "GUILD"]}'
        and terms -> 'marking' = '{"watermark": ["AUDIO", "PIXEL"], "c2pa": true, "visible_label": "NONE",
            "iptc": null}'
        and terms -> 'retention' = '{"on_end": "DESTROY", "scan": "DESTROY", "replica_model": "DESTROY",
            "outputs": "KEEP"}'
        and terms -> 'renewal' = '{"notify_days_before": [30, 14, 7, 1], "terms": "RENEGOTIATE"}'
        and terms -> 'training' = '{"allowed": false, "separate_token_required": true}'
        and terms -> 'credit' = 'null'
        and terms -> 'dispute' = 'null'
        and terms ->> 'governing_law' = 'US-CA'
        and not coalesce(terms -> 'declared', '{}') ? 'exemption',
        false)
$$;
CREATE FUNCTION public.licensing_terms_within_rule(terms jsonb, limits jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    select coalesce(
        terms -> 'exploitation' -> 'channels' <@ (limits -> 'channels')
        and terms -> 'constructs' <@ (limits -> 'constructs')
        and terms -> 'replica_class' <@ (limits -> 'replica_classes')
        and terms -> 'vendors' <@ coalesce(limits -> 'vendors', '[]')
        and terms -> 'exploitation' -> 'edit_rights' = '["FULL_WORK"]'
        and (limits ->> 'shown_until' = 'LIFE_OF_WORK'
             or (terms -> 'exploitation' ->> 'until')::timestamptz <= (limits ->> 'shown_until')::timestamptz)
        and licensing_places_within(terms -> 'render_territory', limits -> 'render_territory')
        and licensing_places_within(
            terms -> 'exploitation' -> 'distribution_territory', limits -> 'distribution_territory')
        and (terms -> 'compensation' ->> 'amount_minor')::bigint >= (limits ->> 'fee_least_minor')::bigint
        and terms -> 'compensation' ->> 'currency' = limits ->> 'currency'
        and (terms -> 'compensation' ->> 'basis' = 'FLAT'
             or (terms -> 'compensation' ->> 'basis' = 'NO_FEE_CONSENTED'
                 and (limits ->> 'fee_least_minor')::bigint = 0))
        and (terms -> 'window' ->> 'days')::bigint <= (limits ->> 'days_max')::bigint
        and (terms -> 'scope' ->> 'seconds_max')::bigint = 0
        and (terms -> 'scope' ->> 'runs_max')::bigint = 0
        and (terms -> 'approvals' ->> 'final_review_hours')::bigint >= 72
        and terms -> 'exclusivity' ->> 'kind' = 'NONE'
        and terms ->> 'assignability' = 'NONE'
        and terms ->> 'change_of_control' = 'TERMINATE'
        and terms -> 'training' ->> 'allowed' = 'false'
        and terms ->> 'replica_class' <> 'DECEASED_DIGITAL_REPLICA'
        and not exists (select from jsonb_each_text(terms -> 'content') as switch
                        where switch.value is distinct from 'PROHIBITED'),
        false)
$$;
CREATE FUNCTION public.licensing_token_needs_consents() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.licensing_token_says_the_usual() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    asked licensing_licencerequest%rowtype;
    agreed licensing_termsversion%rowtype;
begin
    select * into asked from licensing_licencerequest where id = new.request_id;
    if asked.mode is distinct from 'AUTO_WITHIN_RULES' then
        return null;
    end if;
    select * into agreed from licensing_termsversion where id = new.terms_id;
    if not licensing_terms_at_default(agreed.terms) then
        raise exception 'no rule of the talent approves a clause that it has no limit for'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_token_stamp(jti uuid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    select stamp from licensing_token_standing standing where standing.jti = licensing_token_stamp.jti
$$;
CREATE FUNCTION public.licensing_token_stays_expired() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'a licence that ended with its production stays ended' using errcode = 'restrict_violation';
end $$;
CREATE FUNCTION public.licensing_token_stays_terminated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'a licence that ended by a change of control stays ended' using errcode = 'restrict_violation';
end $$;
CREATE FUNCTION public.licensing_token_within_rule() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    asked licensing_licencerequest%rowtype;
    agreed licensing_termsversion%rowtype;
    rule licensing_autorule%rowtype;
begin
    select * into asked from licensing_licencerequest where id = new.request_id;
    if asked.mode is distinct from 'AUTO_WITHIN_RULES' then
        return null;
    end if;
    select * into agreed from licensing_termsversion where id = new.terms_id;
    select * into rule from licensing_autorule where id = asked.auto_rule_id;
    if rule.id is null or new.not_before >= rule.valid_until or new.not_after > rule.valid_until
       or not licensing_terms_within_rule(agreed.terms, rule.limits) then
        raise exception 'no rule of the talent approves these terms' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.licensing_word_of(talent uuid, person uuid, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select coalesce(case
        when t.died_on is not null and t.died_on <= (at at time zone 'utc')::date
            then licensing_has_authority(t.id, person, 'ESTATE_EXECUTOR', at)
        when t.majority_on is not null and t.majority_on > (at at time zone 'utc')::date
            then licensing_has_authority(t.id, person, 'GUARDIAN', at)
        else t.user_id = person
    end, false) from licensing_talent t where t.id = talent
$$;
CREATE FUNCTION public.licensing_yes_of_its_side() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    asked record;
begin
    select r.mode, r.mandate_id, t.talent_id, p.user_id into asked
    from licensing_licencetoken t
    join licensing_licencerequest r on r.id = t.request_id
    join licensing_talent p on p.id = t.talent_id
    where t.jti = new.token_id;
    if not (case new.side
        when 'TALENT' then new.said_by_id is not distinct from asked.user_id
        when 'GUARDIAN' then exists (
            select 1 from licensing_authority a where a.talent_id = asked.talent_id and a.user_id = new.said_by_id)
        when 'SIGNER' then asked.mode = 'QUORUM' and exists (
            select 1 from licensing_mandatesigner s
            where s.mandate_id = asked.mandate_id and s.user_id = new.said_by_id)
        else asked.mode in ('AGENT_WITHIN_MANDATE', 'AUTO_WITHIN_RULES', 'DUAL')
    end) then
        raise exception 'this person says no yes as % under %', new.side, asked.mode
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.note_hold_in_status() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into licensing_statuschange (status_list, xact)
    select status_list, pg_current_xact_id() from (
        select status_list from licensing_licencetoken where jti = new.token_id
        union select status_list from licensing_licencetoken where talent_id = new.talent_id
        union select status_list from licensing_licencetoken where production_id = new.production_id
        union select status_list from licensing_licencetoken where licensee_id = new.organisation_id
        union select status_list from licensing_licencetoken where agency_id = new.organisation_id) lists
    on conflict do nothing;
    return null;
end $$;
CREATE FUNCTION public.note_status_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into licensing_statuschange (status_list, xact)
    select distinct status_list, pg_current_xact_id()
      from licensing_licencetoken where jti in (new.jti, new.supersedes_id)
    on conflict do nothing;
    return null;
end $$;
CREATE FUNCTION public.notify_hear_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into notify_waitingevent (event_id) values (new.number);
    perform pg_notify('trustmark_events', '');
    return null;
end $$;
CREATE FUNCTION public.provenance_asset_has_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from provenance_assetevent e where e.asset_id = new.id) then
        raise exception 'output % has no event', new.id using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.provenance_event_is_kept() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (
        select from audit_event a
        where a.object_type = 'provenance' and a.object_id = new.batch::text
          and a.production_id = new.production_id and a.log_entry is not null
    ) then
        raise exception 'the audit trail does not know batch %', new.batch using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.provenance_reaches(start uuid, sought uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    with recursive up(id) as (
        select start
        union
        select r.parent_id from provenance_relation r join up on r.child_id = up.id
    )
    select exists (select from up where id = sought)
$$;
CREATE FUNCTION public.provenance_relation_holds() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_advisory_xact_lock(hashtextextended('provenance-graph ' || new.production_id::text, 0));
    if exists (
        select from provenance_assetversion v
        where v.id in (new.child_id, new.parent_id, new.mask_id) and v.production_id <> new.production_id
    ) then
        raise exception 'a relation joins two productions' using errcode = 'integrity_constraint_violation';
    end if;
    if exists (select from provenance_relation r where r.parent_id = new.child_id)
       and provenance_reaches(new.parent_id, new.child_id) then
        raise exception 'a relation closes a circle' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.provenance_sealedtext_guarded() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    changes text[] := array['sealed', 'subject_ids'];
    before int := cardinality(old.subject_ids);
begin
    if tg_op = 'UPDATE' then
        if to_jsonb(new) - changes = to_jsonb(old) - changes
           and cardinality(new.subject_ids) > before and new.subject_ids[1:before] = old.subject_ids
           and not exists (
               select from unnest(new.subject_ids[before + 1:]) as added (id)
                where not exists (
                    select from accounts_subjectkey k where k.subject_id = added.id and k.sealed_key is null)) then
            return new;
        end if;
    end if;
    raise exception 'append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
CREATE FUNCTION public.provenance_told() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (
        select from provenance_provenanceevent e
        where e.number = new.event_id and e.production_id = new.production_id
          and e.kind = any(string_to_array(tg_argv[0], ',')) and (e.object_id = new.id or e.kind = 'GENERATED')
    ) then
        raise exception 'no event tells of % in %', new.id, tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.provenance_version_is_whole() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    asset provenance_graphasset;
begin
    select * into asset from provenance_graphasset where id = new.asset_id;
    if asset.production_id <> new.production_id then
        raise exception 'version % is of another production than its asset', new.id
            using errcode = 'integrity_constraint_violation';
    end if;
    if asset.kind not in ('MODEL', 'DOCUMENT', 'SCENE', 'TIMELINE')
       and not exists (select from provenance_classification c where c.version_id = new.id) then
        raise exception 'version % has no source type', new.id using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.receipts_checkpoint_chain() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    last bigint;
begin
    select max(size) into last from receipts_logcheckpoint where log_id = new.log_id;
    if new.size <= last or new.previous is distinct from last then
        raise exception 'a checkpoint follows the last one: % after % is refused', new.size, last
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.receipts_count_beside(of_jti uuid) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
    terms record;
    counted int := 0;
    now_counted int;
begin
    -- as a check locks them: who counts here and who is leased meanwhile take turns
    perform from receipts_quota r where r.token_jti = of_jti and r.counter in ('frames', 'lines')
        order by r.counter for no key update of r;
    select (t.terms -> 'scope' ->> 'words_max')::bigint as words_max,
        (t.terms -> 'scope' ->> 'max_screen_seconds')::bigint * 24 as screen_max,
        greatest(k.lines_max, 1) as lines_max,
        case when jsonb_array_length(t.terms -> 'scope' -> 'sequences') = 1
            then t.terms -> 'scope' -> 'sequences' ->> 0 else '' end as sequence
    into terms
    from licensing_licencetoken k join licensing_termsversion t on t.id = k.terms_id where k.jti = of_jti;
    if terms.screen_max is not null then
        update receipts_lease l set beside = 'screen', beside_units = l.last - l.first + 1,
            sequence = terms.sequence
        where l.token_jti = of_jti and l.counter = 'frames' and l.beside = '';
        get diagnostics now_counted = row_count;
        if now_counted > 0 then
            counted := counted + now_counted;
            insert into receipts_quota (token_jti, counter, most, granted)
                values (of_jti, 'screen', terms.screen_max, 0) on conflict do nothing;
            insert into receipts_screentime as s (token_jti, sequence, shot, frames)
            select of_jti, l.sequence, l.shot,
                coalesce(range_agg(int4range(l.first, l.last, '[]'))
                    filter (where not (l.state = 'ENDED' and l.end_reason = 'RETURNED')), '{}')
                + coalesce(range_agg(int4range(l.first, l.last, '[]')), '{}')
                * coalesce((select range_agg(t.as_rendered + t.as_again) from receipts_frametally t
                    where t.token_jti = of_jti and t.shot = l.shot and t.counter = 'frames'), '{}')
            from receipts_lease l where l.token_jti = of_jti and l.beside = 'screen'
            group by l.sequence, l.shot
            on conflict (token_jti, sequence, shot) do update set frames = excluded.frames;
            perform receipts_count_screen(of_jti);
        end if;
    end if;
    if terms.words_max is not null then
        with now as (
            update receipts_lease l set beside = 'words', beside_units = least(terms.words_max,
                (l.last - l.first + 1) * greatest(1, ceil(terms.words_max::numeric / terms.lines_max)))
            where l.token_jti = of_jti and l.counter = 'lines' and l.beside = ''
            returning l.beside_units,
                l.state = 'ENDED' and l.end_reason = 'RETURNED' and coalesce(l.units_used, 0) = 0 as is_unused),
        added as (select count(*) as leases, coalesce(sum(n.beside_units) filter (where not n.is_unused), 0) as words from now n),
        taken as (
            insert into receipts_quota as r (token_jti, counter, most, granted)
            select of_jti, 'words', terms.words_max, least(terms.words_max, a.words) from added a where a.leases > 0
            on conflict (token_jti, counter) do update set granted = least(r.most, r.granted + excluded.granted))
        select a.leases into now_counted from added a;
        counted := counted + now_counted;
    end if;
    return counted;
end $$;
CREATE FUNCTION public.receipts_count_screen(jti uuid) RETURNS void
    LANGUAGE sql
    AS $$
    update receipts_quota q set granted = least(q.most, (
        select coalesce(sum(receipts_frames_in(s.frames)), 0) from receipts_screentime s where s.token_jti = jti))
    where q.token_jti = jti and q.counter = 'screen'
$$;
CREATE FUNCTION public.receipts_counted_checks(log integer) RETURNS TABLE(token_jti uuid, counter character varying, quarter integer, log_id integer, allowed integer, refused integer, units bigint, last_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    select c.token_jti, c.counter, floor(extract(epoch from c.at) / 900)::int, log,
        count(*) filter (where c.outcome like 'ALLOW%')::int,
        count(*) filter (where c.outcome not like 'ALLOW%')::int, sum(c.units_reserved)::bigint, max(c.at)
    from receipts_logentry e join receipts_rendercheck c on c.id = e.ref
    where e.log_id = log and e.kind = 2 and c.token_jti is not null
    group by 1, 2, 3
$$;
CREATE FUNCTION public.receipts_counted_frames(log integer) RETURNS TABLE(token_jti uuid, block bigint, shot character varying, counter character varying, quarter integer, log_id integer, rendered integer, again integer, failed integer, discarded integer, first_leaf bigint, last_leaf bigint, first_at timestamp with time zone, last_at timestamp with time zone, as_rendered int4multirange, as_again int4multirange, as_lost int4multirange)
    LANGUAGE sql STABLE
    AS $$
    select l.token_jti, e.idx >> 10, l.shot, l.counter, floor(extract(epoch from e.received_at) / 900)::int, log,
        count(*) filter (where e.outcome = 1)::int, count(*) filter (where e.outcome = 4)::int,
        count(*) filter (where e.outcome = 2)::int, count(*) filter (where e.outcome = 3)::int,
        min(e.idx), max(e.idx), min(e.received_at), max(e.received_at),
        coalesce(range_agg(int4range(e.frame, e.frame, '[]')) filter (where e.outcome = 1), '{}'),
        coalesce(range_agg(int4range(e.frame, e.frame, '[]')) filter (where e.outcome = 4), '{}'),
        coalesce(range_agg(int4range(e.frame, e.frame, '[]')) filter (where e.outcome in (2, 3)), '{}')
    from receipts_logentry e join receipts_lease l on l.id = e.lease
    where e.log_id = log and e.kind = 3 and e.outcome <> 5
    group by 1, 2, 3, 4, 5
$$;
CREATE FUNCTION public.receipts_counted_licences(log integer) RETURNS TABLE(token_jti uuid, log_id integer, rendered bigint, again bigint, failed bigint, discarded bigint, unauthorised bigint, allowed bigint, refused bigint, first_receipt_at timestamp with time zone, last_receipt_at timestamp with time zone, last_check_at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    select p.token_jti, log, sum(p.rendered)::bigint, sum(p.again)::bigint, sum(p.failed)::bigint,
        sum(p.discarded)::bigint, sum(p.unauthorised)::bigint, sum(p.allowed)::bigint, sum(p.refused)::bigint,
        min(p.first_at), max(p.last_at), max(p.check_at)
    from (
        select l.token_jti, (e.outcome = 1)::int as rendered, (e.outcome = 4)::int as again,
            (e.outcome = 2)::int as failed, (e.outcome = 3)::int as discarded, 0 as unauthorised, 0 as allowed,
            0 as refused, e.received_at as first_at, e.received_at as last_at, null::timestamptz as check_at
        from receipts_logentry e join receipts_lease l on l.id = e.lease
        where e.log_id = log and e.kind = 3 and e.outcome <> 5
        union all
        select coalesce(u.token_jti, '00000000-0000-0000-0000-000000000000'), 0, 0, 0, 0, 1, 0, 0, null, null, null
        from receipts_unauthorisedframe u where u.log_id = log
        union all
        select c.token_jti, 0, 0, 0, 0, 0, c.allowed, c.refused, null, null, c.last_at
        from receipts_counted_checks(log) c
    ) p group by 1
$$;
CREATE FUNCTION public.receipts_counted_returns(log integer) RETURNS TABLE(token_jti uuid, counter character varying, quarter integer, units bigint)
    LANGUAGE sql STABLE
    AS $$
    select l.token_jti, l.counter, floor(extract(epoch from l.granted_at) / 900)::int,
        sum(l.last - l.first + 1 - l.units_used)::bigint
    from receipts_lease l
    where l.log_id = log and l.units_used < l.last - l.first + 1
    group by 1, 2, 3
$$;
CREATE FUNCTION public.receipts_counted_shots(log integer) RETURNS TABLE(token_jti uuid, shot character varying, log_id integer, first integer, last integer)
    LANGUAGE sql STABLE
    AS $$
    select l.token_jti, l.shot, log, min(l.first), max(l.last)
    from receipts_lease l
    where l.log_id = log and l.counter = 'frames'
        and not exists (select from receipts_pendingentry p where p.production_id = l.production_id and p.ref = l.check_id)
    group by 1, 2
$$;
CREATE FUNCTION public.receipts_frames_in(frames int4multirange) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select coalesce(sum(upper(r) - lower(r)), 0) from unnest(frames) r
$$;
CREATE FUNCTION public.receipts_keep_checks(questions json) RETURNS smallint[]
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET lock_timeout TO '10s'
    AS $$
declare
    asked receipts_question[] := array(
        select q from json_populate_recordset(null::receipts_question, questions) q);
    verdicts smallint[] := array_fill(0::smallint, array[cardinality(asked)]);
begin
    -- keys, then proofs: each in an order of its own, so that two batches never wait for each other in a ring
    with q as materialized (select * from unnest(asked)),
    taken as (
        insert into receipts_checkkey (credential_id, key, body_sha256, check_id, created_at)
        select q.credential, q.idempotency_key, q.body_sha256, q.id, q.at
        from q where q.idempotency_key is not null order by q.credential, q.idempotency_key
        on conflict do nothing returning check_id),
    free as materialized (
        select q.*, q.idempotency_key is not null and taken.check_id is null as repeated
        from q left join taken on taken.check_id = q.id),
    spent as (
        insert into receipts_dpopproofseen (digest, seen_at)
        select free.proof, free.at from free
        where free.proof is not null and not free.repeated order by free.proof
        on conflict do nothing returning digest)
    select array(
        select case
            when free.repeated then 4
            when free.proof is null then 0
            -- one proof twice among these questions: the first has it
            when spent.digest is null or row_number()
                over (partition by free.proof, free.repeated order by free.place) > 1 then 3
            else 0 end
        from free left join spent on spent.digest = free.proof order by free.place)
    into verdicts;
    perform from (select distinct q.jti, q.counter from unnest(asked) q where q.units > 0) w
    join receipts_quota r on r.token_jti = w.jti and r.counter = w.counter
    order by r.token_jti, r.counter for no key update of r;
    -- a statement of its own: its snapshot is younger than the wait for the locks
    select array(
        select case
            when verdicts[q.place] <> 0 then verdicts[q.place]
            when licence.stamp is distinct from q.token_stamp or key.stamp is distinct from q.credential_stamp
                or (q.kid is not null and not exists (
                    select from common_signingkey k where k.kid = q.kid and k.state <> 'REVOKED'))
                or (q.units > 0 and exists (
                    select from receipts_receiptdebt d where d.token_jti = q.jti
                        and d.credential_id = q.credential and d.since < q.debts_due))
                then 1
            when q.units > 0 and (r.most is null or r.granted + sum(q.units)
                over (partition by q.jti, q.counter order by q.place) > r.most) then 2
            when q.units > 0 and q.beside is not null and (b.most is null or b.granted + sum(
                case q.beside when 'screen'
                    then receipts_frames_in(int4multirange(int4range(q.lease_first, q.lease_last, '[]'))
                        - coalesce(shown.frames, '{}'))
                    else q.beside_units end)
                over (partition by q.jti, q.beside order by q.place) > b.most) then 2
            else 0 end
        from unnest(asked) q
        left join receipts_quota r on r.token_jti = q.jti and r.counter = q.counter
        left join receipts_quota b on b.token_jti = q.jti and b.counter = q.beside
        left join receipts_screentime shown
            on q.beside = 'screen' and shown.token_jti = q.jti
            and shown.sequence = coalesce(q.sequence, '') and shown.shot = q.shot
        left join licensing_token_standing licence on licence.jti = q.jti
        left join accounts_credential_standing key on key.credential = q.credential
        order by q.place)
    into verdicts;
    if 0 <> any (verdicts) then  -- what is not kept leaves nothing behind
        delete from receipts_checkkey k using unnest(asked) q
        where verdicts[q.place] in (1, 2, 3) and k.credential_id = q.credential
            and k.key = q.idempotency_key and k.check_id = q.id;
        delete from receipts_dpopproofseen p using unnest(asked) q
        where verdicts[q.place] in (1, 2) and p.digest = q.proof;
    end if;
    with q as materialized (select * from unnest(asked) q where verdicts[q.place] = 0),
    taken as (
        update receipts_quota r set granted = r.granted + w.units
        from (select q.jti, q.counter, sum(q.units) as units from q where q.units > 0
            group by q.jti, q.counter) w
        where r.token_jti = w.jti and r.counter = w.counter),
    decided as (
        insert into receipts_rendercheck (id, at, outcome, reasons, obligations, token_jti, production_id,
            organisation_id, credential_id, terms_version, use_type, construct, shot, task, worker, first,
            last, counter, units_asked, units_reserved, valid_until, lease_uid, input_sha256,
            policy_version, policy_hash)
        select q.id, q.at, q.outcome, q.reasons, q.obligations, q.jti, q.production, q.organisation,
            q.credential, q.terms_version, q.use_type, q.construct, q.shot, q.task, q.worker, q.first,
            q.last, q.counter, q.units_asked, q.units, q.expires_at, q.lease, q.input_sha256,
            q.policy_version, q.policy_hash
        from q),
    leased as (
        insert into receipts_lease (uid, check_id, log_id, token_jti, production_id, organisation_id,
            credential_id, terms_version, talent, counter, use_type, shot, first, last, state, granted_at,
            expires_at, heartbeat_seconds, grace_seconds, grace_frames, window_ends_at, end_reason, beside,
            beside_units, sequence)
        select q.lease, q.id, q.log, q.jti, q.production, q.organisation, q.credential, q.terms_version,
            q.talent, q.counter, q.use_type, q.shot, q.lease_first, q.lease_last, 'ACTIVE', q.at,
            q.expires_at, q.heartbeat_seconds, q.grace_seconds, q.grace_frames, q.window_ends_at, '', coalesce(q.beside, ''),
            coalesce(q.beside_units, 0), coalesce(q.sequence, '')
        from q where q.units > 0)
    insert into receipts_pendingentry (production_id, kind, ref, at, entry)
    select q.production, 2, q.id, q.at, convert_to(q.entry, 'UTF8') from q where q.entry is not null;
    -- their rows are held by whoever holds the quota they stand beside
    if exists (select from unnest(asked) q where q.beside is not null and q.units > 0 and verdicts[q.place] = 0) then
        update receipts_quota r set granted = r.granted + w.units
        from (select q.jti, sum(q.beside_units) as units from unnest(asked) q
            where q.beside = 'words' and q.units > 0 and verdicts[q.place] = 0 group by q.jti) w
        where r.token_jti = w.jti and r.counter = 'words';
        insert into receipts_screentime as s (token_jti, sequence, shot, frames)
        select q.jti, coalesce(q.sequence, ''), q.shot, range_agg(int4range(q.lease_first, q.lease_last, '[]')) from unnest(asked) q
        where q.beside = 'screen' and q.units > 0 and verdicts[q.place] = 0
        group by 1, 2, 3 order by 1, 2, 3
        on conflict (token_jti, sequence, shot) do update set frames = s.frames + excluded.frames;
        perform receipts_count_screen(w.jti) from (select distinct q.jti from unnest(asked) q
            where q.beside = 'screen' and q.units > 0 and verdicts[q.place] = 0) w;
    end if;
    return verdicts;
end $$;
CREATE FUNCTION public.receipts_log_forward() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.size < old.size or new.id <> old.id or new.production_id <> old.production_id
       or new.origin <> old.origin then
        raise exception 'a log only grows: % on % is refused', tg_op, tg_table_name
            using errcode = 'restrict_violation';
    end if;
    if length(new.frontier) <> 32 * bit_count(new.size::bit(64)) then
        raise exception 'the frontier of % does not fit its size', new.origin using errcode = 'check_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.receipts_return_screen(jti uuid, of_sequence text, of_shot text) RETURNS void
    LANGUAGE sql
    AS $$
    update receipts_screentime s set frames = (
        select coalesce(range_agg(int4range(l.first, l.last, '[]'))
                filter (where not (l.state = 'ENDED' and l.end_reason = 'RETURNED')), '{}')
            + coalesce(range_agg(int4range(l.first, l.last, '[]')), '{}')
            * coalesce((select range_agg(t.as_rendered + t.as_again) from receipts_frametally t
                where t.token_jti = jti and t.shot = of_shot and t.counter = 'frames'), '{}')
        from receipts_lease l
        where l.token_jti = jti and l.sequence = of_sequence and l.shot = of_shot and l.beside = 'screen')
    where s.token_jti = jti and s.sequence = of_sequence and s.shot = of_shot;
    select receipts_count_screen(jti)
$$;
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
CREATE FUNCTION public.screenplays_guard_grant() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare ends text[] := array['ended_at', 'ended_by_id', 'end_reason'];
begin
    if tg_op = 'DELETE' or old.ended_at is not null or to_jsonb(new) - ends is distinct from to_jsonb(old) - ends then
        raise exception 'a grant changes in nothing but its end, once' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.screenplays_guard_shot() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.ended_at is not null or to_jsonb(new) - 'ended_at' is distinct from to_jsonb(old) - 'ended_at' then
        raise exception 'a shot of a scene changes in nothing but its end, once' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.training_check_reach() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    astray boolean;
begin
    -- planned anew each time: a plan for one row would be the plan for a million
    execute 'select exists (
        select from added a
        left join training_takedown t on t.id = a.takedown_id
        left join training_lineagenode n on n.number = a.node_id
        where t.id is null or n.number is null or n.organisation_id <> t.organisation_id)' into astray;
    if astray then
        raise exception 'a case reaches nodes of its own house' using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_asset() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'held', 'location', 'stored_at', 'findings', 'decision_id', 'owner_id'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.state in ('REFUSED', 'REMOVED') and new.state <> old.state and new.state <> 'REMOVED') then
        raise exception 'what was captured of an original stays as it is' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_binding() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - 'until') is distinct from (to_jsonb(old) - 'until')
       or old.until is not null then
        raise exception 'which contract a class stood under stays as it was' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_contract() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'activated_by_id', 'activated_at', 'retired_by_id', 'retired_at',
                                      'retire_reason'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or old.state = 'RETIRED' or new.state = 'DRAFT'
       or (old.activated_at is not null and (new.activated_at, new.activated_by_id)
                                            is distinct from (old.activated_at, old.activated_by_id)) then
        raise exception 'a contract says what it said, and never goes back' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_derivative() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['held', 'location', 'flags', 'removed_at'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.removed_at is not null and new.removed_at is distinct from old.removed_at) then
        raise exception 'a derivative stays as it was made' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_exception() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['signed_by_id', 'signed_at', 'ended_by_id', 'ended_at'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.signed_at is not null and new.signed_at is distinct from old.signed_at)
       or (old.ended_at is not null and new.ended_at is distinct from old.ended_at) then
        raise exception 'an exception is signed once, ended once, and says what it said' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_import() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'failure', 'rows_read', 'rows_admitted', 'rows_isolated', 'rows_same',
        'rows_refused', 'bytes_read', 'moved_at', 'finished_at', 'stuck', 'cancelled_by_id'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'an import stays as it was handed in, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_manifest() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.training_guard_report() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'problem', 'touched_at', 'content_id', 'head', 'statement', 'location',
                                      'size_bytes', 'done_at', 'took_ms', 'last_event', 'last_edge'];
begin
    if tg_op = 'DELETE' or old.state in ('DONE', 'FAILED')
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a rights report says what it said' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_rerun() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'problem', 'content_id', 'differs', 'touched_at', 'done_at'];
begin
    if tg_op = 'DELETE' or old.done_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a report made again says what it said' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_review() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['answer', 'answered_by_id', 'answered_at', 'reason'];
begin
    if tg_op = 'DELETE' or old.answer <> '' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a review is answered once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_rights_review() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['answer', 'answered_by_id', 'answered_at', 'note', 'next_on'];
begin
    if tg_op = 'DELETE' or old.answer <> '' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a rights review is answered once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_scan() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'problem', 'attempts', 'moved_at', 'finished_at'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a scan ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_sketch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or new.asset_id <> old.asset_id or new.organisation_id <> old.organisation_id
       or new.key_id = old.key_id then
        raise exception 'a sketch changes only with its key' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
CREATE FUNCTION public.training_guard_source() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - 'owner_id') is distinct from (to_jsonb(old) - 'owner_id') then
        raise exception 'the provenance of a source stays as it is' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_takedown() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.training_guard_takedown_item() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.training_guard_transform_item() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'codes', 'derivative_id', 'done_at'];
begin
    if tg_op = 'DELETE' or old.state <> 'WAITING'
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'an input of a run is dealt with once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_guard_transform_run() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    may_move constant text[] := array['state', 'stopped_for', 'moved_at', 'finished_at'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a run stays as it was started, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE FUNCTION public.training_refuse_circle() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (
        with recursive suspect as (
            select a.parent_id, a.child_id from added a
            where exists (select from training_lineageedge e where e.parent_id = a.child_id)
        ), reached(start, number) as (
            select child_id, child_id from suspect
            union
            select r.start, e.child_id from training_lineageedge e join reached r on e.parent_id = r.number
        )
        select from suspect s join reached r on r.start = s.child_id and r.number = s.parent_id
    ) then
        raise exception 'lineage circle: nothing is made of itself' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
CREATE TABLE public.account_emailaddress (
    id integer NOT NULL,
    email character varying(254) NOT NULL,
    verified boolean NOT NULL,
    "primary" boolean NOT NULL,
    user_id uuid NOT NULL
);
ALTER TABLE public.account_emailaddress ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailaddress_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.account_emailconfirmation (
    id integer NOT NULL,
    created timestamp with time zone NOT NULL,
    sent timestamp with time zone,
    key character varying(64) NOT NULL,
    email_address_id integer NOT NULL
);
ALTER TABLE public.account_emailconfirmation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailconfirmation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_apicredential (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    prefix character varying(12) NOT NULL,
    digest bytea NOT NULL,
    scopes character varying(32)[] NOT NULL,
    proof_jwk jsonb,
    jkt character varying(43) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    x5t character varying(43) DEFAULT ''::character varying NOT NULL,
    networks character varying(43)[] DEFAULT '{}'::character varying(43)[] NOT NULL,
    CONSTRAINT credential_has_scopes CHECK ((
CASE
    WHEN (scopes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(scopes, 1), 0)
END > 0))
);
CREATE TABLE public.accounts_membership (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    role character varying(8) NOT NULL,
    ended_at timestamp with time zone,
    user_id uuid NOT NULL,
    organisation_id uuid NOT NULL
);
CREATE TABLE public.accounts_user (
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    id uuid NOT NULL,
    email character varying(254) NOT NULL,
    full_name character varying(120) NOT NULL,
    time_zone character varying(60) NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    language character varying(8) DEFAULT ''::character varying NOT NULL
);
CREATE VIEW public.accounts_credential_standing AS
 SELECT c.id AS credential,
    concat_ws('|'::text, COALESCE((date_part('epoch'::text, c.revoked_at))::text, 'live'::text), date_part('epoch'::text, c.expires_at), c.scopes, c.jkt, c.organisation_id, u.is_active, (EXISTS ( SELECT
           FROM public.accounts_membership m
          WHERE ((m.user_id = c.created_by_id) AND (m.organisation_id = c.organisation_id) AND (m.ended_at IS NULL) AND ((m.role)::text <> 'LEGAL'::text))))) AS stamp
   FROM (public.accounts_apicredential c
     JOIN public.accounts_user u ON ((u.id = c.created_by_id)));
CREATE TABLE public.accounts_domainclaim (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    domain character varying(253) NOT NULL,
    secret character varying(64) NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT claim_is_lower_ascii CHECK (((domain)::text ~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$'::text))
);
CREATE TABLE public.accounts_historicalmembership (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    role character varying(8) NOT NULL,
    ended_at timestamp with time zone,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    user_id uuid,
    organisation_id uuid
);
ALTER TABLE public.accounts_historicalmembership ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_historicalmembership_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_historicalorganisation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(160) NOT NULL,
    slug character varying(60) NOT NULL,
    kind character varying(8) NOT NULL,
    external_ids jsonb NOT NULL,
    control_generation integer NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    passkey_required boolean DEFAULT false NOT NULL,
    CONSTRAINT accounts_historicalorganisation_control_generation_check CHECK ((control_generation >= 0))
);
ALTER TABLE public.accounts_historicalorganisation ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_historicalorganisation_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.accounts_identityprovider (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    slug character varying(60) NOT NULL,
    name character varying(80) NOT NULL,
    issuer character varying(300) NOT NULL,
    client_id character varying(200) NOT NULL,
    secret bytea NOT NULL,
    ended_at timestamp with time zone,
    organisation_id uuid NOT NULL,
    may_be_inside boolean DEFAULT true NOT NULL
);
CREATE TABLE public.accounts_organisation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(160) NOT NULL,
    slug character varying(60) NOT NULL,
    kind character varying(8) NOT NULL,
    external_ids jsonb NOT NULL,
    control_generation integer NOT NULL,
    passkey_required boolean DEFAULT false NOT NULL,
    CONSTRAINT accounts_organisation_control_generation_check CHECK ((control_generation >= 0))
);
CREATE TABLE public.accounts_organisationdomain (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    domain character varying(253) NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT domain_is_lower_ascii CHECK (((domain)::text ~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$'::text))
);
CREATE TABLE public.accounts_passwordletter (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    email character varying(254) NOT NULL,
    kind character varying(8) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts smallint NOT NULL,
    CONSTRAINT accounts_passwordletter_attempts_check CHECK ((attempts >= 0))
);
CREATE TABLE public.accounts_signinlink (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    purpose character varying(10) NOT NULL,
    digest bytea NOT NULL,
    email character varying(254) NOT NULL,
    full_name character varying(120) NOT NULL,
    time_zone character varying(60) NOT NULL,
    roles character varying(8)[] NOT NULL,
    user_key uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    made_by_id uuid,
    organisation_id uuid,
    used_by_id uuid,
    mail_attempts smallint DEFAULT 0 NOT NULL,
    mail_due_at timestamp with time zone,
    mail_error character varying(24) DEFAULT ''::character varying NOT NULL,
    sealed bytea,
    CONSTRAINT accounts_signinlink_mail_attempts_check CHECK ((mail_attempts >= 0))
);
CREATE TABLE public.accounts_subjectkey (
    subject_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sealed_key bytea,
    destroyed_at timestamp with time zone,
    CONSTRAINT subject_key_is_there_or_destroyed CHECK ((((destroyed_at IS NULL) AND (sealed_key IS NOT NULL)) OR ((destroyed_at IS NOT NULL) AND (sealed_key IS NULL))))
);
CREATE TABLE public.audit_event (
    number bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(60) NOT NULL,
    person_id uuid,
    credential_id uuid,
    organisation_id uuid,
    object_type character varying(60) NOT NULL,
    object_id character varying(64) NOT NULL,
    production_id uuid,
    visible_to jsonb NOT NULL,
    before_hash character varying(71) NOT NULL,
    after_hash character varying(71) NOT NULL,
    details jsonb NOT NULL,
    log_entry bytea,
    subject_id uuid
);
ALTER TABLE public.audit_event ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_event_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.audit_legalhold (
    id uuid NOT NULL,
    matter character varying(200) NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    lifted_at timestamp with time zone
);
CREATE TABLE public.audit_segment (
    number bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    events integer NOT NULL,
    name character varying(200) NOT NULL,
    sha256 character varying(64) NOT NULL,
    previous_sha256 character varying(64) NOT NULL,
    clock_ms integer NOT NULL,
    archived_at timestamp with time zone NOT NULL,
    retain_until timestamp with time zone NOT NULL,
    CONSTRAINT audit_segment_events_check CHECK ((events >= 0)),
    CONSTRAINT segment_in_order CHECK ((first <= last))
);
ALTER TABLE public.audit_segment ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_segment_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);
ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);
ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);
ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.common_idempotencyrecord (
    id bigint NOT NULL,
    caller character varying(80) NOT NULL,
    key character varying(200) NOT NULL,
    fingerprint character varying(64) NOT NULL,
    status smallint,
    answer jsonb,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT common_idempotencyrecord_status_check CHECK ((status >= 0))
);
ALTER TABLE public.common_idempotencyrecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.common_idempotencyrecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.common_signingkey (
    kid character varying(64) NOT NULL,
    purpose character varying(16) NOT NULL,
    state character varying(8) NOT NULL,
    public_key bytea NOT NULL,
    sealed_private_key bytea,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    revoked_at timestamp with time zone,
    backend character varying(8) NOT NULL,
    compromised_at timestamp with time zone,
    reference character varying(255) NOT NULL,
    CONSTRAINT private_bytes_in_one_place CHECK (((((backend)::text = 'database'::text) AND ((reference)::text = ''::text) AND (sealed_private_key IS NOT NULL)) OR ((NOT ((backend)::text = 'database'::text)) AND (sealed_private_key IS NULL) AND (NOT ((reference)::text = ''::text))))),
    CONSTRAINT revoked_key_has_its_time CHECK ((((revoked_at IS NOT NULL) AND ((state)::text = 'REVOKED'::text)) OR ((NOT ((state)::text = 'REVOKED'::text)) AND (compromised_at IS NULL) AND (revoked_at IS NULL))))
);
CREATE TABLE public.compliance_bundle (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    credential_id uuid,
    purpose character varying(32) NOT NULL,
    audience character varying(8) NOT NULL,
    state character varying(10) NOT NULL,
    failure_code character varying(40) NOT NULL,
    cut_at timestamp with time zone,
    checkpoint bytea NOT NULL,
    vkey bytea NOT NULL,
    origin character varying(200) NOT NULL,
    tree_size bigint,
    root_hex character varying(64) NOT NULL,
    counts jsonb NOT NULL,
    findings jsonb NOT NULL,
    blob character varying(255) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    key_id character varying(64) NOT NULL,
    built_at timestamp with time zone,
    touched_at timestamp with time zone NOT NULL,
    organisation_id uuid NOT NULL,
    production_id uuid NOT NULL,
    requested_by_id uuid NOT NULL,
    begins timestamp with time zone,
    progress jsonb NOT NULL,
    size bigint,
    talent_id uuid,
    until timestamp with time zone,
    CONSTRAINT bundle_period_runs_forward CHECK (((begins IS NULL) OR (until IS NULL) OR (begins < until))),
    CONSTRAINT compliance_bundle_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT compliance_bundle_size_check CHECK ((size >= 0)),
    CONSTRAINT compliance_bundle_tree_size_check CHECK ((tree_size >= 0)),
    CONSTRAINT failed_bundle_says_why CHECK (((NOT ((state)::text = 'FAILED'::text)) OR (NOT ((failure_code)::text = ''::text)))),
    CONSTRAINT ready_bundle_is_whole CHECK (((NOT ((state)::text = 'READY'::text)) OR ((built_at IS NOT NULL) AND (tree_size IS NOT NULL) AND (NOT ((root_hex)::text = ''::text)) AND (NOT ((blob)::text = ''::text)) AND (NOT ((sha256)::text = ''::text)))))
);
CREATE TABLE public.compliance_erasure (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ground character varying(20) NOT NULL,
    state character varying(10) NOT NULL,
    ended_at timestamp with time zone,
    certificate jsonb,
    kid character varying(64) NOT NULL,
    signature bytea NOT NULL,
    asked_by_id uuid NOT NULL,
    confirmed_by_id uuid,
    talent_id uuid,
    user_id uuid,
    against jsonb NOT NULL,
    asked_for character varying(10) NOT NULL,
    confirmed_at timestamp with time zone,
    due_at timestamp with time zone,
    plan jsonb,
    CONSTRAINT erasure_confirmed_has_its_day CHECK (((NOT ((state)::text = 'CONFIRMED'::text)) OR ((confirmed_at IS NOT NULL) AND (confirmed_by_id IS NOT NULL) AND (due_at IS NOT NULL)))),
    CONSTRAINT erasure_done_is_whole CHECK (((NOT ((state)::text = 'DONE'::text)) OR ((certificate IS NOT NULL) AND (confirmed_by_id IS NOT NULL) AND (ended_at IS NOT NULL)))),
    CONSTRAINT erasure_has_four_eyes CHECK (((confirmed_by_id IS NULL) OR (NOT ((confirmed_by_id = asked_by_id) AND (confirmed_by_id IS NOT NULL))))),
    CONSTRAINT erasure_is_of_somebody CHECK (((talent_id IS NOT NULL) OR (user_id IS NOT NULL)))
);
CREATE TABLE public.compliance_evidence (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    file_name character varying(240) NOT NULL,
    blob character varying(300) NOT NULL,
    media_type character varying(80) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    captured_at timestamp with time zone,
    source_url character varying(2000) NOT NULL,
    incident_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    CONSTRAINT compliance_evidence_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT evidence_is_not_empty CHECK ((size_bytes > 0)),
    CONSTRAINT evidence_sha256_hex CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.compliance_evidencereading (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    detection_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    entry_id uuid
);
CREATE TABLE public.compliance_incident (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    platform character varying(120) NOT NULL,
    url character varying(2000) NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    constructs character varying(40)[] NOT NULL,
    use_types character varying(40)[] NOT NULL,
    description text NOT NULL,
    state character varying(12) NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    organisation_id uuid NOT NULL,
    recorded_by_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT incident_is_of_something CHECK ((NOT (constructs = '{}'::character varying(40)[]))),
    CONSTRAINT incident_state_known CHECK (((state)::text = ANY ((ARRAY['OPEN'::character varying, 'NOTICE_SENT'::character varying, 'ANSWERED'::character varying, 'RESOLVED'::character varying, 'DISMISSED'::character varying])::text[])))
);
CREATE TABLE public.compliance_incidententry (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    kind character varying(8) NOT NULL,
    at timestamp with time zone NOT NULL,
    by_key boolean NOT NULL,
    body jsonb NOT NULL,
    details jsonb,
    line bytea NOT NULL,
    hash character varying(64) NOT NULL,
    incident_id uuid NOT NULL,
    organisation_id uuid,
    person_id uuid,
    CONSTRAINT compliance_incidententry_number_check CHECK ((number >= 0)),
    CONSTRAINT incident_entry_hash_hex CHECK (((hash)::text ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.compliance_incidentpackage (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    entries integer NOT NULL,
    details integer[] NOT NULL,
    state character varying(8) NOT NULL,
    failure_code character varying(40) NOT NULL,
    blob character varying(300) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    key_id character varying(64) NOT NULL,
    built_at timestamp with time zone,
    touched_at timestamp with time zone NOT NULL,
    incident_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    requested_by_id uuid NOT NULL,
    CONSTRAINT compliance_incidentpackage_entries_check CHECK ((entries >= 0)),
    CONSTRAINT compliance_incidentpackage_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT ready_package_is_whole CHECK (((NOT ((state)::text = 'READY'::text)) OR ((built_at IS NOT NULL) AND (NOT ((blob)::text = ''::text)) AND (NOT ((sha256)::text = ''::text)))))
);
CREATE TABLE public.compliance_reconciliationreport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    summary jsonb NOT NULL,
    blob character varying(255) NOT NULL,
    production_id uuid NOT NULL
);
CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id uuid NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);
ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE public.licensing_absence (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    agency_id uuid NOT NULL,
    stand_in_id uuid NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT absence_ends_after_it_begins CHECK ((valid_until > valid_from)),
    CONSTRAINT stand_in_is_somebody_else CHECK ((NOT (user_id = stand_in_id)))
);
CREATE TABLE public.licensing_alert (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    threshold_days integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    token_id uuid NOT NULL,
    CONSTRAINT licensing_alert_threshold_days_check CHECK ((threshold_days >= 0))
);
CREATE TABLE public.licensing_authority (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    document_type character varying(80) NOT NULL,
    issuer character varying(200) NOT NULL,
    issued_on date NOT NULL,
    expires_on date,
    sha256 character varying(64) NOT NULL,
    court_required boolean NOT NULL,
    court_sha256 character varying(64) NOT NULL,
    ended_at timestamp with time zone,
    registered_by_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT authority_court_sha256_hex CHECK ((((court_sha256)::text = ''::text) OR ((court_sha256)::text ~ '^[0-9a-f]{64}$'::text))),
    CONSTRAINT authority_ends_after_it_begins CHECK (((expires_on IS NULL) OR (expires_on > issued_on))),
    CONSTRAINT authority_sha256_hex CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT nobody_registers_their_own_authority CHECK ((NOT (registered_by_id = user_id)))
);
CREATE TABLE public.licensing_autorule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    use_types character varying(40)[] NOT NULL,
    limits jsonb NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    set_by_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT rule_approves_something CHECK ((NOT (use_types = '{}'::character varying(40)[]))),
    CONSTRAINT rule_ends_after_it_begins CHECK ((valid_until > valid_from)),
    CONSTRAINT rule_never_approves_these CHECK ((NOT (use_types && ARRAY['DATA_MINING'::character varying(40), 'EVALUATION'::character varying(40), 'FINE_TUNE'::character varying(40), 'NEW_DIALOGUE'::character varying(40), 'POSTHUMOUS_RENDER'::character varying(40), 'SCRIPT_TRAINING'::character varying(40), 'SUBLICENSE_THIRD_PARTY_TRAINING'::character varying(40), 'TRAINING_GENERAL'::character varying(40), 'TRAINING_REPLICA'::character varying(40)])))
);
CREATE TABLE public.licensing_autorule_licensees (
    id bigint NOT NULL,
    autorule_id uuid NOT NULL,
    organisation_id uuid NOT NULL
);
ALTER TABLE public.licensing_autorule_licensees ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_autorule_licensees_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_checkpointpass (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    checkpoint character varying(6) NOT NULL,
    side character varying(12) NOT NULL,
    passed_by_id uuid NOT NULL,
    token_id uuid NOT NULL,
    CONSTRAINT checkpoint_known CHECK (((checkpoint)::text = ANY ((ARRAY['ROLE'::character varying, 'SCRIPT'::character varying, 'FINAL'::character varying])::text[])))
);
CREATE TABLE public.licensing_checkpointyes (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    checkpoint character varying(6) NOT NULL,
    side character varying(12) NOT NULL,
    said_by_id uuid NOT NULL,
    token_id uuid NOT NULL,
    CONSTRAINT yes_checkpoint_known CHECK (((checkpoint)::text = ANY ((ARRAY['ROLE'::character varying, 'SCRIPT'::character varying, 'FINAL'::character varying])::text[]))),
    CONSTRAINT yes_side_known CHECK (((side)::text = ANY ((ARRAY['AGENT'::character varying, 'TALENT'::character varying, 'SIGNER'::character varying, 'GUARDIAN'::character varying])::text[])))
);
CREATE TABLE public.licensing_declaredevent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    covers character varying(12) NOT NULL,
    covered_id uuid NOT NULL,
    why text NOT NULL,
    effects jsonb NOT NULL,
    effect_hash character varying(71) NOT NULL,
    declared_by_id uuid NOT NULL,
    declared_for_id uuid NOT NULL
);
CREATE TABLE public.licensing_delegation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    from_user_id uuid NOT NULL,
    to_user_id uuid NOT NULL,
    mandate_id uuid NOT NULL,
    ended_at timestamp with time zone,
    limits jsonb NOT NULL,
    may_pass_on boolean NOT NULL,
    parent_id uuid,
    use_types character varying(40)[],
    CONSTRAINT delegation_ends_after_it_begins CHECK ((valid_until > valid_from)),
    CONSTRAINT delegation_is_to_somebody_else CHECK ((NOT (from_user_id = to_user_id)))
);
CREATE TABLE public.licensing_framerelease (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    why text NOT NULL,
    is_granted boolean,
    decided_at timestamp with time zone,
    side character varying(12) NOT NULL,
    answer text NOT NULL,
    asked_by_id uuid NOT NULL,
    asked_for_id uuid NOT NULL,
    decided_by_id uuid,
    decided_for_id uuid,
    token_id uuid NOT NULL,
    CONSTRAINT release_decision_is_whole CHECK ((((decided_at IS NULL) AND (decided_by_id IS NULL) AND (decided_for_id IS NULL) AND (is_granted IS NULL) AND ((side)::text = ''::text)) OR ((decided_at IS NOT NULL) AND (decided_by_id IS NOT NULL) AND (decided_for_id IS NOT NULL) AND (is_granted IS NOT NULL) AND ((side)::text = ANY ((ARRAY['TALENT'::character varying, 'GUARDIAN'::character varying, 'AGENT'::character varying])::text[]))))),
    CONSTRAINT release_has_four_eyes CHECK (((decided_by_id IS NULL) OR ((NOT ((decided_by_id = asked_by_id) AND (decided_by_id IS NOT NULL))) AND (NOT ((decided_for_id = asked_for_id) AND (decided_for_id IS NOT NULL))))))
);
CREATE TABLE public.licensing_grantreissue (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    jws text NOT NULL,
    kid character varying(80) NOT NULL,
    token_id uuid NOT NULL
);
CREATE TABLE public.licensing_grantstatement (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    jws text NOT NULL,
    consent_hash character varying(71) NOT NULL,
    kid character varying(80) NOT NULL,
    token_id uuid NOT NULL
);
CREATE TABLE public.licensing_guilddefault (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    limits jsonb NOT NULL,
    guild_id uuid NOT NULL,
    set_by_id uuid NOT NULL,
    CONSTRAINT licensing_guilddefault_version_check CHECK ((version >= 0))
);
CREATE TABLE public.licensing_guildmember (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number_digest character varying(64) NOT NULL,
    accepted_version integer NOT NULL,
    own_limits jsonb NOT NULL,
    word_at timestamp with time zone,
    guild_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    word_by_id uuid,
    CONSTRAINT licensing_guildmember_accepted_version_check CHECK ((accepted_version >= 0)),
    CONSTRAINT member_digest_hex CHECK (((number_digest)::text ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.licensing_historicalauthority (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    document_type character varying(80) NOT NULL,
    issuer character varying(200) NOT NULL,
    issued_on date NOT NULL,
    expires_on date,
    sha256 character varying(64) NOT NULL,
    court_required boolean NOT NULL,
    court_sha256 character varying(64) NOT NULL,
    ended_at timestamp with time zone,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    registered_by_id uuid,
    talent_id uuid,
    user_id uuid
);
ALTER TABLE public.licensing_historicalauthority ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalauthority_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicaldelegation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    from_user_id uuid,
    history_user_id uuid,
    to_user_id uuid,
    mandate_id uuid,
    ended_at timestamp with time zone,
    limits jsonb NOT NULL,
    may_pass_on boolean NOT NULL,
    parent_id uuid,
    use_types character varying(40)[]
);
ALTER TABLE public.licensing_historicaldelegation ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicaldelegation_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicalmandate (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mode character varying(40) NOT NULL,
    use_types character varying(40)[] NOT NULL,
    limits jsonb NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    revoked_at timestamp with time zone,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    agency_id uuid,
    agent_id uuid,
    history_user_id uuid,
    talent_id uuid,
    granted_by_id uuid,
    notice_hours smallint NOT NULL,
    quorum smallint,
    CONSTRAINT licensing_historicalmandate_notice_hours_check CHECK ((notice_hours >= 0)),
    CONSTRAINT licensing_historicalmandate_quorum_check CHECK ((quorum >= 0))
);
ALTER TABLE public.licensing_historicalmandate ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalmandate_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicalproduction (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    title character varying(200) NOT NULL,
    kind character varying(20) NOT NULL,
    eidr character varying(80) NOT NULL,
    origin character varying(200) NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    guild_id uuid,
    history_user_id uuid,
    organisation_id uuid
);
ALTER TABLE public.licensing_historicalproduction ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalproduction_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicaltalent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    stage_name character varying(200) NOT NULL,
    handle character varying(80) NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    organisation_id uuid,
    user_id uuid,
    died_on date,
    majority_on date
);
ALTER TABLE public.licensing_historicaltalent ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicaltalent_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicalvaultconstruct (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(40) NOT NULL,
    sha256 character varying(64) NOT NULL,
    location_uri character varying(500) NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    talent_id uuid
);
ALTER TABLE public.licensing_historicalvaultconstruct ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalvaultconstruct_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicalvisibilityrule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    construct character varying(40) NOT NULL,
    level character varying(40) NOT NULL,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    talent_id uuid,
    listed_ids uuid[] NOT NULL,
    set_at timestamp with time zone,
    set_by_id uuid
);
ALTER TABLE public.licensing_historicalvisibilityrule ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalvisibilityrule_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_historicalvisibilityrule_organisations (
    id bigint NOT NULL,
    m2m_history_id integer CONSTRAINT licensing_historicalvisibilityrule_orga_m2m_history_id_not_null NOT NULL,
    history_id integer CONSTRAINT licensing_historicalvisibilityrule_organisa_history_id_not_null NOT NULL,
    organisation_id uuid,
    visibilityrule_id uuid
);
ALTER TABLE public.licensing_historicalvisibilityrule_organisations ALTER COLUMN m2m_history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_historicalvisibilityrule_organisat_m2m_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.licensing_hold (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reason character varying(40) NOT NULL,
    covers uuid GENERATED ALWAYS AS (COALESCE(token_id, talent_id, production_id, organisation_id)) STORED,
    side character varying(40) NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    why text NOT NULL,
    lifted_at timestamp with time zone,
    lift_why text NOT NULL,
    credential_id uuid,
    lifted_by_id uuid,
    lifted_for_id uuid,
    organisation_id uuid,
    placed_by_id uuid NOT NULL,
    placed_for_id uuid NOT NULL,
    production_id uuid,
    talent_id uuid,
    token_id uuid,
    CONSTRAINT hold_covers_one_thing CHECK ((((organisation_id IS NULL) AND (production_id IS NULL) AND (talent_id IS NULL) AND (token_id IS NOT NULL)) OR ((organisation_id IS NULL) AND (production_id IS NULL) AND (talent_id IS NOT NULL) AND (token_id IS NULL)) OR ((organisation_id IS NULL) AND (production_id IS NOT NULL) AND (talent_id IS NULL) AND (token_id IS NULL)) OR ((organisation_id IS NOT NULL) AND (production_id IS NULL) AND (talent_id IS NULL) AND (token_id IS NULL)))),
    CONSTRAINT hold_end_is_whole CHECK ((((lifted_at IS NULL) AND (lifted_by_id IS NULL) AND (lifted_for_id IS NULL)) OR ((lifted_at IS NOT NULL) AND (lifted_by_id IS NOT NULL) AND (lifted_for_id IS NOT NULL)))),
    CONSTRAINT stop_is_the_talents_in_person CHECK (((NOT ((reason)::text = 'EMERGENCY_STOP'::text)) OR ((credential_id IS NULL) AND ((side)::text = 'TALENT'::text) AND (talent_id IS NOT NULL))))
);
CREATE TABLE public.licensing_licencerequest (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    licence_id uuid NOT NULL,
    mode character varying(40) NOT NULL,
    outside_mandate jsonb NOT NULL,
    state character varying(40) NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    answer_by timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    decline_reason text NOT NULL,
    agency_id uuid,
    licensee_id uuid NOT NULL,
    requested_by_id uuid NOT NULL,
    renews_id uuid,
    mandate_id uuid,
    production_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    current_id uuid,
    notice_until timestamp with time zone,
    quorum smallint,
    auto_rule_id uuid,
    CONSTRAINT licensing_licencerequest_quorum_check CHECK ((quorum >= 0))
);
CREATE TABLE public.licensing_licencetoken (
    jti uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    licence_id uuid NOT NULL,
    vendor_ids uuid[] NOT NULL,
    state character varying(40) NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone NOT NULL,
    frames_max bigint NOT NULL,
    lines_max bigint NOT NULL,
    use_types character varying(40)[] NOT NULL,
    constructs character varying(40)[] NOT NULL,
    status_list integer NOT NULL,
    status_index integer NOT NULL,
    control_generation integer NOT NULL,
    notice_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revocation_kind character varying(40) NOT NULL,
    frame_disposition character varying(40) NOT NULL,
    revocation_reason text NOT NULL,
    agency_id uuid,
    licensee_id uuid NOT NULL,
    request_id uuid NOT NULL,
    supersedes_id uuid,
    production_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    terms_id uuid NOT NULL,
    CONSTRAINT licensing_licencetoken_control_generation_check CHECK ((control_generation >= 0)),
    CONSTRAINT licensing_licencetoken_frames_max_check CHECK ((frames_max >= 0)),
    CONSTRAINT licensing_licencetoken_lines_max_check CHECK ((lines_max >= 0)),
    CONSTRAINT licensing_licencetoken_status_index_check CHECK ((status_index >= 0)),
    CONSTRAINT licensing_licencetoken_status_list_check CHECK ((status_list >= 0)),
    CONSTRAINT token_ends_after_it_begins CHECK ((not_after > not_before)),
    CONSTRAINT token_grants_something CHECK ((NOT (use_types = '{}'::character varying(40)[]))),
    CONSTRAINT token_never_carries_training CHECK ((NOT (use_types && ARRAY['DATA_MINING'::character varying(40), 'EVALUATION'::character varying(40), 'FINE_TUNE'::character varying(40), 'SCRIPT_TRAINING'::character varying(40), 'SUBLICENSE_THIRD_PARTY_TRAINING'::character varying(40), 'TRAINING_GENERAL'::character varying(40), 'TRAINING_REPLICA'::character varying(40)]))),
    CONSTRAINT token_revoked_has_its_time CHECK ((((revoked_at IS NOT NULL) AND ((state)::text = 'REVOKED'::text)) OR ((NOT ((state)::text = 'REVOKED'::text)) AND (revoked_at IS NULL))))
);
CREATE TABLE public.licensing_mandate (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mode character varying(40) NOT NULL,
    use_types character varying(40)[] NOT NULL,
    limits jsonb NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    revoked_at timestamp with time zone,
    agency_id uuid NOT NULL,
    agent_id uuid,
    talent_id uuid NOT NULL,
    granted_by_id uuid,
    notice_hours smallint NOT NULL,
    quorum smallint,
    CONSTRAINT licensing_mandate_notice_hours_check CHECK ((notice_hours >= 0)),
    CONSTRAINT licensing_mandate_quorum_check CHECK ((quorum >= 0)),
    CONSTRAINT mandate_ends_after_it_begins CHECK (((valid_until IS NULL) OR (valid_until > valid_from))),
    CONSTRAINT mandate_mode_is_routed CHECK (((mode)::text = ANY ((ARRAY['TALENT_ONLY'::character varying, 'AGENT_WITHIN_MANDATE'::character varying, 'DUAL'::character varying, 'QUORUM'::character varying, 'UNION_NOTICE'::character varying])::text[]))),
    CONSTRAINT mandate_never_carries_training CHECK ((NOT (use_types && ARRAY['DATA_MINING'::character varying(40), 'EVALUATION'::character varying(40), 'FINE_TUNE'::character varying(40), 'SCRIPT_TRAINING'::character varying(40), 'SUBLICENSE_THIRD_PARTY_TRAINING'::character varying(40), 'TRAINING_GENERAL'::character varying(40), 'TRAINING_REPLICA'::character varying(40)]))),
    CONSTRAINT quorum_has_its_number CHECK (((((mode)::text = 'QUORUM'::text) AND (quorum >= 1)) OR ((NOT ((mode)::text = 'QUORUM'::text)) AND (quorum IS NULL))))
);
CREATE TABLE public.licensing_mandatesigner (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mandate_id uuid NOT NULL,
    user_id uuid NOT NULL
);
CREATE TABLE public.licensing_personsignature (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    terms_hash character varying(71) NOT NULL,
    credential_id character varying(1400) NOT NULL,
    thumbprint character varying(43) NOT NULL,
    sign_count bigint NOT NULL,
    kept jsonb NOT NULL,
    digest character varying(64) NOT NULL,
    action_id uuid,
    consent_id uuid,
    person_id uuid NOT NULL,
    CONSTRAINT licensing_personsignature_sign_count_check CHECK ((sign_count >= 0)),
    CONSTRAINT signature_is_of_one_act CHECK ((((action_id IS NULL) OR (consent_id IS NULL)) AND (1 = (
CASE
    WHEN (action_id IS NULL) THEN 1
    ELSE 0
END +
CASE
    WHEN (consent_id IS NULL) THEN 1
    ELSE 0
END))))
);
CREATE TABLE public.licensing_policyrollout (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    profile character varying(60) NOT NULL,
    content_hash character varying(71) NOT NULL,
    limits jsonb,
    stage character varying(6) NOT NULL,
    share_percent smallint NOT NULL,
    production_ids uuid[] NOT NULL,
    counsel_name character varying(200) NOT NULL,
    report_hash character varying(71) NOT NULL,
    ended_at timestamp with time zone,
    came_from_id uuid,
    ended_by_id uuid,
    organisation_id uuid NOT NULL,
    recorded_by_id uuid NOT NULL,
    CONSTRAINT licensing_policyrollout_share_percent_check CHECK ((share_percent >= 0)),
    CONSTRAINT rollout_is_of_one_thing CHECK (((((kind)::text = 'PROFILE'::text) AND (limits IS NULL) AND (NOT ((profile)::text = ''::text))) OR (((kind)::text = 'DEFAULTS'::text) AND (limits IS NOT NULL) AND ((profile)::text = ''::text)))),
    CONSTRAINT shadow_acts_on_nobody CHECK ((((production_ids = '{}'::uuid[]) AND (share_percent = 0) AND ((stage)::text = 'SHADOW'::text)) OR ((share_percent <= 99) AND ((stage)::text = 'CANARY'::text) AND (NOT ((counsel_name)::text = ''::text)) AND (NOT ((report_hash)::text = ''::text)) AND ((share_percent >= 1) OR (NOT (production_ids = '{}'::uuid[]))))))
);
CREATE TABLE public.licensing_production (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    title character varying(200) NOT NULL,
    kind character varying(20) NOT NULL,
    eidr character varying(80) NOT NULL,
    origin character varying(200) NOT NULL,
    guild_id uuid,
    organisation_id uuid NOT NULL
);
CREATE TABLE public.licensing_profileadoption (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    profile character varying(60) NOT NULL,
    profile_hash character varying(71) NOT NULL,
    counsel_name character varying(200) NOT NULL,
    ended_at timestamp with time zone,
    ended_by_id uuid,
    organisation_id uuid NOT NULL,
    signed_by_id uuid NOT NULL,
    sign_off_id uuid,
    CONSTRAINT adoption_names_its_counsel CHECK ((NOT ((counsel_name)::text = ''::text)))
);
CREATE TABLE public.licensing_profilesignoff (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    profile character varying(60) NOT NULL,
    profile_hash character varying(71) NOT NULL,
    organisation_id uuid NOT NULL,
    signed_by_id uuid NOT NULL
);
CREATE TABLE public.licensing_quotaalert (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    counter character varying(10) NOT NULL,
    percent smallint NOT NULL,
    granted bigint NOT NULL,
    most bigint NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    token_id uuid NOT NULL,
    CONSTRAINT licensing_quotaalert_granted_check CHECK ((granted >= 0)),
    CONSTRAINT licensing_quotaalert_most_check CHECK ((most >= 0)),
    CONSTRAINT licensing_quotaalert_percent_check CHECK ((percent >= 0)),
    CONSTRAINT quota_alert_threshold CHECK ((percent = ANY (ARRAY[80, 95])))
);
CREATE TABLE public.licensing_requestaction (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    side character varying(10) NOT NULL,
    version integer NOT NULL,
    terms_hash character varying(71) NOT NULL,
    state_before character varying(40) NOT NULL,
    state_after character varying(40) NOT NULL,
    note text NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid,
    credential_id uuid,
    organisation_id uuid,
    request_id uuid NOT NULL,
    about character varying(80) NOT NULL,
    method character varying(20) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT licensing_requestaction_version_check CHECK ((version >= 0))
);
CREATE TABLE public.licensing_requestdraft (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    title character varying(200) NOT NULL,
    body jsonb NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    created_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    submitted_id uuid
);
CREATE TABLE public.licensing_revocationduty (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disposition character varying(40) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    certificate_sha256 character varying(64) NOT NULL,
    overdue_noted_at timestamp with time zone,
    acknowledged_by_id uuid,
    organisation_id uuid NOT NULL,
    token_id uuid NOT NULL,
    CONSTRAINT acknowledgement_is_whole CHECK ((((acknowledged_at IS NULL) AND (acknowledged_by_id IS NULL)) OR ((acknowledged_at IS NOT NULL) AND (acknowledged_by_id IS NOT NULL)))),
    CONSTRAINT destruction_has_its_certificate CHECK (((acknowledged_at IS NULL) OR (NOT ((disposition)::text = 'DESTROY_WITH_CERTIFICATE'::text)) OR ((certificate_sha256)::text ~ '^[0-9a-f]{64}$'::text)))
);
CREATE TABLE public.licensing_rollimport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    file_name character varying(200) NOT NULL,
    blob character varying(300) NOT NULL,
    encoding character varying(12) NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    state character varying(8) NOT NULL,
    failure character varying(40) NOT NULL,
    rows_read integer NOT NULL,
    rows_made integer NOT NULL,
    rows_changed integer NOT NULL,
    rows_same integer NOT NULL,
    rows_refused integer NOT NULL,
    bytes_read bigint NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    guild_id uuid NOT NULL,
    submitted_by_id uuid NOT NULL,
    CONSTRAINT licensing_rollimport_bytes_read_check CHECK ((bytes_read >= 0)),
    CONSTRAINT licensing_rollimport_rows_changed_check CHECK ((rows_changed >= 0)),
    CONSTRAINT licensing_rollimport_rows_made_check CHECK ((rows_made >= 0)),
    CONSTRAINT licensing_rollimport_rows_read_check CHECK ((rows_read >= 0)),
    CONSTRAINT licensing_rollimport_rows_refused_check CHECK ((rows_refused >= 0)),
    CONSTRAINT licensing_rollimport_rows_same_check CHECK ((rows_same >= 0)),
    CONSTRAINT licensing_rollimport_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.licensing_rollrefusal (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    "row" integer NOT NULL,
    "column" character varying(40) NOT NULL,
    code character varying(40) NOT NULL,
    cell character varying(200) NOT NULL,
    roll_id uuid NOT NULL,
    CONSTRAINT licensing_rollrefusal_row_check CHECK (("row" >= 0))
);
CREATE TABLE public.licensing_shadowoutcome (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    differs boolean NOT NULL,
    difference jsonb NOT NULL,
    failure character varying(40) NOT NULL,
    request_id uuid NOT NULL,
    rollout_id uuid NOT NULL,
    version_id uuid NOT NULL
);
CREATE TABLE public.licensing_statuschange (
    status_list integer NOT NULL,
    xact xid8 NOT NULL
);
CREATE TABLE public.licensing_studioblock (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    side character varying(12) NOT NULL,
    why text NOT NULL,
    ended_at timestamp with time zone,
    ended_by_id uuid,
    placed_by_id uuid NOT NULL,
    studio_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT block_end_is_whole CHECK ((((ended_at IS NULL) AND (ended_by_id IS NULL)) OR ((ended_at IS NOT NULL) AND (ended_by_id IS NOT NULL))))
);
CREATE TABLE public.licensing_talent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    stage_name character varying(200) NOT NULL,
    handle character varying(80) NOT NULL,
    organisation_id uuid NOT NULL,
    user_id uuid,
    died_on date,
    majority_on date
);
CREATE TABLE public.licensing_talentinstruction (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(12) NOT NULL,
    body jsonb NOT NULL,
    set_by_id uuid NOT NULL,
    talent_id uuid NOT NULL
);
CREATE TABLE public.licensing_termsversion (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    licence_id uuid NOT NULL,
    version integer NOT NULL,
    terms jsonb NOT NULL,
    terms_hash character varying(71) NOT NULL,
    side character varying(10) NOT NULL,
    note text NOT NULL,
    created_by_id uuid NOT NULL,
    request_id uuid NOT NULL,
    field_notes jsonb NOT NULL,
    CONSTRAINT licensing_termsversion_version_check CHECK ((version >= 0)),
    CONSTRAINT terms_hash_sha256 CHECK (((terms_hash)::text ~ '^sha256:[0-9a-f]{64}$'::text)),
    CONSTRAINT terms_never_carry_training CHECK (((terms ?& '{training,use_types}'::text[]) AND ((terms -> 'training'::text) ? 'allowed'::text) AND ((terms #> '{training,allowed}'::text[]) = 'false'::jsonb) AND (NOT ((terms -> 'use_types'::text) ?| '{DATA_MINING,EVALUATION,FINE_TUNE,SCRIPT_TRAINING,SUBLICENSE_THIRD_PARTY_TRAINING,TRAINING_GENERAL,TRAINING_REPLICA}'::text[]))))
);
CREATE VIEW public.licensing_token_standing AS
 SELECT t.jti,
    t.state,
    t.revoked_at,
    t.revocation_kind,
    s.jti AS successor,
    s.not_before AS successor_not_before,
    s.revoked_at AS successor_revoked_at,
    o.control_generation,
    concat(t.state, '|', date_part('epoch'::text, t.revoked_at), '|', t.revocation_kind, '|', s.jti, '|', date_part('epoch'::text, s.not_before), '|', date_part('epoch'::text, s.revoked_at), '|', o.control_generation, '|', (ARRAY( SELECT (licensing_hold.id || (licensing_hold.reason)::text)
           FROM public.licensing_hold
          WHERE ((licensing_hold.lifted_at IS NULL) AND (licensing_hold.covers = ANY (ARRAY[t.jti, t.talent_id, t.production_id, t.licensee_id, t.agency_id])))
          ORDER BY licensing_hold.id))::text) AS stamp
   FROM ((public.licensing_licencetoken t
     JOIN public.accounts_organisation o ON ((o.id = t.licensee_id)))
     LEFT JOIN public.licensing_licencetoken s ON ((s.supersedes_id = t.jti)));
CREATE TABLE public.licensing_trainingconsent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    terms_hash character varying(71) NOT NULL,
    given_at timestamp with time zone NOT NULL,
    given_by_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    request_id uuid NOT NULL
);
CREATE TABLE public.licensing_trainingrequest (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    licence_id uuid NOT NULL,
    state character varying(40) NOT NULL,
    use_types character varying(40)[] NOT NULL,
    terms jsonb NOT NULL,
    terms_hash character varying(71) NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    answer_by timestamp with time zone NOT NULL,
    notice_until timestamp with time zone,
    closed_at timestamp with time zone,
    decline_reason text NOT NULL,
    licensee_id uuid NOT NULL,
    production_id uuid NOT NULL,
    requested_by_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT training_request_asks_for_training_alone CHECK (((use_types <@ ARRAY['DATA_MINING'::character varying(40), 'EVALUATION'::character varying(40), 'FINE_TUNE'::character varying(40), 'SCRIPT_TRAINING'::character varying(40), 'SUBLICENSE_THIRD_PARTY_TRAINING'::character varying(40), 'TRAINING_GENERAL'::character varying(40), 'TRAINING_REPLICA'::character varying(40)]) AND (NOT (use_types = '{}'::character varying(40)[])))),
    CONSTRAINT training_terms_say_so CHECK (((terms #> '{training,allowed}'::text[]) = 'true'::jsonb))
);
CREATE TABLE public.licensing_trainingtoken (
    jti uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    use_types character varying(40)[] NOT NULL,
    constructs character varying(40)[] NOT NULL,
    terms_hash character varying(71) NOT NULL,
    runs_max bigint NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone NOT NULL,
    state character varying(40) NOT NULL,
    control_generation integer NOT NULL,
    grant_jws text NOT NULL,
    grant_kid character varying(80) NOT NULL,
    revoked_at timestamp with time zone,
    revocation_reason text NOT NULL,
    licensee_id uuid NOT NULL,
    production_id uuid NOT NULL,
    request_id uuid NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT licensing_trainingtoken_control_generation_check CHECK ((control_generation >= 0)),
    CONSTRAINT licensing_trainingtoken_runs_max_check CHECK ((runs_max >= 0)),
    CONSTRAINT training_token_ends_after_it_begins CHECK ((not_after > not_before)),
    CONSTRAINT training_token_grants_training_alone CHECK (((use_types <@ ARRAY['DATA_MINING'::character varying(40), 'EVALUATION'::character varying(40), 'FINE_TUNE'::character varying(40), 'SCRIPT_TRAINING'::character varying(40), 'SUBLICENSE_THIRD_PARTY_TRAINING'::character varying(40), 'TRAINING_GENERAL'::character varying(40), 'TRAINING_REPLICA'::character varying(40)]) AND (NOT (use_types = '{}'::character varying(40)[])))),
    CONSTRAINT training_token_revoked_has_its_time CHECK ((((revoked_at IS NOT NULL) AND ((state)::text = 'REVOKED'::text)) OR ((NOT ((state)::text = 'REVOKED'::text)) AND (revoked_at IS NULL))))
);
CREATE TABLE public.licensing_vaultconstruct (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(40) NOT NULL,
    sha256 character varying(64) NOT NULL,
    location_uri character varying(500) NOT NULL,
    talent_id uuid NOT NULL,
    CONSTRAINT construct_sha256_hex CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.licensing_visibilityrule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    construct character varying(40) NOT NULL,
    level character varying(40) NOT NULL,
    talent_id uuid NOT NULL,
    listed_ids uuid[] NOT NULL,
    set_at timestamp with time zone,
    set_by_id uuid
);
CREATE TABLE public.licensing_visibilityrule_organisations (
    id bigint NOT NULL,
    visibilityrule_id uuid CONSTRAINT licensing_visibilityrule_organisatio_visibilityrule_id_not_null NOT NULL,
    organisation_id uuid NOT NULL
);
ALTER TABLE public.licensing_visibilityrule_organisations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.licensing_visibilityrule_organisations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.mfa_authenticator (
    id bigint NOT NULL,
    type character varying(20) NOT NULL,
    data jsonb NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);
ALTER TABLE public.mfa_authenticator ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mfa_authenticator_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.notify_choice (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    topic character varying(10) NOT NULL,
    way character varying(6) NOT NULL,
    in_portal boolean NOT NULL,
    person_id uuid NOT NULL,
    CONSTRAINT stops_and_security_are_always_told CHECK (((NOT ((topic)::text = ANY ((ARRAY['STOP'::character varying, 'SECURITY'::character varying])::text[]))) OR (in_portal AND ((way)::text = 'EACH'::text))))
);
CREATE TABLE public.notify_delivery (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    attempts smallint NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    claimed_until timestamp with time zone,
    last_attempt_at timestamp with time zone,
    last_status smallint,
    last_error character varying(24) NOT NULL,
    delivered_at timestamp with time zone,
    dead_at timestamp with time zone,
    event_id bigint NOT NULL,
    endpoint_id uuid NOT NULL,
    CONSTRAINT delivered_or_dead CHECK (((delivered_at IS NULL) OR (dead_at IS NULL))),
    CONSTRAINT notify_delivery_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT notify_delivery_last_status_check CHECK ((last_status >= 0))
);
CREATE TABLE public.notify_letter (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    topic character varying(10) NOT NULL,
    kind character varying(60) NOT NULL,
    facts jsonb NOT NULL,
    in_portal boolean NOT NULL,
    read_at timestamp with time zone,
    mail character varying(8) NOT NULL,
    attempts smallint NOT NULL,
    next_attempt_at timestamp with time zone,
    claimed_until timestamp with time zone,
    last_attempt_at timestamp with time zone,
    last_error character varying(24) NOT NULL,
    sent_at timestamp with time zone,
    bundled_in_id uuid,
    event_id bigint,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    CONSTRAINT notify_letter_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT sent_letter_has_its_time CHECK (((((mail)::text = 'SENT'::text) AND (sent_at IS NOT NULL)) OR ((NOT ((mail)::text = 'SENT'::text)) AND (sent_at IS NULL)))),
    CONSTRAINT waiting_letter_has_its_time CHECK (((NOT ((mail)::text = ANY ((ARRAY['WAITING'::character varying, 'GATHERED'::character varying])::text[]))) OR (next_attempt_at IS NOT NULL)))
);
CREATE TABLE public.notify_notice (
    "position" bigint NOT NULL,
    organisation_id uuid NOT NULL,
    event_id bigint NOT NULL
);
ALTER TABLE public.notify_notice ALTER COLUMN "position" ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.notify_notice_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.notify_untoldevent (
    event_id bigint NOT NULL,
    kind character varying(60) NOT NULL,
    failures smallint NOT NULL,
    CONSTRAINT notify_untoldevent_failures_check CHECK ((failures >= 0))
);
CREATE TABLE public.notify_waitingevent (
    event_id bigint NOT NULL
);
CREATE TABLE public.notify_webhookendpoint (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    url character varying(500) NOT NULL,
    kinds character varying(60)[] NOT NULL,
    sealed_secret bytea NOT NULL,
    sealed_previous bytea,
    previous_until timestamp with time zone,
    enabled boolean NOT NULL,
    disabled_reason character varying(8) NOT NULL,
    disabled_at timestamp with time zone,
    last_success_at timestamp with time zone,
    failing_since timestamp with time zone,
    created_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT disabled_for_a_reason CHECK (((((disabled_reason)::text = ''::text) AND enabled) OR ((NOT enabled) AND (NOT ((disabled_reason)::text = ''::text)))))
);
CREATE TABLE public.provenance_asset (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    state character varying(10) NOT NULL,
    hold_reasons jsonb NOT NULL,
    file_name character varying(255) NOT NULL,
    token_jtis uuid[] NOT NULL,
    media jsonb NOT NULL,
    digital_source_type character varying(60) NOT NULL,
    mark_id character varying(16) NOT NULL,
    marked_layers character varying(8)[] NOT NULL,
    upload_blob character varying(255) NOT NULL,
    upload_sha256 character varying(64) NOT NULL,
    upload_bytes bigint NOT NULL,
    marked_blob character varying(255) NOT NULL,
    signed_blob character varying(255) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    released_at timestamp with time zone,
    idempotency_key character varying(200) NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    organisation_id uuid NOT NULL,
    production_id uuid NOT NULL,
    uploaded_by_id uuid NOT NULL,
    proxy_blob character varying(255) NOT NULL,
    proxy_bytes bigint NOT NULL,
    proxy_sha256 character varying(64) NOT NULL,
    waits_for character varying(10) NOT NULL,
    CONSTRAINT asset_cites_a_licence CHECK ((NOT (token_jtis = '{}'::uuid[]))),
    CONSTRAINT held_asset_says_why CHECK (((NOT ((state)::text = 'HELD'::text)) OR (NOT (hold_reasons = '[]'::jsonb)))),
    CONSTRAINT only_held_assets_have_reasons CHECK ((((state)::text = 'HELD'::text) OR (hold_reasons = '[]'::jsonb))),
    CONSTRAINT only_signing_waits_for_others CHECK ((((waits_for)::text = ''::text) OR ((state)::text = ANY ((ARRAY['SIGNING'::character varying, 'HELD'::character varying])::text[])))),
    CONSTRAINT provenance_asset_proxy_bytes_check CHECK ((proxy_bytes >= 0)),
    CONSTRAINT provenance_asset_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT provenance_asset_upload_bytes_check CHECK ((upload_bytes >= 0)),
    CONSTRAINT released_asset_is_marked_and_signed CHECK (((NOT ((state)::text = 'RELEASED'::text)) OR ((released_at IS NOT NULL) AND (NOT ((mark_id)::text = ''::text)) AND (NOT ((signed_blob)::text = ''::text)) AND (NOT ((sha256)::text = ''::text)))))
);
CREATE TABLE public.provenance_assetevent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    state_before character varying(10) NOT NULL,
    state_after character varying(10) NOT NULL,
    details jsonb NOT NULL,
    asset_id uuid NOT NULL,
    person_id uuid,
    CONSTRAINT provenance_assetevent_number_check CHECK ((number >= 0))
);
CREATE TABLE public.provenance_assetversion (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    label character varying(80) NOT NULL,
    content_sha256 character varying(64) NOT NULL,
    media_type character varying(120) NOT NULL,
    size_bytes bigint,
    frame_first integer,
    frame_last integer,
    origin character varying(20) NOT NULL,
    made_at timestamp with time zone,
    token_jtis uuid[] NOT NULL,
    mark_id character varying(16) NOT NULL,
    metadata jsonb NOT NULL,
    credential_id uuid,
    output_id uuid,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT asset_version_frames_in_order CHECK ((((frame_first IS NULL) AND (frame_last IS NULL)) OR (frame_last >= frame_first))),
    CONSTRAINT provenance_assetversion_number_check CHECK ((number >= 0)),
    CONSTRAINT provenance_assetversion_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.provenance_classification (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    code character varying(60) NOT NULL,
    because jsonb NOT NULL,
    production_id uuid NOT NULL,
    version_id uuid NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT provenance_classification_number_check CHECK ((number >= 0))
);
CREATE TABLE public.provenance_custodydocument (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    name character varying(200) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    facts jsonb NOT NULL,
    credential_id uuid,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    version_id uuid NOT NULL,
    event_id bigint NOT NULL,
    text_id uuid,
    CONSTRAINT provenance_custodydocument_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.provenance_decision (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome character varying(18) NOT NULL,
    stage character varying(10) NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    version_id uuid NOT NULL,
    event_id bigint NOT NULL,
    note_id uuid
);
CREATE TABLE public.provenance_generationinput (
    id uuid NOT NULL,
    role character varying(12) NOT NULL,
    version_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    model_id uuid NOT NULL,
    asset_id uuid NOT NULL
);
CREATE TABLE public.provenance_generationoutput (
    id uuid NOT NULL,
    version_id uuid NOT NULL,
    generation_id uuid NOT NULL
);
CREATE TABLE public.provenance_generationrecord (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    external_id character varying(200) NOT NULL,
    engine character varying(120) NOT NULL,
    engine_version character varying(80) NOT NULL,
    seed character varying(40) NOT NULL,
    guidance_scale character varying(24) NOT NULL,
    parameters jsonb NOT NULL,
    token_jtis uuid[] NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    model_id uuid NOT NULL,
    event_id bigint NOT NULL,
    negative_prompt_id uuid,
    prompt_id uuid
);
CREATE TABLE public.provenance_generativemodel (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    name character varying(160) NOT NULL,
    version character varying(80) NOT NULL,
    sha256 character varying(64) NOT NULL,
    provider character varying(160) NOT NULL,
    asset_version_id uuid,
    production_id uuid NOT NULL,
    event_id bigint NOT NULL
);
CREATE TABLE public.provenance_graphasset (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(12) NOT NULL,
    name character varying(200) NOT NULL,
    external_id character varying(200) NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    event_id bigint NOT NULL,
    CONSTRAINT graph_asset_has_a_name CHECK ((NOT ((name)::text = ''::text)))
);
CREATE TABLE public.provenance_labelproposal (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    code character varying(60) NOT NULL,
    reason character varying(500) NOT NULL,
    credential_id uuid,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    version_id uuid NOT NULL,
    event_id bigint NOT NULL
);
CREATE TABLE public.provenance_manifestrecord (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    blob character varying(255) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes integer NOT NULL,
    digital_source_type character varying(200) NOT NULL,
    verdict character varying(12) NOT NULL,
    report jsonb NOT NULL,
    asset_id uuid NOT NULL,
    CONSTRAINT provenance_manifestrecord_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.provenance_productionkey (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sealed_key bytea,
    destroyed_at timestamp with time zone,
    production_id uuid NOT NULL,
    CONSTRAINT production_key_is_there_or_destroyed CHECK ((((destroyed_at IS NULL) AND (sealed_key IS NOT NULL)) OR ((destroyed_at IS NOT NULL) AND (sealed_key IS NULL))))
);
CREATE TABLE public.provenance_provenanceevent (
    number bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    object_id uuid NOT NULL,
    batch uuid NOT NULL,
    "position" integer NOT NULL,
    salt bytea NOT NULL,
    payload text NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    CONSTRAINT provenance_provenanceevent_position_check CHECK (("position" >= 0))
);
ALTER TABLE public.provenance_provenanceevent ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.provenance_provenanceevent_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.provenance_questiontime (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    question character varying(10) NOT NULL,
    through character varying(6) NOT NULL,
    seconds double precision NOT NULL,
    is_complete boolean NOT NULL,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    version_id uuid NOT NULL,
    CONSTRAINT question_took_some_time CHECK ((seconds >= (0.0)::double precision))
);
CREATE TABLE public.provenance_relation (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    role character varying(12) NOT NULL,
    tool character varying(120) NOT NULL,
    frame_first integer,
    frame_last integer,
    parent_first integer,
    region text NOT NULL,
    child_id uuid NOT NULL,
    credential_id uuid,
    event_id bigint NOT NULL,
    generation_id uuid,
    mask_id uuid,
    parent_id uuid NOT NULL,
    person_id uuid NOT NULL,
    production_id uuid NOT NULL,
    CONSTRAINT relation_frames_in_order CHECK ((((frame_first IS NULL) AND (frame_last IS NULL) AND (parent_first IS NULL)) OR (frame_last >= frame_first))),
    CONSTRAINT relation_joins_two CHECK ((NOT (child_id = parent_id)))
);
CREATE TABLE public.provenance_resolutionchoice (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    is_public boolean NOT NULL,
    chosen_at timestamp with time zone NOT NULL,
    chosen_by_id uuid NOT NULL,
    production_id uuid NOT NULL
);
CREATE TABLE public.provenance_sealedtext (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sealed bytea NOT NULL,
    commitment character varying(64) NOT NULL,
    production_id uuid NOT NULL,
    subject_ids uuid[] NOT NULL
);
CREATE TABLE public.provenance_signingauthority (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state character varying(8) NOT NULL,
    authority_pem text NOT NULL,
    certificate_pem text NOT NULL,
    sealed_authority_key bytea NOT NULL,
    sealed_signing_key bytea,
    not_after timestamp with time zone NOT NULL,
    compromised_at timestamp with time zone,
    revocation_reason character varying(24) NOT NULL,
    revoked_at timestamp with time zone,
    key_backend character varying(8) NOT NULL,
    key_reference character varying(2048) NOT NULL,
    CONSTRAINT claim_key_is_sealed_or_named CHECK (((((key_backend)::text = 'database'::text) AND ((key_reference)::text = ''::text) AND (sealed_signing_key IS NOT NULL)) OR ((NOT ((key_backend)::text = 'database'::text)) AND (sealed_signing_key IS NULL) AND (NOT ((key_reference)::text = ''::text))))),
    CONSTRAINT revoked_certificate_says_why CHECK ((((revoked_at IS NOT NULL) AND ((state)::text = 'REVOKED'::text) AND (NOT ((revocation_reason)::text = ''::text))) OR ((NOT ((state)::text = 'REVOKED'::text)) AND (compromised_at IS NULL) AND ((revocation_reason)::text = ''::text) AND (revoked_at IS NULL))))
);
CREATE TABLE public.provenance_visiblelabelrecord (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    label character varying(8) NOT NULL,
    place character varying(12) NOT NULL,
    words character varying(300) NOT NULL,
    asset_sha256 character varying(64) NOT NULL,
    asset_id uuid NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL
);
CREATE TABLE public.receipts_checkkey (
    id bigint NOT NULL,
    credential_id uuid NOT NULL,
    key character varying(200) NOT NULL,
    body_sha256 bytea NOT NULL,
    check_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE public.receipts_checkkey ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_checkkey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_checktally (
    token_jti uuid NOT NULL,
    counter character varying(8) NOT NULL,
    quarter integer NOT NULL,
    log_id integer NOT NULL,
    allowed integer NOT NULL,
    refused integer NOT NULL,
    units bigint NOT NULL,
    last_at timestamp with time zone NOT NULL
)
WITH (fillfactor='60');
CREATE TABLE public.receipts_dpopproofseen (
    digest bytea NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.receipts_frametally (
    token_jti uuid NOT NULL,
    block bigint NOT NULL,
    shot character varying(120) NOT NULL,
    counter character varying(8) NOT NULL,
    quarter integer NOT NULL,
    log_id integer NOT NULL,
    rendered integer NOT NULL,
    again integer NOT NULL,
    failed integer NOT NULL,
    discarded integer NOT NULL,
    first_leaf bigint NOT NULL,
    last_leaf bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    as_rendered int4multirange NOT NULL,
    as_again int4multirange NOT NULL,
    as_lost int4multirange NOT NULL
)
WITH (fillfactor='60');
CREATE TABLE public.receipts_lease (
    id bigint NOT NULL,
    uid uuid NOT NULL,
    check_id uuid NOT NULL,
    token_jti uuid NOT NULL,
    production_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    credential_id uuid,
    terms_version integer NOT NULL,
    talent character varying(80) NOT NULL,
    counter character varying(8) NOT NULL,
    use_type character varying(40) NOT NULL,
    shot character varying(120) NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    state character varying(8) NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    heartbeat_seconds integer NOT NULL,
    grace_seconds integer NOT NULL,
    window_ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    end_reason character varying(40) NOT NULL,
    units_used integer,
    log_id integer NOT NULL,
    grace_frames integer DEFAULT 100 NOT NULL,
    beside character varying(8) DEFAULT ''::character varying NOT NULL,
    beside_units integer DEFAULT 0 NOT NULL,
    sequence character varying(120) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT lease_end_is_dated CHECK ((((state)::text = 'ACTIVE'::text) OR (ended_at IS NOT NULL))),
    CONSTRAINT lease_range_ordered CHECK ((last >= first))
)
WITH (fillfactor='70');
ALTER TABLE public.receipts_lease ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_lease_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_licencetally (
    token_jti uuid NOT NULL,
    log_id integer NOT NULL,
    rendered bigint DEFAULT 0 NOT NULL,
    again bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    discarded bigint DEFAULT 0 NOT NULL,
    unauthorised bigint DEFAULT 0 NOT NULL,
    allowed bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    first_receipt_at timestamp with time zone,
    last_receipt_at timestamp with time zone,
    last_check_at timestamp with time zone
)
WITH (fillfactor='60');
CREATE TABLE public.receipts_logcheckpoint (
    id bigint NOT NULL,
    size bigint NOT NULL,
    previous bigint,
    root bytea NOT NULL,
    note bytea NOT NULL,
    published_at timestamp with time zone NOT NULL,
    log_id integer NOT NULL
);
ALTER TABLE public.receipts_logcheckpoint ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_logcheckpoint_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_logcosignature (
    id bigint NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    seen_at bigint NOT NULL,
    note bytea NOT NULL,
    received_at timestamp with time zone NOT NULL,
    log_id integer NOT NULL,
    witness_id bigint NOT NULL
);
ALTER TABLE public.receipts_logcosignature ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_logcosignature_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_logentry (
    idx bigint NOT NULL,
    lease bigint,
    received_at timestamp with time zone NOT NULL,
    log_id integer NOT NULL,
    frame integer,
    kind smallint NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
)
PARTITION BY HASH (log_id);
ALTER TABLE ONLY public.receipts_logentry ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_0 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_0 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_1 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_1 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_10 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_10 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_11 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_11 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_12 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_12 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_13 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_13 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_14 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_14 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_15 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_15 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_2 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_2 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_3 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_3 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_4 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_4 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_5 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_5 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_6 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_6 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_7 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_7 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_8 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_8 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logentry_9 (
    idx bigint CONSTRAINT receipts_logentry_idx_not_null NOT NULL,
    lease bigint,
    received_at timestamp with time zone CONSTRAINT receipts_logentry_received_at_not_null NOT NULL,
    log_id integer CONSTRAINT receipts_logentry_log_id_not_null NOT NULL,
    frame integer,
    kind smallint CONSTRAINT receipts_logentry_kind_not_null NOT NULL,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea CONSTRAINT receipts_logentry_entry_not_null NOT NULL,
    CONSTRAINT log_entry_is_short CHECK (((octet_length(entry) >= 2) AND (octet_length(entry) <= 65535)))
);
ALTER TABLE ONLY public.receipts_logentry_9 ALTER COLUMN entry SET STORAGE MAIN;
CREATE TABLE public.receipts_logpublication (
    log_id integer NOT NULL,
    size bigint NOT NULL,
    checkpoint bytea NOT NULL,
    stale_tile bigint,
    published_at timestamp with time zone
);
CREATE TABLE public.receipts_offlinereckoning (
    lease_id bigint NOT NULL,
    frames integer NOT NULL,
    debited integer NOT NULL,
    CONSTRAINT reckoning_counts_forward CHECK (((frames >= 0) AND (debited >= 0)))
);
CREATE TABLE public.receipts_pendingentry (
    id bigint NOT NULL,
    production_id uuid NOT NULL,
    kind smallint NOT NULL,
    ref uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    entry bytea NOT NULL
);
ALTER TABLE public.receipts_pendingentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_pendingentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_productionlog (
    id integer NOT NULL,
    production_id uuid NOT NULL,
    origin character varying(200) NOT NULL,
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT log_size_counts CHECK ((size >= 0))
)
WITH (fillfactor='50');
ALTER TABLE public.receipts_productionlog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_productionlog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_quota (
    token_jti uuid NOT NULL,
    counter character varying(8) NOT NULL,
    most bigint NOT NULL,
    granted bigint NOT NULL,
    CONSTRAINT quota_never_overdrawn CHECK (((granted >= 0) AND (granted <= most)))
)
WITH (fillfactor='50');
CREATE TABLE public.receipts_receiptbatch (
    id uuid NOT NULL,
    caller_id uuid NOT NULL,
    key character varying(200) NOT NULL,
    body_sha256 bytea NOT NULL,
    accepted integer NOT NULL,
    unauthorised integer NOT NULL,
    refused integer NOT NULL,
    sizes jsonb NOT NULL,
    runs jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.receipts_receiptdebt (
    lease_id bigint NOT NULL,
    token_jti uuid NOT NULL,
    credential_id uuid NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE public.receipts_rendercheck (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome character varying(24) NOT NULL,
    reasons character varying(40)[] NOT NULL,
    obligations character varying(40)[] NOT NULL,
    token_jti uuid,
    production_id uuid,
    organisation_id uuid NOT NULL,
    credential_id uuid,
    terms_version integer,
    use_type character varying(40) NOT NULL,
    construct character varying(40) NOT NULL,
    shot character varying(120) NOT NULL,
    task character varying(120) NOT NULL,
    worker character varying(120) NOT NULL,
    first integer,
    last integer,
    counter character varying(8) NOT NULL,
    units_asked integer NOT NULL,
    units_reserved integer NOT NULL,
    valid_until timestamp with time zone,
    lease_uid uuid,
    input_sha256 bytea NOT NULL,
    policy_version character varying(40) NOT NULL,
    policy_hash character varying(80) NOT NULL
);
CREATE TABLE public.receipts_returntally (
    token_jti uuid NOT NULL,
    counter character varying(8) NOT NULL,
    quarter integer NOT NULL,
    units bigint NOT NULL
)
WITH (fillfactor='60');
CREATE TABLE public.receipts_screentime (
    token_jti uuid NOT NULL,
    sequence character varying(120) NOT NULL,
    shot character varying(120) NOT NULL,
    frames int4multirange NOT NULL
);
CREATE TABLE public.receipts_shottally (
    token_jti uuid NOT NULL,
    shot character varying(120) NOT NULL,
    log_id integer NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL
)
WITH (fillfactor='60');
CREATE TABLE public.receipts_unauthorisedframe (
    id bigint NOT NULL,
    idx bigint NOT NULL,
    token_jti uuid,
    lease_uid uuid,
    frame integer NOT NULL,
    shot character varying(120) NOT NULL,
    code character varying(40) NOT NULL,
    reported_by uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    log_id integer NOT NULL
);
ALTER TABLE public.receipts_unauthorisedframe ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_unauthorisedframe_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.receipts_witness (
    id bigint NOT NULL,
    name character varying(200) NOT NULL,
    vkey character varying(300) NOT NULL,
    organisation_id uuid,
    url character varying(300) NOT NULL,
    added_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone
);
ALTER TABLE public.receipts_witness ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.receipts_witness_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.screenplays_access (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    purpose character varying(9) NOT NULL,
    outcome character varying(9) NOT NULL,
    authority character varying(6) NOT NULL,
    reasons character varying(40)[] NOT NULL,
    training_granted boolean NOT NULL,
    pipeline character varying(120) NOT NULL,
    valid_until timestamp with time zone,
    part character varying(4) NOT NULL,
    sha256 character varying(64) NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    permission_id uuid,
    person_id uuid NOT NULL,
    version_id uuid,
    work_id uuid NOT NULL,
    grant_id uuid,
    CONSTRAINT access_has_its_authority CHECK ((((outcome)::text = 'REFUSED'::text) OR (((authority)::text = 'GRANT'::text) AND (grant_id IS NOT NULL)) OR (((authority)::text = ANY ((ARRAY['KEEPER'::character varying, 'WRITER'::character varying])::text[])) AND ((purpose)::text = 'READ'::text)))),
    CONSTRAINT delivery_names_what_was_handed_out CHECK (((NOT ((outcome)::text = 'DELIVERED'::text)) OR ((permission_id IS NOT NULL) AND (version_id IS NOT NULL) AND (NOT ((sha256)::text = ''::text)) AND (NOT ((part)::text = ''::text))))),
    CONSTRAINT refused_access_has_its_reasons CHECK (((((outcome)::text = 'REFUSED'::text) OR (reasons = '{}'::character varying(40)[])) AND (1 = (
CASE
    WHEN ((outcome)::text = 'REFUSED'::text) THEN 1
    ELSE 0
END +
CASE
    WHEN (reasons = '{}'::character varying(40)[]) THEN 1
    ELSE 0
END)))),
    CONSTRAINT training_access_had_training_granted CHECK (((NOT ((purpose)::text = 'TRAIN'::text)) OR ((outcome)::text = 'REFUSED'::text) OR training_granted))
);
CREATE TABLE public.screenplays_copy (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    recipient character varying(120) NOT NULL,
    sha256 character varying(64) NOT NULL,
    pages integer NOT NULL,
    marked_words integer NOT NULL,
    blob character varying(300) NOT NULL,
    access_id uuid NOT NULL,
    made_by_id uuid NOT NULL,
    version_id uuid NOT NULL,
    work_id uuid NOT NULL,
    CONSTRAINT copy_has_its_recipient CHECK ((NOT ((recipient)::text = ''::text))),
    CONSTRAINT screenplays_copy_marked_words_check CHECK ((marked_words >= 0)),
    CONSTRAINT screenplays_copy_number_check CHECK ((number >= 0)),
    CONSTRAINT screenplays_copy_pages_check CHECK ((pages >= 0))
);
CREATE TABLE public.screenplays_grant (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    purpose character varying(9) NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone NOT NULL,
    basis character varying(300) NOT NULL,
    ended_at timestamp with time zone,
    end_reason character varying(500) NOT NULL,
    credential_id uuid,
    ended_by_id uuid,
    granted_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    person_id uuid,
    training_licence_id uuid,
    version_id uuid,
    work_id uuid NOT NULL,
    CONSTRAINT grant_ended_by_somebody_for_a_reason CHECK (((((end_reason)::text = ''::text) AND (ended_at IS NULL) AND (ended_by_id IS NULL)) OR ((ended_at IS NOT NULL) AND (ended_by_id IS NOT NULL) AND (NOT ((end_reason)::text = ''::text))))),
    CONSTRAINT grant_ends_after_it_begins CHECK ((not_after > not_before)),
    CONSTRAINT grant_is_to_a_person_or_a_machine CHECK ((((credential_id IS NOT NULL) AND (person_id IS NULL)) OR ((credential_id IS NULL) AND (person_id IS NOT NULL)))),
    CONSTRAINT training_licence_is_for_training_alone CHECK (((training_licence_id IS NULL) OR ((purpose)::text = 'TRAIN'::text)))
);
CREATE TABLE public.screenplays_historicalwork (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    title character varying(200) NOT NULL,
    kind character varying(12) NOT NULL,
    authors character varying(300) NOT NULL,
    destroyed_at timestamp with time zone,
    history_id integer NOT NULL,
    history_date timestamp with time zone NOT NULL,
    history_change_reason character varying(100),
    history_type character varying(1) NOT NULL,
    history_user_id uuid,
    organisation_id uuid,
    production_id uuid,
    registered_by_id uuid,
    writer_id uuid
);
ALTER TABLE public.screenplays_historicalwork ALTER COLUMN history_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.screenplays_historicalwork_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.screenplays_scene (
    id bigint NOT NULL,
    ordinal integer NOT NULL,
    label character varying(20) NOT NULL,
    sealed_heading bytea NOT NULL,
    words integer NOT NULL,
    mac character varying(64) NOT NULL,
    version_id uuid NOT NULL,
    CONSTRAINT scene_mac_hex CHECK (((mac)::text ~ '^[0-9a-f]{64}\Z'::text)),
    CONSTRAINT screenplays_scene_ordinal_check CHECK ((ordinal >= 0)),
    CONSTRAINT screenplays_scene_words_check CHECK ((words >= 0))
);
ALTER TABLE public.screenplays_scene ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.screenplays_scene_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.screenplays_sceneshot (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    shot character varying(80) NOT NULL,
    ended_at timestamp with time zone,
    linked_by_id uuid NOT NULL,
    scene_id bigint NOT NULL,
    CONSTRAINT scene_shot_has_its_name CHECK ((NOT ((shot)::text = ''::text)))
);
CREATE TABLE public.screenplays_version (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    label character varying(80) NOT NULL,
    dated date,
    format character varying(12) NOT NULL,
    encoding character varying(12) NOT NULL,
    file_name character varying(240) NOT NULL,
    size_bytes bigint NOT NULL,
    pages integer NOT NULL,
    words integer NOT NULL,
    sha256 character varying(64) NOT NULL,
    wording_sha256 character varying(64) NOT NULL,
    iscc character varying(80) NOT NULL,
    sketch bigint[] NOT NULL,
    file_blob character varying(300) NOT NULL,
    text_blob character varying(300) NOT NULL,
    submitted_by_id uuid NOT NULL,
    submitted_key_id uuid,
    work_id uuid NOT NULL,
    CONSTRAINT screenplays_version_number_check CHECK ((number >= 0)),
    CONSTRAINT screenplays_version_pages_check CHECK ((pages >= 0)),
    CONSTRAINT screenplays_version_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT screenplays_version_words_check CHECK ((words >= 0)),
    CONSTRAINT version_hashes_hex CHECK ((((sha256)::text ~ '^[0-9a-f]{64}\Z'::text) AND ((wording_sha256)::text ~ '^[0-9a-f]{64}\Z'::text)))
);
CREATE TABLE public.screenplays_versionproof (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    envelope bytea NOT NULL,
    kid character varying(64) NOT NULL,
    stamp bytea,
    version_id uuid NOT NULL
);
CREATE TABLE public.screenplays_work (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    title character varying(200) NOT NULL,
    kind character varying(12) NOT NULL,
    authors character varying(300) NOT NULL,
    sealed_key bytea,
    destroyed_at timestamp with time zone,
    organisation_id uuid NOT NULL,
    production_id uuid,
    registered_by_id uuid NOT NULL,
    writer_id uuid,
    CONSTRAINT work_has_its_key_or_its_end CHECK ((((destroyed_at IS NULL) AND (sealed_key IS NOT NULL)) OR ((destroyed_at IS NOT NULL) AND (sealed_key IS NULL))))
);
CREATE UNLOGGED TABLE public.shared_cache (
    cache_key character varying(255) NOT NULL,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE TABLE public.socialaccount_socialaccount (
    id integer NOT NULL,
    provider character varying(200) NOT NULL,
    uid character varying(191) NOT NULL,
    last_login timestamp with time zone NOT NULL,
    date_joined timestamp with time zone NOT NULL,
    extra_data jsonb NOT NULL,
    user_id uuid NOT NULL
);
ALTER TABLE public.socialaccount_socialaccount ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialaccount_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.socialaccount_socialapp (
    id integer NOT NULL,
    provider character varying(30) NOT NULL,
    name character varying(40) NOT NULL,
    client_id character varying(191) NOT NULL,
    secret character varying(191) NOT NULL,
    key character varying(191) NOT NULL,
    provider_id character varying(200) NOT NULL,
    settings jsonb NOT NULL
);
ALTER TABLE public.socialaccount_socialapp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialapp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.socialaccount_socialtoken (
    id integer NOT NULL,
    token text NOT NULL,
    token_secret text NOT NULL,
    expires_at timestamp with time zone,
    account_id integer NOT NULL,
    app_id integer
);
ALTER TABLE public.socialaccount_socialtoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.socialaccount_socialtoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.training_contractbinding (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    source_class_id uuid NOT NULL,
    contract_id uuid NOT NULL
);
CREATE TABLE public.training_datacontract (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    contract_id character varying(120) NOT NULL,
    version character varying(40) NOT NULL,
    name character varying(200) NOT NULL,
    text text NOT NULL,
    hash character varying(71) NOT NULL,
    state character varying(7) NOT NULL,
    activated_at timestamp with time zone,
    retired_at timestamp with time zone,
    retire_reason character varying(500) NOT NULL,
    activated_by_id uuid,
    organisation_id uuid NOT NULL,
    registered_by_id uuid NOT NULL,
    retired_by_id uuid,
    CONSTRAINT data_contract_is_put_into_force_by_somebody CHECK (((NOT ((state)::text = 'ACTIVE'::text)) OR ((activated_at IS NOT NULL) AND (activated_by_id IS NOT NULL)))),
    CONSTRAINT data_contract_takes_two_people CHECK (((activated_by_id IS NULL) OR (NOT ((activated_by_id = registered_by_id) AND (activated_by_id IS NOT NULL)))))
);
CREATE TABLE public.training_derivative (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    dataset character varying(80) NOT NULL,
    dataset_version integer NOT NULL,
    kind character varying(5) NOT NULL,
    role character varying(40) NOT NULL,
    media_type character varying(120) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    technical jsonb NOT NULL,
    held character varying(9) NOT NULL,
    location character varying(1000) NOT NULL,
    flags character varying(40)[] NOT NULL,
    removed_at timestamp with time zone,
    organisation_id uuid NOT NULL,
    node_id bigint NOT NULL,
    job_id uuid NOT NULL,
    CONSTRAINT training_derivative_dataset_version_check CHECK ((dataset_version >= 0)),
    CONSTRAINT training_derivative_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.training_domainrule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    domain character varying(253) NOT NULL,
    is_blocked boolean NOT NULL,
    reason character varying(500) NOT NULL,
    organisation_id uuid NOT NULL,
    set_by_id uuid NOT NULL
);
CREATE TABLE public.training_fingerprint (
    number bigint NOT NULL,
    at_seconds double precision,
    quality smallint NOT NULL,
    bits bytea NOT NULL,
    organisation_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    of character varying(8) DEFAULT 'PICTURE'::character varying NOT NULL,
    CONSTRAINT training_fingerprint_quality_check CHECK ((quality >= 0))
);
ALTER TABLE public.training_fingerprint ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.training_fingerprint_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.training_houserules (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    licence_classes character varying(24)[] NOT NULL,
    prohibited_source_types character varying(20)[] NOT NULL,
    prohibited_methods character varying(12)[] NOT NULL,
    territories character varying(6)[] NOT NULL,
    retention_days integer,
    takedowns jsonb NOT NULL,
    text text NOT NULL,
    note character varying(500) NOT NULL,
    organisation_id uuid NOT NULL,
    set_by_id uuid NOT NULL,
    CONSTRAINT house_rules_permit_something CHECK (((
CASE
    WHEN (licence_classes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(licence_classes, 1), 0)
END > 0) AND (
CASE
    WHEN (territories IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(territories, 1), 0)
END > 0))),
    CONSTRAINT training_houserules_retention_days_check CHECK ((retention_days >= 0)),
    CONSTRAINT training_houserules_version_check CHECK ((version >= 0))
);
CREATE TABLE public.training_importrefusal (
    number bigint NOT NULL,
    "row" bigint NOT NULL,
    code character varying(60) NOT NULL,
    detail character varying(300) NOT NULL,
    external_id character varying(200) NOT NULL,
    decision_id uuid,
    material_import_id uuid NOT NULL,
    CONSTRAINT training_importrefusal_row_check CHECK (("row" >= 0))
);
ALTER TABLE public.training_importrefusal ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.training_importrefusal_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.training_inspectionlook (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    findings jsonb NOT NULL,
    organisation_id uuid NOT NULL,
    asked_by_id uuid NOT NULL
);
CREATE TABLE public.training_lineageedge (
    number bigint NOT NULL,
    job uuid,
    at timestamp with time zone NOT NULL,
    organisation_id uuid NOT NULL,
    child_id bigint NOT NULL,
    parent_id bigint NOT NULL,
    CONSTRAINT lineage_edge_leads_on CHECK ((NOT (parent_id = child_id)))
);
ALTER TABLE public.training_lineageedge ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.training_lineageedge_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.training_lineageevent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    body jsonb NOT NULL,
    tries smallint NOT NULL,
    error character varying(40) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    given_up_at timestamp with time zone,
    organisation_id uuid NOT NULL,
    CONSTRAINT training_lineageevent_tries_check CHECK ((tries >= 0))
);
CREATE TABLE public.training_lineagehead (
    organisation_id uuid NOT NULL,
    edges bigint NOT NULL,
    last_edge bigint NOT NULL,
    CONSTRAINT training_lineagehead_edges_check CHECK ((edges >= 0)),
    CONSTRAINT training_lineagehead_last_edge_check CHECK ((last_edge >= 0))
);
CREATE TABLE public.training_lineagenode (
    number bigint NOT NULL,
    kind character varying(10) NOT NULL,
    ref uuid NOT NULL,
    organisation_id uuid NOT NULL
);
ALTER TABLE public.training_lineagenode ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.training_lineagenode_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.training_manifestrow (
    id uuid NOT NULL,
    ordinal integer NOT NULL,
    ref uuid NOT NULL,
    is_derivative boolean NOT NULL,
    sources uuid[] NOT NULL,
    line bytea NOT NULL,
    node_id bigint NOT NULL,
    manifest_id uuid NOT NULL,
    CONSTRAINT manifest_row_has_its_source CHECK ((
CASE
    WHEN (sources IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(sources, 1), 0)
END > 0)),
    CONSTRAINT training_manifestrow_ordinal_check CHECK ((ordinal >= 0))
);
CREATE TABLE public.training_materialimport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    collector character varying(120) NOT NULL,
    repeat_key character varying(200) NOT NULL,
    blob character varying(300) NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 character varying(64) NOT NULL,
    state character varying(9) NOT NULL,
    failure character varying(40) NOT NULL,
    rows_read bigint NOT NULL,
    rows_admitted bigint NOT NULL,
    rows_isolated bigint NOT NULL,
    rows_same bigint NOT NULL,
    rows_refused bigint NOT NULL,
    bytes_read bigint NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    organisation_id uuid NOT NULL,
    submitted_by_id uuid NOT NULL,
    credential_id uuid,
    cancelled_by_id uuid,
    stuck smallint NOT NULL,
    CONSTRAINT material_import_is_cancelled_by_somebody CHECK ((((cancelled_by_id IS NOT NULL) AND (finished_at IS NOT NULL) AND ((state)::text = 'CANCELLED'::text)) OR ((NOT ((state)::text = 'CANCELLED'::text)) AND (cancelled_by_id IS NULL)))),
    CONSTRAINT training_materialimport_bytes_read_check CHECK ((bytes_read >= 0)),
    CONSTRAINT training_materialimport_rows_admitted_check CHECK ((rows_admitted >= 0)),
    CONSTRAINT training_materialimport_rows_isolated_check CHECK ((rows_isolated >= 0)),
    CONSTRAINT training_materialimport_rows_read_check CHECK ((rows_read >= 0)),
    CONSTRAINT training_materialimport_rows_refused_check CHECK ((rows_refused >= 0)),
    CONSTRAINT training_materialimport_rows_same_check CHECK ((rows_same >= 0)),
    CONSTRAINT training_materialimport_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT training_materialimport_stuck_check CHECK ((stuck >= 0))
);
CREATE TABLE public.training_modelversion (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(120) NOT NULL,
    version character varying(60) NOT NULL,
    sha256 character varying(64) NOT NULL,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    run_id uuid NOT NULL
);
CREATE TABLE public.training_policydecision (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    subject_type character varying(20) NOT NULL,
    subject_id uuid,
    covers integer NOT NULL,
    outcome character varying(8) NOT NULL,
    codes character varying(60)[] NOT NULL,
    facts jsonb NOT NULL,
    facts_hash character varying(71) NOT NULL,
    contract_hash character varying(71) NOT NULL,
    exceptions uuid[] NOT NULL,
    asked_by_id uuid,
    organisation_id uuid NOT NULL,
    policy_id character varying(71) NOT NULL,
    after_id uuid,
    CONSTRAINT refusal_has_its_reason CHECK ((((outcome)::text = 'ADMIT'::text) OR (
CASE
    WHEN (codes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(codes, 1), 0)
END > 0))),
    CONSTRAINT training_policydecision_covers_check CHECK ((covers >= 0))
);
CREATE TABLE public.training_policytext (
    hash character varying(71) NOT NULL,
    text text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.training_reportrerun (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state character varying(7) NOT NULL,
    problem character varying(60) NOT NULL,
    content_id character varying(71) NOT NULL,
    differs jsonb NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    asked_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    report_id uuid NOT NULL,
    CONSTRAINT report_rerun_ends_whole CHECK ((((done_at IS NULL) AND ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying])::text[]))) OR ((done_at IS NOT NULL) AND ((state)::text = 'DONE'::text) AND (NOT ((content_id)::text = ''::text))) OR ((done_at IS NOT NULL) AND ((state)::text = 'FAILED'::text) AND (NOT ((problem)::text = ''::text)))))
);
CREATE TABLE public.training_review (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    codes character varying(60)[] NOT NULL,
    risk smallint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    answer character varying(6) NOT NULL,
    answered_at timestamp with time zone,
    reason character varying(2000) NOT NULL,
    answered_by_id uuid,
    collected_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    CONSTRAINT review_is_answered_whole CHECK (((((answer)::text = ''::text) AND (answered_at IS NULL) AND (answered_by_id IS NULL)) OR ((NOT ((answer)::text = ''::text)) AND (answered_at IS NOT NULL) AND (answered_by_id IS NOT NULL) AND (NOT ((reason)::text = ''::text))))),
    CONSTRAINT review_is_somebody_elses CHECK (((answered_by_id IS NULL) OR (NOT ((answered_by_id = collected_by_id) AND (answered_by_id IS NOT NULL))))),
    CONSTRAINT training_review_risk_check CHECK ((risk >= 0))
);
CREATE TABLE public.training_rightscomparison (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    codes character varying(60)[] NOT NULL,
    organisation_id uuid NOT NULL,
    rights_id uuid NOT NULL,
    takedown_id uuid,
    CONSTRAINT rights_that_narrow_open_a_case CHECK ((((
CASE
    WHEN (codes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(codes, 1), 0)
END = 0) AND (takedown_id IS NULL)) OR ((
CASE
    WHEN (codes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(codes, 1), 0)
END > 0) AND (takedown_id IS NOT NULL))))
);
CREATE TABLE public.training_rightsend (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reason character varying(500) NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    ended_by_id uuid,
    rights_id uuid NOT NULL
);
CREATE TABLE public.training_rightsexception (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    codes character varying(60)[] NOT NULL,
    reason character varying(2000) NOT NULL,
    compensating_controls character varying(2000) NOT NULL,
    rollback_plan character varying(2000) NOT NULL,
    review_on date NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    signed_at timestamp with time zone,
    ended_at timestamp with time zone,
    asked_by_id uuid NOT NULL,
    ended_by_id uuid,
    organisation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    signed_by_id uuid,
    source_id uuid,
    source_class_id uuid NOT NULL,
    CONSTRAINT exception_is_signed_by_another CHECK ((((signed_at IS NULL) AND (signed_by_id IS NULL)) OR ((signed_at IS NOT NULL) AND (signed_by_id IS NOT NULL) AND (NOT ((signed_by_id = asked_by_id) AND (signed_by_id IS NOT NULL)))))),
    CONSTRAINT exception_says_what_is_done_instead CHECK (((NOT ((compensating_controls)::text = ''::text)) AND (NOT ((rollback_plan)::text = ''::text)) AND (
CASE
    WHEN (codes IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(codes, 1), 0)
END > 0)))
);
CREATE TABLE public.training_rightsrecord (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    licence_class character varying(30) NOT NULL,
    licence_type character varying(120) NOT NULL,
    licence_source character varying(500) NOT NULL,
    may_train boolean NOT NULL,
    may_derive boolean NOT NULL,
    may_redistribute boolean NOT NULL,
    restrictions character varying(200)[] NOT NULL,
    territories character varying(6)[] NOT NULL,
    attribution character varying(500) NOT NULL,
    expires_on date,
    time_zone character varying(60) NOT NULL,
    expires_at timestamp with time zone,
    retention_days integer,
    checks jsonb NOT NULL,
    evidence_sha256 character varying(64) NOT NULL,
    evidence_uri character varying(1000) NOT NULL,
    next_review_on date NOT NULL,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    recorded_by_id uuid NOT NULL,
    training_token_id uuid,
    source_id uuid NOT NULL,
    CONSTRAINT rights_are_stated_and_shown CHECK (((NOT ((licence_type)::text = ''::text)) AND (NOT ((licence_source)::text = ''::text)) AND (NOT ((evidence_uri)::text = ''::text)))),
    CONSTRAINT rights_end_in_a_time_zone CHECK ((((expires_at IS NULL) AND (expires_on IS NULL)) OR ((expires_at IS NOT NULL) AND (expires_on IS NOT NULL)))),
    CONSTRAINT rights_of_a_talent_have_their_licence CHECK (((((licence_class)::text = 'TALENT_TRAINING_LICENCE'::text) AND (training_token_id IS NOT NULL)) OR ((NOT ((licence_class)::text = 'TALENT_TRAINING_LICENCE'::text)) AND (training_token_id IS NULL)))),
    CONSTRAINT training_rightsrecord_retention_days_check CHECK ((retention_days >= 0)),
    CONSTRAINT training_rightsrecord_version_check CHECK ((version >= 0))
);
CREATE TABLE public.training_rightsreport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    scope character varying(12) NOT NULL,
    ref uuid,
    until timestamp with time zone NOT NULL,
    last_event bigint NOT NULL,
    last_edge bigint NOT NULL,
    state character varying(8) NOT NULL,
    problem character varying(60) NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    content_id character varying(71) NOT NULL,
    head jsonb NOT NULL,
    statement bytea,
    location character varying(300) NOT NULL,
    size_bytes bigint NOT NULL,
    done_at timestamp with time zone,
    took_ms bigint,
    asked_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT rights_report_done_is_signed CHECK (((NOT ((state)::text = 'DONE'::text)) OR ((done_at IS NOT NULL) AND (statement IS NOT NULL) AND (took_ms IS NOT NULL) AND (NOT ((content_id)::text = ''::text))))),
    CONSTRAINT rights_report_fails_for_a_reason CHECK (((NOT ((state)::text = 'FAILED'::text)) OR (NOT ((problem)::text = ''::text)))),
    CONSTRAINT rights_report_is_about_something CHECK ((((ref IS NULL) AND ((scope)::text = 'ORGANISATION'::text)) OR ((NOT ((scope)::text = 'ORGANISATION'::text)) AND (ref IS NOT NULL)))),
    CONSTRAINT training_rightsreport_last_edge_check CHECK ((last_edge >= 0)),
    CONSTRAINT training_rightsreport_last_event_check CHECK ((last_event >= 0)),
    CONSTRAINT training_rightsreport_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT training_rightsreport_took_ms_check CHECK ((took_ms >= 0))
);
CREATE TABLE public.training_rightsreview (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_on date NOT NULL,
    answer character varying(5) NOT NULL,
    answered_at timestamp with time zone,
    note character varying(2000) NOT NULL,
    next_on date,
    answered_by_id uuid,
    organisation_id uuid NOT NULL,
    rights_id uuid NOT NULL,
    CONSTRAINT rights_review_is_answered_whole CHECK (((((answer)::text = ''::text) AND (answered_at IS NULL) AND (answered_by_id IS NULL) AND (next_on IS NULL)) OR ((NOT ((answer)::text = ''::text)) AND (answered_at IS NOT NULL) AND (answered_by_id IS NOT NULL) AND (NOT ((note)::text = ''::text))))),
    CONSTRAINT rights_review_is_followed_by_another CHECK (((NOT ((answer)::text = 'KEEP'::text)) OR (next_on > due_on)))
);
CREATE TABLE public.training_scanjob (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    under character varying(71),
    was character varying(8) NOT NULL,
    was_location character varying(1000) NOT NULL,
    state character varying(7) NOT NULL,
    problem character varying(60) NOT NULL,
    attempts smallint NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    asked_by_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    credential_id uuid,
    organisation_id uuid NOT NULL,
    CONSTRAINT scan_job_ends_whole CHECK ((((finished_at IS NULL) AND ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying])::text[]))) OR ((finished_at IS NOT NULL) AND ((state)::text = 'DONE'::text)) OR ((finished_at IS NOT NULL) AND ((state)::text = 'FAILED'::text) AND (NOT ((problem)::text = ''::text))))),
    CONSTRAINT training_scanjob_attempts_check CHECK ((attempts >= 0))
);
CREATE TABLE public.training_scriptsearch (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    after uuid,
    looks smallint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    texts_read bigint NOT NULL,
    texts_held bigint NOT NULL,
    finished_at timestamp with time zone,
    version_id uuid NOT NULL,
    CONSTRAINT script_search_holds_what_it_read CHECK ((texts_held <= texts_read)),
    CONSTRAINT training_scriptsearch_looks_check CHECK ((looks >= 0)),
    CONSTRAINT training_scriptsearch_texts_held_check CHECK ((texts_held >= 0)),
    CONSTRAINT training_scriptsearch_texts_read_check CHECK ((texts_read >= 0))
);
CREATE TABLE public.training_scriptuse (
    asset_id uuid NOT NULL,
    version_id uuid NOT NULL
);
CREATE TABLE public.training_source (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    canonical_url character varying(1000) NOT NULL,
    domain character varying(253) NOT NULL,
    platform character varying(120) NOT NULL,
    platform_id character varying(200) NOT NULL,
    rights_holder character varying(200) NOT NULL,
    geography character varying(6) NOT NULL,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    registered_by_id uuid NOT NULL,
    source_class_id uuid NOT NULL,
    CONSTRAINT source_has_a_rights_holder CHECK ((NOT ((rights_holder)::text = ''::text)))
);
CREATE TABLE public.training_sourceclass (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    code character varying(60) NOT NULL,
    source_type character varying(20) NOT NULL,
    purpose character varying(200) NOT NULL,
    is_allowed boolean NOT NULL,
    expected_value smallint NOT NULL,
    stopped_at timestamp with time zone,
    stop_reason character varying(500) NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT source_class_stopped_for_a_reason CHECK (((stopped_at IS NULL) OR (NOT ((stop_reason)::text = ''::text)))),
    CONSTRAINT source_class_value CHECK (((expected_value >= 1) AND (expected_value <= 5))),
    CONSTRAINT training_sourceclass_expected_value_check CHECK ((expected_value >= 0))
);
CREATE TABLE public.training_systemreport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    system character varying(80) NOT NULL,
    told_sha256 character varying(64) NOT NULL,
    held_sha256 character varying(64) NOT NULL,
    differs integer NOT NULL,
    differences jsonb NOT NULL,
    organisation_id uuid NOT NULL,
    reported_by_id uuid NOT NULL,
    CONSTRAINT training_systemreport_differs_check CHECK ((differs >= 0))
);
CREATE TABLE public.training_takedown (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    trigger character varying(16) NOT NULL,
    is_drill boolean NOT NULL,
    reason character varying(2000) NOT NULL,
    roots bigint[] NOT NULL,
    as_of_edge bigint NOT NULL,
    reached integer NOT NULL,
    reached_root character varying(64) NOT NULL,
    counts jsonb NOT NULL,
    measured jsonb NOT NULL,
    due_at timestamp with time zone NOT NULL,
    state character varying(10) NOT NULL,
    ended_at timestamp with time zone,
    end_reason character varying(2000) NOT NULL,
    certificate bytea,
    ended_by_id uuid,
    opened_by_id uuid,
    organisation_id uuid NOT NULL,
    rights_id uuid,
    CONSTRAINT takedown_begins_somewhere CHECK ((
CASE
    WHEN (roots IS NULL) THEN NULL::integer
    ELSE COALESCE(array_length(roots, 1), 0)
END > 0)),
    CONSTRAINT takedown_closed_is_certified CHECK (((NOT ((state)::text = 'CLOSED'::text)) OR (certificate IS NOT NULL))),
    CONSTRAINT training_takedown_as_of_edge_check CHECK ((as_of_edge >= 0)),
    CONSTRAINT training_takedown_reached_check CHECK ((reached >= 0))
);
CREATE TABLE public.training_takedownitem (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    ref uuid,
    label character varying(200) NOT NULL,
    choices character varying(10)[] NOT NULL,
    action character varying(10) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    evidence character varying(2000) NOT NULL,
    evidence_sha256 character varying(64) NOT NULL,
    done_by_id uuid,
    owner_id uuid,
    takedown_id uuid NOT NULL,
    CONSTRAINT takedown_item_is_done_with_evidence CHECK (((((action)::text = ''::text) AND (done_at IS NULL)) OR ((done_at IS NOT NULL) AND (NOT ((action)::text = ''::text)) AND (NOT ((evidence)::text = ''::text)))))
);
CREATE TABLE public.training_takedownreach (
    was_admitted boolean NOT NULL,
    node_id bigint NOT NULL,
    takedown_id uuid NOT NULL,
    at timestamp with time zone
);
CREATE TABLE public.training_textsketch (
    asset_id uuid NOT NULL,
    scale integer NOT NULL,
    hashes bigint[] NOT NULL,
    organisation_id uuid NOT NULL,
    key_id character varying(16) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT training_textsketch_scale_check CHECK ((scale >= 0))
);
CREATE TABLE public.training_trainingasset (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    external_id character varying(200) NOT NULL,
    version integer NOT NULL,
    kind character varying(5) NOT NULL,
    media_type character varying(120) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    canonical_url character varying(1000) NOT NULL,
    method character varying(12) NOT NULL,
    collector character varying(120) NOT NULL,
    collected_at timestamp with time zone NOT NULL,
    licence_claim character varying(200) NOT NULL,
    capture jsonb NOT NULL,
    findings jsonb NOT NULL,
    state character varying(8) NOT NULL,
    held character varying(9) NOT NULL,
    location character varying(1000) NOT NULL,
    stored_at timestamp with time zone,
    decision_id uuid NOT NULL,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    rights_id uuid NOT NULL,
    source_id uuid NOT NULL,
    CONSTRAINT training_trainingasset_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT training_trainingasset_version_check CHECK ((version >= 0))
);
CREATE TABLE public.training_trainingmanifest (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    content_id character varying(71) NOT NULL,
    name character varying(80) NOT NULL,
    head jsonb NOT NULL,
    envelope bytea NOT NULL,
    rows integer NOT NULL,
    rows_root character varying(64) NOT NULL,
    territory character varying(6) NOT NULL,
    code_commit character varying(64) NOT NULL,
    container_image character varying(300) NOT NULL,
    released_at timestamp with time zone,
    withdrawn_at timestamp with time zone,
    withdrawn_reason character varying(500) NOT NULL,
    frozen_by_id uuid NOT NULL,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    policy_id character varying(71) NOT NULL,
    released_by_id uuid,
    CONSTRAINT training_manifest_ends_for_a_reason CHECK ((((withdrawn_at IS NULL) AND ((withdrawn_reason)::text = ''::text)) OR ((withdrawn_at IS NOT NULL) AND (NOT ((withdrawn_reason)::text = ''::text))))),
    CONSTRAINT training_manifest_lists_something CHECK ((rows > 0)),
    CONSTRAINT training_manifest_takes_two_people CHECK ((((released_at IS NULL) AND (released_by_id IS NULL)) OR ((released_at IS NOT NULL) AND (released_by_id IS NOT NULL) AND (NOT ((released_by_id = frozen_by_id) AND (released_by_id IS NOT NULL)))))),
    CONSTRAINT training_trainingmanifest_rows_check CHECK ((rows >= 0))
);
CREATE TABLE public.training_trainingquestion (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    took_ms bigint NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT training_trainingquestion_took_ms_check CHECK ((took_ms >= 0))
);
CREATE TABLE public.training_trainingrun (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    external_id character varying(200) NOT NULL,
    name character varying(120) NOT NULL,
    code_commit character varying(64) NOT NULL,
    container_image character varying(300) NOT NULL,
    parameters jsonb NOT NULL,
    refusals character varying(60)[] NOT NULL,
    manifest_id uuid,
    node_id bigint NOT NULL,
    organisation_id uuid NOT NULL,
    registered_by_id uuid NOT NULL
);
CREATE TABLE public.training_transformitem (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ordinal integer NOT NULL,
    state character varying(8) NOT NULL,
    codes jsonb NOT NULL,
    done_at timestamp with time zone,
    asset_id uuid NOT NULL,
    derivative_id uuid,
    run_id uuid NOT NULL,
    CONSTRAINT training_transformitem_ordinal_check CHECK ((ordinal >= 0)),
    CONSTRAINT transform_item_made_has_its_output CHECK ((((derivative_id IS NOT NULL) AND ((state)::text = 'MADE'::text)) OR ((NOT ((state)::text = 'MADE'::text)) AND (derivative_id IS NULL))))
);
CREATE TABLE public.training_transformjob (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(120) NOT NULL,
    code_commit character varying(64) NOT NULL,
    container_image character varying(300) NOT NULL,
    steps jsonb NOT NULL,
    approved_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    run_by_id uuid NOT NULL,
    CONSTRAINT transform_job_takes_two_people CHECK ((NOT (run_by_id = approved_by_id)))
);
CREATE TABLE public.training_transformrun (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    dataset character varying(80) NOT NULL,
    dataset_version integer NOT NULL,
    role character varying(40) NOT NULL,
    state character varying(8) NOT NULL,
    stopped_for character varying(60) NOT NULL,
    inputs integer NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    job_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    started_by_id uuid NOT NULL,
    CONSTRAINT training_transformrun_dataset_version_check CHECK ((dataset_version >= 0)),
    CONSTRAINT training_transformrun_inputs_check CHECK ((inputs >= 0)),
    CONSTRAINT transform_run_stops_for_a_reason CHECK ((((finished_at IS NOT NULL) AND ((state)::text = 'STOPPED'::text) AND (NOT ((stopped_for)::text = ''::text))) OR ((NOT ((state)::text = 'STOPPED'::text)) AND ((stopped_for)::text = ''::text))))
);
CREATE TABLE public.verification_detectorpromotion (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ensemble character varying(64) NOT NULL,
    calibration_set character varying(600) NOT NULL,
    holdout character varying(200) NOT NULL,
    policy character varying(64) NOT NULL,
    evaluation jsonb NOT NULL,
    figures jsonb NOT NULL,
    asked_by_id uuid NOT NULL
);
CREATE TABLE public.verification_promotionword (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    verdict character varying(9) NOT NULL,
    person_id uuid NOT NULL,
    promotion_id uuid NOT NULL
);
CREATE TABLE public.verification_publiccheck (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    digest character varying(64) NOT NULL,
    file_name character varying(200) NOT NULL,
    content_type character varying(100) NOT NULL,
    size_bytes bigint NOT NULL,
    blob character varying(255) NOT NULL,
    state character varying(8) NOT NULL,
    stages jsonb NOT NULL,
    attempts smallint NOT NULL,
    error_code character varying(40) NOT NULL,
    answer jsonb,
    CONSTRAINT check_digest_hex CHECK (((digest)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT check_that_is_done_has_its_answer CHECK (((NOT ((state)::text = 'DONE'::text)) OR (answer IS NOT NULL))),
    CONSTRAINT verification_publiccheck_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT verification_publiccheck_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.verification_publicswitch (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    is_on boolean NOT NULL,
    person_id uuid NOT NULL
);
CREATE TABLE public.verification_replay (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    differences jsonb NOT NULL,
    decision jsonb NOT NULL,
    asked_by_id uuid NOT NULL,
    record_id uuid NOT NULL
);
CREATE TABLE public.verification_review (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    verdict character varying(9) NOT NULL,
    reason character varying(500) NOT NULL,
    organisation_id uuid NOT NULL,
    person_id uuid NOT NULL,
    record_id uuid NOT NULL,
    CONSTRAINT review_says_why CHECK ((NOT ((reason)::text = ''::text)))
);
CREATE TABLE public.verification_verification (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    file_name character varying(200) NOT NULL,
    content_type character varying(100) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    blob character varying(255) NOT NULL,
    impact character varying(4) NOT NULL,
    layers character varying(16)[] NOT NULL,
    state character varying(8) NOT NULL,
    stages jsonb NOT NULL,
    attempts smallint NOT NULL,
    error_code character varying(40) NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    asked_by_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    CONSTRAINT failed_verification_says_why CHECK (((NOT ((state)::text = 'FAILED'::text)) OR (NOT ((error_code)::text = ''::text)))),
    CONSTRAINT verification_sha256_hex CHECK (((sha256)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT verification_verification_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT verification_verification_size_bytes_check CHECK ((size_bytes >= 0))
);
CREATE TABLE public.verification_verificationrecord (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    report jsonb NOT NULL,
    report_sha256 character varying(64) NOT NULL,
    kid character varying(64) NOT NULL,
    signature bytea NOT NULL,
    policy jsonb NOT NULL,
    trial jsonb,
    action character varying(8) NOT NULL,
    headline character varying(24) NOT NULL,
    verification_id uuid NOT NULL,
    CONSTRAINT record_sha256_hex CHECK (((report_sha256)::text ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE public.watermarking_markdetection (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    file_name character varying(200) NOT NULL,
    blob character varying(300) NOT NULL,
    layers character varying(8)[] NOT NULL,
    state character varying(8) NOT NULL,
    result jsonb,
    error_code character varying(40) NOT NULL,
    finished_at timestamp with time zone,
    organisation_id uuid,
    sha256 character varying(64) NOT NULL,
    attempts smallint NOT NULL,
    is_batched boolean NOT NULL,
    CONSTRAINT watermarking_markdetection_attempts_check CHECK ((attempts >= 0))
);
CREATE TABLE public.watermarking_markregistration (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mark_id character varying(16) NOT NULL,
    production_id uuid NOT NULL,
    token_jtis uuid[] NOT NULL,
    asset_id uuid,
    card character varying(80) NOT NULL,
    key_id character varying(32) NOT NULL,
    segment character varying(80) NOT NULL,
    visible_to uuid[] NOT NULL,
    registered_by_id uuid,
    vendor_ids uuid[] NOT NULL,
    CONSTRAINT mark_id_is_64_bits CHECK (((mark_id)::text ~ '^[0-9a-f]{16}$'::text))
);
CREATE TABLE public.watermarking_markreport (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    results jsonb NOT NULL,
    registration_id uuid NOT NULL
);
CREATE TABLE public.watermarking_mediajob (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state character varying(12) NOT NULL,
    device character varying(3) NOT NULL,
    wait_code character varying(40) NOT NULL,
    error_code character varying(40) NOT NULL,
    file_name character varying(255) NOT NULL,
    source_blob character varying(300) NOT NULL,
    owns_source boolean NOT NULL,
    is_film boolean NOT NULL,
    source_sha256 character varying(64) NOT NULL,
    crf smallint,
    lossless boolean NOT NULL,
    seconds double precision NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    frames_total bigint NOT NULL,
    bytes_needed bigint NOT NULL,
    result jsonb,
    result_blob character varying(300) NOT NULL,
    result_sha256 character varying(64) NOT NULL,
    result_bytes bigint NOT NULL,
    "then" jsonb,
    admitted_at timestamp with time zone,
    finished_at timestamp with time zone,
    touched_at timestamp with time zone NOT NULL,
    organisation_id uuid NOT NULL,
    registration_id uuid NOT NULL,
    CONSTRAINT failed_job_has_its_code CHECK (((((error_code)::text > ''::text) AND ((state)::text = 'FAILED'::text)) OR ((NOT ((state)::text = 'FAILED'::text)) AND ((error_code)::text = ''::text)))),
    CONSTRAINT finished_job_has_its_time CHECK ((((finished_at IS NULL) AND ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying, 'VERIFYING'::character varying])::text[]))) OR ((NOT ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying, 'VERIFYING'::character varying])::text[]))) AND (finished_at IS NOT NULL)))),
    CONSTRAINT watermarking_mediajob_bytes_needed_check CHECK ((bytes_needed >= 0)),
    CONSTRAINT watermarking_mediajob_crf_check CHECK ((crf >= 0)),
    CONSTRAINT watermarking_mediajob_frames_total_check CHECK ((frames_total >= 0)),
    CONSTRAINT watermarking_mediajob_height_check CHECK ((height >= 0)),
    CONSTRAINT watermarking_mediajob_result_bytes_check CHECK ((result_bytes >= 0)),
    CONSTRAINT watermarking_mediajob_width_check CHECK ((width >= 0))
);
CREATE TABLE public.watermarking_mediastretch (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    plan jsonb NOT NULL,
    state character varying(7) NOT NULL,
    frames integer NOT NULL,
    frames_done integer NOT NULL,
    attempts smallint NOT NULL,
    host character varying(120) NOT NULL,
    blob character varying(300) NOT NULL,
    sha256 character varying(64) NOT NULL,
    size_bytes bigint NOT NULL,
    result jsonb,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    job_id uuid NOT NULL,
    CONSTRAINT marked_stretch_has_its_file CHECK (((NOT ((state)::text = 'DONE'::text)) OR (((blob)::text > ''::text) AND ((sha256)::text > ''::text)))),
    CONSTRAINT watermarking_mediastretch_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT watermarking_mediastretch_frames_check CHECK ((frames >= 0)),
    CONSTRAINT watermarking_mediastretch_frames_done_check CHECK ((frames_done >= 0)),
    CONSTRAINT watermarking_mediastretch_number_check CHECK ((number >= 0)),
    CONSTRAINT watermarking_mediastretch_size_bytes_check CHECK ((size_bytes >= 0))
);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_0 FOR VALUES WITH (modulus 16, remainder 0);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_1 FOR VALUES WITH (modulus 16, remainder 1);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_10 FOR VALUES WITH (modulus 16, remainder 10);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_11 FOR VALUES WITH (modulus 16, remainder 11);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_12 FOR VALUES WITH (modulus 16, remainder 12);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_13 FOR VALUES WITH (modulus 16, remainder 13);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_14 FOR VALUES WITH (modulus 16, remainder 14);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_15 FOR VALUES WITH (modulus 16, remainder 15);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_2 FOR VALUES WITH (modulus 16, remainder 2);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_3 FOR VALUES WITH (modulus 16, remainder 3);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_4 FOR VALUES WITH (modulus 16, remainder 4);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_5 FOR VALUES WITH (modulus 16, remainder 5);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_6 FOR VALUES WITH (modulus 16, remainder 6);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_7 FOR VALUES WITH (modulus 16, remainder 7);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_8 FOR VALUES WITH (modulus 16, remainder 8);
ALTER TABLE ONLY public.receipts_logentry ATTACH PARTITION public.receipts_logentry_9 FOR VALUES WITH (modulus 16, remainder 9);
INSERT INTO public.django_migrations VALUES
	(1, 'accounts', '0001_initial', '2000-01-01 00:00:00+00'),
	(2, 'account', '0001_initial', '2000-01-01 00:00:00+00'),
	(3, 'account', '0002_email_max_length', '2000-01-01 00:00:00+00'),
	(4, 'account', '0003_alter_emailaddress_create_unique_verified_email', '2000-01-01 00:00:00+00'),
	(5, 'account', '0004_alter_emailaddress_drop_unique_email', '2000-01-01 00:00:00+00'),
	(6, 'account', '0005_emailaddress_idx_upper_email', '2000-01-01 00:00:00+00'),
	(7, 'account', '0006_emailaddress_lower', '2000-01-01 00:00:00+00'),
	(8, 'account', '0007_emailaddress_idx_email', '2000-01-01 00:00:00+00'),
	(9, 'account', '0008_emailaddress_unique_primary_email_fixup', '2000-01-01 00:00:00+00'),
	(10, 'account', '0009_emailaddress_unique_primary_email', '2000-01-01 00:00:00+00'),
	(11, 'accounts', '0002_credential_stamp', '2000-01-01 00:00:00+00'),
	(12, 'accounts', '0010_event_scopes', '2000-01-01 00:00:00+00'),
	(13, 'accounts', '0020_credential_certificate', '2000-01-01 00:00:00+00'),
	(14, 'accounts', '0021_operators_and_counsel', '2000-01-01 00:00:00+00'),
	(15, 'accounts', '0030_doors', '2000-01-01 00:00:00+00'),
	(16, 'accounts', '0030_user_language', '2000-01-01 00:00:00+00'),
	(17, 'accounts', '0031_operators_apart', '2000-01-01 00:00:00+00'),
	(18, 'accounts', '0050_reader_answers_for_no_key', '2000-01-01 00:00:00+00'),
	(19, 'accounts', '0150_credential_networks', '2000-01-01 00:00:00+00'),
	(20, 'accounts', '0151_mail_of_links_waits', '2000-01-01 00:00:00+00'),
	(21, 'accounts', '0160_password_letters', '2000-01-01 00:00:00+00'),
	(22, 'accounts', '0161_own_sign_in', '2000-01-01 00:00:00+00'),
	(23, 'accounts', '0162_scopes_of_scripts_and_training', '2000-01-01 00:00:00+00'),
	(24, 'accounts', '0200_subject_keys', '2000-01-01 00:00:00+00'),
	(25, 'accounts', '0201_destroyed_keys_stay_destroyed', '2000-01-01 00:00:00+00'),
	(26, 'contenttypes', '0001_initial', '2000-01-01 00:00:00+00'),
	(27, 'admin', '0001_initial', '2000-01-01 00:00:00+00'),
	(28, 'admin', '0002_logentry_remove_auto_add', '2000-01-01 00:00:00+00'),
	(29, 'admin', '0003_logentry_add_action_flag_choices', '2000-01-01 00:00:00+00'),
	(30, 'audit', '0001_initial', '2000-01-01 00:00:00+00'),
	(31, 'audit', '0002_append_only', '2000-01-01 00:00:00+00'),
	(32, 'audit', '0200_sealed_under_subjects', '2000-01-01 00:00:00+00'),
	(33, 'audit', '0400_archive', '2000-01-01 00:00:00+00'),
	(34, 'contenttypes', '0002_remove_content_type_name', '2000-01-01 00:00:00+00'),
	(35, 'auth', '0001_initial', '2000-01-01 00:00:00+00'),
	(36, 'auth', '0002_alter_permission_name_max_length', '2000-01-01 00:00:00+00'),
	(37, 'auth', '0003_alter_user_email_max_length', '2000-01-01 00:00:00+00'),
	(38, 'auth', '0004_alter_user_username_opts', '2000-01-01 00:00:00+00'),
	(39, 'auth', '0005_alter_user_last_login_null', '2000-01-01 00:00:00+00'),
	(40, 'auth', '0006_require_contenttypes_0002', '2000-01-01 00:00:00+00'),
	(41, 'auth', '0007_alter_validators_add_error_messages', '2000-01-01 00:00:00+00'),
	(42, 'auth', '0008_alter_user_username_max_length', '2000-01-01 00:00:00+00'),
	(43, 'auth', '0009_alter_user_last_name_max_length', '2000-01-01 00:00:00+00'),
	(44, 'auth', '0010_alter_group_name_max_length', '2000-01-01 00:00:00+00'),
	(45, 'auth', '0011_update_proxy_permissions', '2000-01-01 00:00:00+00'),
	(46, 'auth', '0012_alter_user_first_name_max_length', '2000-01-01 00:00:00+00'),
	(47, 'common', '0001_initial', '2000-01-01 00:00:00+00'),
	(48, 'common', '0002_shared_cache', '2000-01-01 00:00:00+00'),
	(49, 'common', '0010_key_backends', '2000-01-01 00:00:00+00'),
	(50, 'licensing', '0001_vault_requests_tokens', '2000-01-01 00:00:00+00'),
	(51, 'licensing', '0002_lock_what_was_agreed', '2000-01-01 00:00:00+00'),
	(52, 'licensing', '0010_holds', '2000-01-01 00:00:00+00'),
	(53, 'licensing', '0030_status_changes', '2000-01-01 00:00:00+00'),
	(54, 'licensing', '0031_grant_reissues', '2000-01-01 00:00:00+00'),
	(55, 'licensing', '0032_hold_status', '2000-01-01 00:00:00+00'),
	(56, 'licensing', '0100_consent', '2000-01-01 00:00:00+00'),
	(57, 'licensing', '0101_consent_in_the_database', '2000-01-01 00:00:00+00'),
	(58, 'licensing', '0110_negotiation', '2000-01-01 00:00:00+00'),
	(59, 'licensing', '0111_closed_requests_stay_closed', '2000-01-01 00:00:00+00'),
	(60, 'licensing', '0120_training', '2000-01-01 00:00:00+00'),
	(61, 'licensing', '0121_training_is_the_talents', '2000-01-01 00:00:00+00'),
	(62, 'licensing', '0130_events', '2000-01-01 00:00:00+00'),
	(63, 'licensing', '0131_duties_are_met_once', '2000-01-01 00:00:00+00'),
	(64, 'licensing', '0140_guild_rolls', '2000-01-01 00:00:00+00'),
	(65, 'licensing', '0141_members_loosen_themselves', '2000-01-01 00:00:00+00'),
	(66, 'licensing', '0150_quota_alerts', '2000-01-01 00:00:00+00'),
	(67, 'licensing', '0151_members_by_name', '2000-01-01 00:00:00+00'),
	(68, 'licensing', '0160_person_signatures', '2000-01-01 00:00:00+00'),
	(69, 'licensing', '0170_rollouts', '2000-01-01 00:00:00+00'),
	(70, 'licensing', '0171_shadows_never_change', '2000-01-01 00:00:00+00'),
	(71, 'licensing', '0180_yeses_by_side', '2000-01-01 00:00:00+00'),
	(72, 'licensing', '0200_sealed_under_subjects', '2000-01-01 00:00:00+00'),
	(73, 'licensing', '0201_seal_what_was_written', '2000-01-01 00:00:00+00'),
	(74, 'licensing', '0202_the_erased_are_hidden', '2000-01-01 00:00:00+00'),
	(75, 'compliance', '0001_bundles', '2000-01-01 00:00:00+00'),
	(76, 'compliance', '0010_incidents', '2000-01-01 00:00:00+00'),
	(77, 'compliance', '0011_incidents_are_kept', '2000-01-01 00:00:00+00'),
	(78, 'compliance', '0030_reconciliations', '2000-01-01 00:00:00+00'),
	(79, 'compliance', '0200_erasures', '2000-01-01 00:00:00+00'),
	(80, 'compliance', '0300_erasure_waits_its_days', '2000-01-01 00:00:00+00'),
	(81, 'compliance', '0400_bundles_of_a_part', '2000-01-01 00:00:00+00'),
	(82, 'licensing', '0400_rules_hold_every_clause', '2000-01-01 00:00:00+00'),
	(83, 'licensing', '0401_checkpoints_passed', '2000-01-01 00:00:00+00'),
	(84, 'licensing', '0410_rules_are_closed_over_terms', '2000-01-01 00:00:00+00'),
	(85, 'licensing', '0420_counsel_signs_off', '2000-01-01 00:00:00+00'),
	(86, 'licensing', '0421_held_frames_are_let_go', '2000-01-01 00:00:00+00'),
	(87, 'licensing', '0422_studios_blocked', '2000-01-01 00:00:00+00'),
	(88, 'licensing', '0423_what_only_the_talent_says', '2000-01-01 00:00:00+00'),
	(89, 'licensing', '0430_production_ends', '2000-01-01 00:00:00+00'),
	(90, 'licensing', '0431_yeses_at_checkpoints', '2000-01-01 00:00:00+00'),
	(91, 'mfa', '0001_initial', '2000-01-01 00:00:00+00'),
	(92, 'mfa', '0002_authenticator_timestamps', '2000-01-01 00:00:00+00'),
	(93, 'mfa', '0003_authenticator_type_uniq', '2000-01-01 00:00:00+00'),
	(94, 'notify', '0001_notices_and_webhooks', '2000-01-01 00:00:00+00'),
	(95, 'notify', '0002_hear_the_trail', '2000-01-01 00:00:00+00'),
	(96, 'notify', '0003_letters', '2000-01-01 00:00:00+00'),
	(97, 'notify', '0020_topics_of_training_and_outputs', '2000-01-01 00:00:00+00'),
	(98, 'provenance', '0001_outputs', '2000-01-01 00:00:00+00'),
	(99, 'provenance', '0002_append_only', '2000-01-01 00:00:00+00'),
	(100, 'provenance', '0030_certificate_revocation', '2000-01-01 00:00:00+00'),
	(101, 'provenance', '0031_softbinding_resolution', '2000-01-01 00:00:00+00'),
	(102, 'provenance', '0040_graph', '2000-01-01 00:00:00+00'),
	(103, 'provenance', '0041_graph_integrity', '2000-01-01 00:00:00+00'),
	(104, 'provenance', '0060_exchange', '2000-01-01 00:00:00+00'),
	(105, 'provenance', '0200_prompts_about_people', '2000-01-01 00:00:00+00'),
	(106, 'provenance', '0300_labels_and_times', '2000-01-01 00:00:00+00'),
	(107, 'provenance', '0320_papers_about_people', '2000-01-01 00:00:00+00'),
	(108, 'provenance', '0330_texts_close_for_the_erased', '2000-01-01 00:00:00+00'),
	(109, 'provenance', '0331_close_what_was_missed', '2000-01-01 00:00:00+00'),
	(110, 'receipts', '0001_ledger', '2000-01-01 00:00:00+00'),
	(111, 'receipts', '0002_append_only', '2000-01-01 00:00:00+00'),
	(112, 'receipts', '0010_debts_and_kinds', '2000-01-01 00:00:00+00'),
	(113, 'receipts', '0020_offline_reckoning', '2000-01-01 00:00:00+00'),
	(114, 'receipts', '0030_key_entries', '2000-01-01 00:00:00+00'),
	(115, 'receipts', '0040_public_log', '2000-01-01 00:00:00+00'),
	(116, 'receipts', '0060_keep_checks', '2000-01-01 00:00:00+00'),
	(117, 'receipts', '0061_leases_by_time', '2000-01-01 00:00:00+00'),
	(118, 'receipts', '0070_recorded_entries', '2000-01-01 00:00:00+00'),
	(119, 'receipts', '0080_kept_counts', '2000-01-01 00:00:00+00'),
	(120, 'receipts', '0090_words_and_screen', '2000-01-01 00:00:00+00'),
	(121, 'receipts', '0100_count_what_was_leased', '2000-01-01 00:00:00+00'),
	(122, 'screenplays', '0001_works_and_versions', '2000-01-01 00:00:00+00'),
	(123, 'screenplays', '0002_grants_and_accesses', '2000-01-01 00:00:00+00'),
	(124, 'screenplays', '0003_copies_shots_and_proofs', '2000-01-01 00:00:00+00'),
	(125, 'sessions', '0001_initial', '2000-01-01 00:00:00+00'),
	(126, 'socialaccount', '0001_initial', '2000-01-01 00:00:00+00'),
	(127, 'socialaccount', '0002_token_max_lengths', '2000-01-01 00:00:00+00'),
	(128, 'socialaccount', '0003_extra_data_default_dict', '2000-01-01 00:00:00+00'),
	(129, 'socialaccount', '0004_app_provider_id_settings', '2000-01-01 00:00:00+00'),
	(130, 'socialaccount', '0005_socialtoken_nullable_app', '2000-01-01 00:00:00+00'),
	(131, 'socialaccount', '0006_alter_socialaccount_extra_data', '2000-01-01 00:00:00+00'),
	(132, 'training', '0001_gate', '2000-01-01 00:00:00+00'),
	(133, 'training', '0002_what_was_captured_stays', '2000-01-01 00:00:00+00'),
	(134, 'training', '0020_manifests', '2000-01-01 00:00:00+00'),
	(135, 'training', '0021_manifests_stay', '2000-01-01 00:00:00+00'),
	(136, 'training', '0030_takedowns', '2000-01-01 00:00:00+00'),
	(137, 'training', '0031_takedowns_stay', '2000-01-01 00:00:00+00'),
	(138, 'training', '0040_contracts', '2000-01-01 00:00:00+00'),
	(139, 'training', '0041_contracts_stay', '2000-01-01 00:00:00+00'),
	(140, 'training', '0060_reports', '2000-01-01 00:00:00+00'),
	(141, 'training', '0061_reports_stay', '2000-01-01 00:00:00+00'),
	(142, 'training', '0070_imports', '2000-01-01 00:00:00+00'),
	(143, 'training', '0071_imports_stay', '2000-01-01 00:00:00+00'),
	(144, 'training', '0072_transforms', '2000-01-01 00:00:00+00'),
	(145, 'training', '0073_transforms_stay', '2000-01-01 00:00:00+00'),
	(146, 'training', '0074_lineage_events', '2000-01-01 00:00:00+00'),
	(147, 'training', '0080_reach_is_lean', '2000-01-01 00:00:00+00'),
	(148, 'training', '0090_sounds_and_texts', '2000-01-01 00:00:00+00'),
	(149, 'training', '0100_imports_that_end_otherwise', '2000-01-01 00:00:00+00'),
	(150, 'training', '0101_reviews_of_other_reasons', '2000-01-01 00:00:00+00'),
	(151, 'training', '0102_reports_made_again', '2000-01-01 00:00:00+00'),
	(152, 'training', '0103_scans_as_jobs', '2000-01-01 00:00:00+00'),
	(153, 'training', '0110_house_rules', '2000-01-01 00:00:00+00'),
	(154, 'training', '0111_scripts_in_texts', '2000-01-01 00:00:00+00'),
	(155, 'training', '0112_reports_of_systems', '2000-01-01 00:00:00+00'),
	(156, 'training', '0113_sketches_name_their_key', '2000-01-01 00:00:00+00'),
	(157, 'training', '0120_rights_that_narrow', '2000-01-01 00:00:00+00'),
	(158, 'training', '0121_scripts_looked_for_in_old_texts', '2000-01-01 00:00:00+00'),
	(159, 'training', '0122_looks_are_kept', '2000-01-01 00:00:00+00'),
	(160, 'verification', '0001_verifications', '2000-01-01 00:00:00+00'),
	(161, 'verification', '0002_append_only', '2000-01-01 00:00:00+00'),
	(162, 'verification', '0020_detector_promotions', '2000-01-01 00:00:00+00'),
	(163, 'verification', '0021_promotions_append_only', '2000-01-01 00:00:00+00'),
	(164, 'verification', '0300_public_checks', '2000-01-01 00:00:00+00'),
	(165, 'verification', '0301_public_switch_append_only', '2000-01-01 00:00:00+00'),
	(166, 'watermarking', '0001_registry', '2000-01-01 00:00:00+00'),
	(167, 'watermarking', '0002_append_only', '2000-01-01 00:00:00+00'),
	(168, 'watermarking', '0003_mark_jobs', '2000-01-01 00:00:00+00'),
	(169, 'watermarking', '0004_registry_reading', '2000-01-01 00:00:00+00'),
	(170, 'watermarking', '0005_registrar', '2000-01-01 00:00:00+00'),
	(171, 'watermarking', '0006_registrar_of_earlier_marks', '2000-01-01 00:00:00+00'),
	(172, 'watermarking', '0007_detection_attempts', '2000-01-01 00:00:00+00');
SELECT pg_catalog.setval('public.account_emailaddress_id_seq', 1, false);
SELECT pg_catalog.setval('public.account_emailconfirmation_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_historicalmembership_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.accounts_historicalorganisation_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.audit_event_number_seq', 1, false);
SELECT pg_catalog.setval('public.audit_segment_number_seq', 1, false);
SELECT pg_catalog.setval('public.auth_group_id_seq', 1, false);
SELECT pg_catalog.setval('public.auth_group_permissions_id_seq', 1, false);
SELECT pg_catalog.setval('public.common_idempotencyrecord_id_seq', 1, false);
SELECT pg_catalog.setval('public.django_admin_log_id_seq', 1, false);
SELECT pg_catalog.setval('public.django_migrations_id_seq', 172, true);
SELECT pg_catalog.setval('public.licensing_autorule_licensees_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalauthority_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicaldelegation_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalmandate_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalproduction_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicaltalent_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalvaultconstruct_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalvisibilityrule_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_historicalvisibilityrule_organisat_m2m_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.licensing_visibilityrule_organisations_id_seq', 1, false);
SELECT pg_catalog.setval('public.mfa_authenticator_id_seq', 1, false);
SELECT pg_catalog.setval('public.notify_notice_position_seq', 1, false);
SELECT pg_catalog.setval('public.provenance_provenanceevent_number_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_checkkey_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_lease_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_logcheckpoint_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_logcosignature_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_pendingentry_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_productionlog_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_unauthorisedframe_id_seq', 1, false);
SELECT pg_catalog.setval('public.receipts_witness_id_seq', 1, false);
SELECT pg_catalog.setval('public.screenplays_historicalwork_history_id_seq', 1, false);
SELECT pg_catalog.setval('public.screenplays_scene_id_seq', 1, false);
SELECT pg_catalog.setval('public.socialaccount_socialaccount_id_seq', 1, false);
SELECT pg_catalog.setval('public.socialaccount_socialapp_id_seq', 1, false);
SELECT pg_catalog.setval('public.socialaccount_socialtoken_id_seq', 1, false);
SELECT pg_catalog.setval('public.training_fingerprint_number_seq', 1, false);
SELECT pg_catalog.setval('public.training_importrefusal_number_seq', 1, false);
SELECT pg_catalog.setval('public.training_lineageedge_number_seq', 1, false);
SELECT pg_catalog.setval('public.training_lineagenode_number_seq', 1, false);
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_email_987c8728_uniq UNIQUE (user_id, email);
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_key_key UNIQUE (key);
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_apicredential
    ADD CONSTRAINT accounts_apicredential_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_apicredential
    ADD CONSTRAINT accounts_apicredential_prefix_key UNIQUE (prefix);
ALTER TABLE ONLY public.accounts_domainclaim
    ADD CONSTRAINT accounts_domainclaim_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_historicalmembership
    ADD CONSTRAINT accounts_historicalmembership_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.accounts_historicalorganisation
    ADD CONSTRAINT accounts_historicalorganisation_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.accounts_identityprovider
    ADD CONSTRAINT accounts_identityprovider_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_identityprovider
    ADD CONSTRAINT accounts_identityprovider_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_organisation
    ADD CONSTRAINT accounts_organisation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_organisation
    ADD CONSTRAINT accounts_organisation_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.accounts_organisationdomain
    ADD CONSTRAINT accounts_organisationdomain_domain_key UNIQUE (domain);
ALTER TABLE ONLY public.accounts_organisationdomain
    ADD CONSTRAINT accounts_organisationdomain_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_passwordletter
    ADD CONSTRAINT accounts_passwordletter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_signinlink
    ADD CONSTRAINT accounts_signinlink_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.accounts_signinlink
    ADD CONSTRAINT accounts_signinlink_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts_subjectkey
    ADD CONSTRAINT accounts_subjectkey_pkey PRIMARY KEY (subject_id);
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_email_key UNIQUE (email);
ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_assetevent
    ADD CONSTRAINT asset_event_once UNIQUE (asset_id, number);
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT asset_version_once UNIQUE (asset_id, number);
ALTER TABLE ONLY public.audit_event
    ADD CONSTRAINT audit_event_id_key UNIQUE (id);
ALTER TABLE ONLY public.audit_event
    ADD CONSTRAINT audit_event_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.audit_legalhold
    ADD CONSTRAINT audit_legalhold_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_segment
    ADD CONSTRAINT audit_segment_first_key UNIQUE (first);
ALTER TABLE ONLY public.audit_segment
    ADD CONSTRAINT audit_segment_last_key UNIQUE (last);
ALTER TABLE ONLY public.audit_segment
    ADD CONSTRAINT audit_segment_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_receiptbatch
    ADD CONSTRAINT batch_once_per_key UNIQUE (caller_id, key);
ALTER TABLE ONLY public.receipts_checkkey
    ADD CONSTRAINT check_key_once_per_credential UNIQUE (credential_id, key);
ALTER TABLE ONLY public.receipts_logcheckpoint
    ADD CONSTRAINT checkpoint_follows_one UNIQUE NULLS NOT DISTINCT (log_id, previous);
ALTER TABLE ONLY public.receipts_logcheckpoint
    ADD CONSTRAINT checkpoint_once_per_size UNIQUE (log_id, size);
ALTER TABLE ONLY public.licensing_checkpointpass
    ADD CONSTRAINT checkpoint_passed_once UNIQUE (token_id, checkpoint);
ALTER TABLE ONLY public.provenance_classification
    ADD CONSTRAINT classification_once UNIQUE (version_id, number);
ALTER TABLE ONLY public.common_idempotencyrecord
    ADD CONSTRAINT common_idempotencyrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.common_signingkey
    ADD CONSTRAINT common_signingkey_pkey PRIMARY KEY (kid);
ALTER TABLE ONLY public.compliance_bundle
    ADD CONSTRAINT compliance_bundle_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_erasure
    ADD CONSTRAINT compliance_erasure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_evidence
    ADD CONSTRAINT compliance_evidence_entry_id_key UNIQUE (entry_id);
ALTER TABLE ONLY public.compliance_evidence
    ADD CONSTRAINT compliance_evidence_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_evidencereading
    ADD CONSTRAINT compliance_evidencereading_detection_id_key UNIQUE (detection_id);
ALTER TABLE ONLY public.compliance_evidencereading
    ADD CONSTRAINT compliance_evidencereading_entry_id_key UNIQUE (entry_id);
ALTER TABLE ONLY public.compliance_evidencereading
    ADD CONSTRAINT compliance_evidencereading_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_incident
    ADD CONSTRAINT compliance_incident_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_incidententry
    ADD CONSTRAINT compliance_incidententry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_incidentpackage
    ADD CONSTRAINT compliance_incidentpackage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compliance_reconciliationreport
    ADD CONSTRAINT compliance_reconciliationreport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_vaultconstruct
    ADD CONSTRAINT construct_once_per_talent UNIQUE (talent_id, kind, sha256);
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT copy_number_once UNIQUE (work_id, number);
ALTER TABLE ONLY public.receipts_logcosignature
    ADD CONSTRAINT cosignature_once_per_moment UNIQUE (log_id, size, witness_id, seen_at);
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT data_contract_version_once UNIQUE (organisation_id, contract_id, version);
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY public.compliance_evidence
    ADD CONSTRAINT evidence_once_per_incident UNIQUE (incident_id, sha256);
ALTER TABLE ONLY public.provenance_generativemodel
    ADD CONSTRAINT generative_model_once UNIQUE (production_id, name, version, sha256);
ALTER TABLE ONLY public.licensing_guilddefault
    ADD CONSTRAINT guild_default_version_once UNIQUE (guild_id, version);
ALTER TABLE ONLY public.training_houserules
    ADD CONSTRAINT house_rules_version_once UNIQUE (organisation_id, version);
ALTER TABLE ONLY public.training_importrefusal
    ADD CONSTRAINT import_refusal_once_a_row UNIQUE (material_import_id, "row");
ALTER TABLE ONLY public.compliance_incidententry
    ADD CONSTRAINT incident_entry_number_once UNIQUE (incident_id, number);
ALTER TABLE ONLY public.licensing_absence
    ADD CONSTRAINT licensing_absence_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_alert
    ADD CONSTRAINT licensing_alert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_authority
    ADD CONSTRAINT licensing_authority_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_autorule_licensees
    ADD CONSTRAINT licensing_autorule_licen_autorule_id_organisation_ee96e742_uniq UNIQUE (autorule_id, organisation_id);
ALTER TABLE ONLY public.licensing_autorule_licensees
    ADD CONSTRAINT licensing_autorule_licensees_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_autorule
    ADD CONSTRAINT licensing_autorule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_checkpointpass
    ADD CONSTRAINT licensing_checkpointpass_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_checkpointyes
    ADD CONSTRAINT licensing_checkpointyes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_declaredevent
    ADD CONSTRAINT licensing_declaredevent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_delegation
    ADD CONSTRAINT licensing_delegation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelease_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_grantreissue
    ADD CONSTRAINT licensing_grantreissue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_grantstatement
    ADD CONSTRAINT licensing_grantstatement_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_grantstatement
    ADD CONSTRAINT licensing_grantstatement_token_id_key UNIQUE (token_id);
ALTER TABLE ONLY public.licensing_guilddefault
    ADD CONSTRAINT licensing_guilddefault_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT licensing_guildmember_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT licensing_guildmember_talent_id_key UNIQUE (talent_id);
ALTER TABLE ONLY public.licensing_historicalauthority
    ADD CONSTRAINT licensing_historicalauthority_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicaldelegation
    ADD CONSTRAINT licensing_historicaldelegation_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicalmandate
    ADD CONSTRAINT licensing_historicalmandate_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicalproduction
    ADD CONSTRAINT licensing_historicalproduction_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicaltalent
    ADD CONSTRAINT licensing_historicaltalent_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicalvaultconstruct
    ADD CONSTRAINT licensing_historicalvaultconstruct_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_historicalvisibilityrule_organisations
    ADD CONSTRAINT licensing_historicalvisibilityrule_organisations_pkey PRIMARY KEY (m2m_history_id);
ALTER TABLE ONLY public.licensing_historicalvisibilityrule
    ADD CONSTRAINT licensing_historicalvisibilityrule_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencerequest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetoken_pkey PRIMARY KEY (jti);
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetoken_request_id_key UNIQUE (request_id);
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetoken_supersedes_id_key UNIQUE (supersedes_id);
ALTER TABLE ONLY public.licensing_mandate
    ADD CONSTRAINT licensing_mandate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_mandatesigner
    ADD CONSTRAINT licensing_mandatesigner_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsignature_action_id_key UNIQUE (action_id);
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsignature_consent_id_key UNIQUE (consent_id);
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsignature_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsignature_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyrollout_came_from_id_key UNIQUE (came_from_id);
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyrollout_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_production
    ADD CONSTRAINT licensing_production_origin_key UNIQUE (origin);
ALTER TABLE ONLY public.licensing_production
    ADD CONSTRAINT licensing_production_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_profileadoption
    ADD CONSTRAINT licensing_profileadoption_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_profilesignoff
    ADD CONSTRAINT licensing_profilesignoff_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_quotaalert
    ADD CONSTRAINT licensing_quotaalert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_requestaction
    ADD CONSTRAINT licensing_requestaction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_requestdraft
    ADD CONSTRAINT licensing_requestdraft_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_requestdraft
    ADD CONSTRAINT licensing_requestdraft_submitted_id_key UNIQUE (submitted_id);
ALTER TABLE ONLY public.licensing_revocationduty
    ADD CONSTRAINT licensing_revocationduty_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_rollimport
    ADD CONSTRAINT licensing_rollimport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_rollrefusal
    ADD CONSTRAINT licensing_rollrefusal_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_shadowoutcome
    ADD CONSTRAINT licensing_shadowoutcome_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_statuschange
    ADD CONSTRAINT licensing_statuschange_pkey PRIMARY KEY (status_list, xact);
ALTER TABLE ONLY public.licensing_studioblock
    ADD CONSTRAINT licensing_studioblock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_talent
    ADD CONSTRAINT licensing_talent_handle_key UNIQUE (handle);
ALTER TABLE ONLY public.licensing_talent
    ADD CONSTRAINT licensing_talent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_talent
    ADD CONSTRAINT licensing_talent_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY public.licensing_talentinstruction
    ADD CONSTRAINT licensing_talentinstruction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_termsversion
    ADD CONSTRAINT licensing_termsversion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_trainingconsent
    ADD CONSTRAINT licensing_trainingconsent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_trainingconsent
    ADD CONSTRAINT licensing_trainingconsent_request_id_key UNIQUE (request_id);
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingrequest_licence_id_key UNIQUE (licence_id);
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingrequest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingtoken_pkey PRIMARY KEY (jti);
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingtoken_request_id_key UNIQUE (request_id);
ALTER TABLE ONLY public.licensing_vaultconstruct
    ADD CONSTRAINT licensing_vaultconstruct_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_visibilityrule_organisations
    ADD CONSTRAINT licensing_visibilityrule_organisations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_visibilityrule
    ADD CONSTRAINT licensing_visibilityrule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_visibilityrule_organisations
    ADD CONSTRAINT licensing_visibilityrule_visibilityrule_id_organi_58c84e86_uniq UNIQUE (visibilityrule_id, organisation_id);
ALTER TABLE ONLY public.training_lineageedge
    ADD CONSTRAINT lineage_edge_once UNIQUE (parent_id, child_id);
ALTER TABLE ONLY public.training_lineagenode
    ADD CONSTRAINT lineage_node_once UNIQUE (ref, organisation_id, kind);
ALTER TABLE ONLY public.receipts_logentry
    ADD CONSTRAINT log_entry_once_per_frame UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.training_manifestrow
    ADD CONSTRAINT manifest_row_once UNIQUE (manifest_id, ordinal);
ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT model_version_once UNIQUE (organisation_id, name, version);
ALTER TABLE ONLY public.notify_choice
    ADD CONSTRAINT notify_choice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notify_delivery
    ADD CONSTRAINT notify_delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT notify_letter_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notify_notice
    ADD CONSTRAINT notify_notice_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.notify_untoldevent
    ADD CONSTRAINT notify_untoldevent_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.notify_waitingevent
    ADD CONSTRAINT notify_waitingevent_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.notify_webhookendpoint
    ADD CONSTRAINT notify_webhookendpoint_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.licensing_alert
    ADD CONSTRAINT one_alert_per_threshold UNIQUE (token_id, kind, threshold_days);
ALTER TABLE ONLY public.common_idempotencyrecord
    ADD CONSTRAINT one_answer_per_key UNIQUE (caller, key);
ALTER TABLE ONLY public.notify_choice
    ADD CONSTRAINT one_choice_per_topic UNIQUE (person_id, topic);
ALTER TABLE ONLY public.accounts_domainclaim
    ADD CONSTRAINT one_claim_of_a_domain UNIQUE (organisation_id, domain);
ALTER TABLE ONLY public.notify_delivery
    ADD CONSTRAINT one_delivery_per_endpoint UNIQUE (endpoint_id, event_id);
ALTER TABLE ONLY public.licensing_revocationduty
    ADD CONSTRAINT one_duty_per_party UNIQUE (token_id, organisation_id);
ALTER TABLE ONLY public.notify_webhookendpoint
    ADD CONSTRAINT one_endpoint_per_address UNIQUE (organisation_id, url);
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT one_letter_per_person_and_event UNIQUE (person_id, organisation_id, event_id);
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT one_member_per_number UNIQUE (guild_id, number_digest);
ALTER TABLE ONLY public.notify_notice
    ADD CONSTRAINT one_notice_per_organisation UNIQUE (organisation_id, event_id);
ALTER TABLE ONLY public.accounts_passwordletter
    ADD CONSTRAINT one_password_letter_waits UNIQUE (email, kind);
ALTER TABLE ONLY public.licensing_quotaalert
    ADD CONSTRAINT one_quota_alert_per_threshold UNIQUE (token_id, counter, percent);
ALTER TABLE ONLY public.licensing_rollrefusal
    ADD CONSTRAINT one_refusal_per_row UNIQUE (roll_id, "row");
ALTER TABLE ONLY public.licensing_grantreissue
    ADD CONSTRAINT one_reissue_per_key UNIQUE (token_id, kid);
ALTER TABLE ONLY public.licensing_shadowoutcome
    ADD CONSTRAINT one_shadow_outcome_per_version UNIQUE (rollout_id, version_id);
ALTER TABLE ONLY public.watermarking_mediastretch
    ADD CONSTRAINT one_stretch_per_number UNIQUE (job_id, number);
ALTER TABLE ONLY public.licensing_visibilityrule
    ADD CONSTRAINT one_visibility_rule_per_construct UNIQUE (talent_id, construct);
ALTER TABLE ONLY public.licensing_mandatesigner
    ADD CONSTRAINT one_voice_per_signer UNIQUE (mandate_id, user_id);
ALTER TABLE ONLY public.verification_promotionword
    ADD CONSTRAINT one_word_of_each_kind_on_a_promotion UNIQUE (promotion_id, verdict);
ALTER TABLE ONLY public.verification_review
    ADD CONSTRAINT one_word_per_person UNIQUE (record_id, person_id);
ALTER TABLE ONLY public.licensing_checkpointyes
    ADD CONSTRAINT one_yes_per_side_and_person UNIQUE (token_id, checkpoint, side, said_by_id);
ALTER TABLE ONLY public.provenance_asset
    ADD CONSTRAINT provenance_asset_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_assetevent
    ADD CONSTRAINT provenance_assetevent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetversion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_classification
    ADD CONSTRAINT provenance_classification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydocument_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_event_place UNIQUE (batch, "position");
ALTER TABLE ONLY public.provenance_generationinput
    ADD CONSTRAINT provenance_generationinput_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_generationoutput
    ADD CONSTRAINT provenance_generationoutput_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generationrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_generativemodel
    ADD CONSTRAINT provenance_generativemodel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasset_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelproposal_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_manifestrecord
    ADD CONSTRAINT provenance_manifestrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_productionkey
    ADD CONSTRAINT provenance_productionkey_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_productionkey
    ADD CONSTRAINT provenance_productionkey_production_id_key UNIQUE (production_id);
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanceevent_id_key UNIQUE (id);
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanceevent_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.provenance_questiontime
    ADD CONSTRAINT provenance_questiontime_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_resolutionchoice
    ADD CONSTRAINT provenance_resolutionchoice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_resolutionchoice
    ADD CONSTRAINT provenance_resolutionchoice_production_id_key UNIQUE (production_id);
ALTER TABLE ONLY public.provenance_sealedtext
    ADD CONSTRAINT provenance_sealedtext_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_signingauthority
    ADD CONSTRAINT provenance_signingauthority_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provenance_visiblelabelrecord
    ADD CONSTRAINT provenance_visiblelabelrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_checkkey
    ADD CONSTRAINT receipts_checkkey_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_checktally
    ADD CONSTRAINT receipts_checktally_pkey PRIMARY KEY (token_jti, counter, quarter);
ALTER TABLE ONLY public.receipts_dpopproofseen
    ADD CONSTRAINT receipts_dpopproofseen_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.receipts_frametally
    ADD CONSTRAINT receipts_frametally_pkey PRIMARY KEY (token_jti, block, shot, counter, quarter);
ALTER TABLE ONLY public.receipts_lease
    ADD CONSTRAINT receipts_lease_check_id_key UNIQUE (check_id);
ALTER TABLE ONLY public.receipts_lease
    ADD CONSTRAINT receipts_lease_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_lease
    ADD CONSTRAINT receipts_lease_uid_key UNIQUE (uid);
ALTER TABLE ONLY public.receipts_licencetally
    ADD CONSTRAINT receipts_licencetally_pkey PRIMARY KEY (token_jti, log_id);
ALTER TABLE ONLY public.receipts_logcheckpoint
    ADD CONSTRAINT receipts_logcheckpoint_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_logcosignature
    ADD CONSTRAINT receipts_logcosignature_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_logentry_0
    ADD CONSTRAINT receipts_logentry_0_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry
    ADD CONSTRAINT receipts_logentry_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_0
    ADD CONSTRAINT receipts_logentry_0_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_10
    ADD CONSTRAINT receipts_logentry_10_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_10
    ADD CONSTRAINT receipts_logentry_10_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_11
    ADD CONSTRAINT receipts_logentry_11_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_11
    ADD CONSTRAINT receipts_logentry_11_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_12
    ADD CONSTRAINT receipts_logentry_12_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_12
    ADD CONSTRAINT receipts_logentry_12_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_13
    ADD CONSTRAINT receipts_logentry_13_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_13
    ADD CONSTRAINT receipts_logentry_13_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_14
    ADD CONSTRAINT receipts_logentry_14_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_14
    ADD CONSTRAINT receipts_logentry_14_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_15
    ADD CONSTRAINT receipts_logentry_15_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_15
    ADD CONSTRAINT receipts_logentry_15_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_1
    ADD CONSTRAINT receipts_logentry_1_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_1
    ADD CONSTRAINT receipts_logentry_1_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_2
    ADD CONSTRAINT receipts_logentry_2_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_2
    ADD CONSTRAINT receipts_logentry_2_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_3
    ADD CONSTRAINT receipts_logentry_3_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_3
    ADD CONSTRAINT receipts_logentry_3_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_4
    ADD CONSTRAINT receipts_logentry_4_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_4
    ADD CONSTRAINT receipts_logentry_4_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_5
    ADD CONSTRAINT receipts_logentry_5_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_5
    ADD CONSTRAINT receipts_logentry_5_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_6
    ADD CONSTRAINT receipts_logentry_6_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_6
    ADD CONSTRAINT receipts_logentry_6_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_7
    ADD CONSTRAINT receipts_logentry_7_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_7
    ADD CONSTRAINT receipts_logentry_7_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_8
    ADD CONSTRAINT receipts_logentry_8_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_8
    ADD CONSTRAINT receipts_logentry_8_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logentry_9
    ADD CONSTRAINT receipts_logentry_9_log_id_lease_frame_take_key UNIQUE (log_id, lease, frame, take);
ALTER TABLE ONLY public.receipts_logentry_9
    ADD CONSTRAINT receipts_logentry_9_pkey PRIMARY KEY (log_id, idx);
ALTER TABLE ONLY public.receipts_logpublication
    ADD CONSTRAINT receipts_logpublication_pkey PRIMARY KEY (log_id);
ALTER TABLE ONLY public.receipts_offlinereckoning
    ADD CONSTRAINT receipts_offlinereckoning_pkey PRIMARY KEY (lease_id);
ALTER TABLE ONLY public.receipts_pendingentry
    ADD CONSTRAINT receipts_pendingentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_productionlog
    ADD CONSTRAINT receipts_productionlog_origin_key UNIQUE (origin);
ALTER TABLE ONLY public.receipts_productionlog
    ADD CONSTRAINT receipts_productionlog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_productionlog
    ADD CONSTRAINT receipts_productionlog_production_id_key UNIQUE (production_id);
ALTER TABLE ONLY public.receipts_quota
    ADD CONSTRAINT receipts_quota_pkey PRIMARY KEY (token_jti, counter);
ALTER TABLE ONLY public.receipts_receiptbatch
    ADD CONSTRAINT receipts_receiptbatch_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_receiptdebt
    ADD CONSTRAINT receipts_receiptdebt_pkey PRIMARY KEY (lease_id);
ALTER TABLE ONLY public.receipts_rendercheck
    ADD CONSTRAINT receipts_rendercheck_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_returntally
    ADD CONSTRAINT receipts_returntally_pkey PRIMARY KEY (token_jti, counter, quarter);
ALTER TABLE ONLY public.receipts_screentime
    ADD CONSTRAINT receipts_screentime_pkey PRIMARY KEY (token_jti, sequence, shot);
ALTER TABLE ONLY public.receipts_shottally
    ADD CONSTRAINT receipts_shottally_pkey PRIMARY KEY (token_jti, shot);
ALTER TABLE ONLY public.receipts_unauthorisedframe
    ADD CONSTRAINT receipts_unauthorisedframe_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_witness
    ADD CONSTRAINT receipts_witness_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.receipts_witness
    ADD CONSTRAINT receipts_witness_vkey_key UNIQUE (vkey);
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT relation_once UNIQUE NULLS NOT DISTINCT (child_id, parent_id, kind, role, frame_first, region, generation_id);
ALTER TABLE ONLY public.training_rightsreview
    ADD CONSTRAINT rights_review_once_a_day UNIQUE (rights_id, due_on);
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT rights_version_once UNIQUE (source_id, version);
ALTER TABLE ONLY public.screenplays_scene
    ADD CONSTRAINT scene_once UNIQUE (version_id, ordinal);
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_access_id_key UNIQUE (access_id);
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_historicalwork
    ADD CONSTRAINT screenplays_historicalwork_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.screenplays_scene
    ADD CONSTRAINT screenplays_scene_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_sceneshot
    ADD CONSTRAINT screenplays_sceneshot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT screenplays_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_versionproof
    ADD CONSTRAINT screenplays_versionproof_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.screenplays_versionproof
    ADD CONSTRAINT screenplays_versionproof_version_id_key UNIQUE (version_id);
ALTER TABLE ONLY public.screenplays_work
    ADD CONSTRAINT screenplays_work_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.shared_cache
    ADD CONSTRAINT shared_cache_pkey PRIMARY KEY (cache_key);
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_socialaccount_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_socialaccount_provider_uid_fc810c6e_uniq UNIQUE (provider, uid);
ALTER TABLE ONLY public.socialaccount_socialapp
    ADD CONSTRAINT socialaccount_socialapp_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_socialtoken_app_id_account_id_fca4e0ac_uniq UNIQUE (app_id, account_id);
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_socialtoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_sourceclass
    ADD CONSTRAINT source_class_once UNIQUE (organisation_id, code);
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT source_once UNIQUE (organisation_id, canonical_url);
ALTER TABLE ONLY public.licensing_termsversion
    ADD CONSTRAINT terms_version_once_per_licence UNIQUE (licence_id, version);
ALTER TABLE ONLY public.licensing_profilesignoff
    ADD CONSTRAINT text_signed_off_once_by_each UNIQUE (organisation_id, profile, profile_hash, signed_by_id);
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT token_status_slot_once UNIQUE (status_list, status_index);
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_asset_version_once UNIQUE (source_id, external_id, version);
ALTER TABLE ONLY public.training_contractbinding
    ADD CONSTRAINT training_contractbinding_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT training_datacontract_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_derivative
    ADD CONSTRAINT training_derivative_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_derivative
    ADD CONSTRAINT training_derivative_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_domainrule
    ADD CONSTRAINT training_domainrule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_fingerprint
    ADD CONSTRAINT training_fingerprint_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.training_houserules
    ADD CONSTRAINT training_houserules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_importrefusal
    ADD CONSTRAINT training_importrefusal_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.training_inspectionlook
    ADD CONSTRAINT training_inspectionlook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_lineageedge
    ADD CONSTRAINT training_lineageedge_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.training_lineageevent
    ADD CONSTRAINT training_lineageevent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_lineagehead
    ADD CONSTRAINT training_lineagehead_pkey PRIMARY KEY (organisation_id);
ALTER TABLE ONLY public.training_lineagenode
    ADD CONSTRAINT training_lineagenode_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_manifest_once UNIQUE (organisation_id, content_id);
ALTER TABLE ONLY public.training_manifestrow
    ADD CONSTRAINT training_manifestrow_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_materialimport
    ADD CONSTRAINT training_materialimport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT training_modelversion_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT training_modelversion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_policydecision
    ADD CONSTRAINT training_policydecision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_policytext
    ADD CONSTRAINT training_policytext_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.training_reportrerun
    ADD CONSTRAINT training_reportrerun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_review
    ADD CONSTRAINT training_review_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscomparison_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscomparison_rights_id_key UNIQUE (rights_id);
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscomparison_takedown_id_key UNIQUE (takedown_id);
ALTER TABLE ONLY public.training_rightsend
    ADD CONSTRAINT training_rightsend_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightsend
    ADD CONSTRAINT training_rightsend_rights_id_key UNIQUE (rights_id);
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexception_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecord_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightsreport
    ADD CONSTRAINT training_rightsreport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_rightsreview
    ADD CONSTRAINT training_rightsreview_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_run_once UNIQUE (organisation_id, external_id);
ALTER TABLE ONLY public.training_scanjob
    ADD CONSTRAINT training_scanjob_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_scriptsearch
    ADD CONSTRAINT training_scriptsearch_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_scriptsearch
    ADD CONSTRAINT training_scriptsearch_version_id_key UNIQUE (version_id);
ALTER TABLE ONLY public.training_scriptuse
    ADD CONSTRAINT training_scriptuse_pkey PRIMARY KEY (asset_id, version_id);
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_sourceclass
    ADD CONSTRAINT training_sourceclass_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_systemreport
    ADD CONSTRAINT training_systemreport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_takedown
    ADD CONSTRAINT training_takedown_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_takedownitem
    ADD CONSTRAINT training_takedownitem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_takedownreach
    ADD CONSTRAINT training_takedownreach_pkey PRIMARY KEY (takedown_id, node_id);
ALTER TABLE ONLY public.training_textsketch
    ADD CONSTRAINT training_textsketch_pkey PRIMARY KEY (asset_id);
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingasset_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingasset_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingmanifest_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingmanifest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_trainingquestion
    ADD CONSTRAINT training_trainingquestion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_node_id_key UNIQUE (node_id);
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT training_transformitem_derivative_id_key UNIQUE (derivative_id);
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT training_transformitem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_transformjob
    ADD CONSTRAINT training_transformjob_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_transformrun
    ADD CONSTRAINT training_transformrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT transform_item_once UNIQUE (run_id, ordinal);
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT transform_item_takes_each_input_once UNIQUE (run_id, asset_id);
ALTER TABLE ONLY public.receipts_unauthorisedframe
    ADD CONSTRAINT unauthorised_once_per_leaf UNIQUE (log_id, idx);
ALTER TABLE ONLY public.verification_detectorpromotion
    ADD CONSTRAINT verification_detectorpromotion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_promotionword
    ADD CONSTRAINT verification_promotionword_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_publiccheck
    ADD CONSTRAINT verification_publiccheck_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.verification_publiccheck
    ADD CONSTRAINT verification_publiccheck_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_publicswitch
    ADD CONSTRAINT verification_publicswitch_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_replay
    ADD CONSTRAINT verification_replay_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_review
    ADD CONSTRAINT verification_review_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_verification
    ADD CONSTRAINT verification_verification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_verificationrecord
    ADD CONSTRAINT verification_verificationrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification_verificationrecord
    ADD CONSTRAINT verification_verificationrecord_verification_id_key UNIQUE (verification_id);
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT version_bytes_once UNIQUE (work_id, sha256);
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT version_number_once UNIQUE (work_id, number);
ALTER TABLE ONLY public.watermarking_markdetection
    ADD CONSTRAINT watermarking_markdetection_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.watermarking_markregistration
    ADD CONSTRAINT watermarking_markregistration_mark_id_key UNIQUE (mark_id);
ALTER TABLE ONLY public.watermarking_markregistration
    ADD CONSTRAINT watermarking_markregistration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.watermarking_markreport
    ADD CONSTRAINT watermarking_markreport_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.watermarking_mediajob
    ADD CONSTRAINT watermarking_mediajob_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.watermarking_mediajob
    ADD CONSTRAINT watermarking_mediajob_registration_id_key UNIQUE (registration_id);
ALTER TABLE ONLY public.watermarking_mediastretch
    ADD CONSTRAINT watermarking_mediastretch_pkey PRIMARY KEY (id);
CREATE INDEX access_by_organisation ON public.screenplays_access USING btree (organisation_id, created_at DESC);
CREATE INDEX access_by_work ON public.screenplays_access USING btree (work_id, created_at DESC);
CREATE INDEX account_emailaddress_email_03be32b2 ON public.account_emailaddress USING btree (email);
CREATE INDEX account_emailaddress_email_03be32b2_like ON public.account_emailaddress USING btree (email varchar_pattern_ops);
CREATE INDEX account_emailaddress_user_id_2c513194 ON public.account_emailaddress USING btree (user_id);
CREATE INDEX account_emailconfirmation_email_address_id_5b7f8c58 ON public.account_emailconfirmation USING btree (email_address_id);
CREATE INDEX account_emailconfirmation_key_f43612bd_like ON public.account_emailconfirmation USING btree (key varchar_pattern_ops);
CREATE INDEX accounts_apicredential_created_by_id_8ac4b1ac ON public.accounts_apicredential USING btree (created_by_id);
CREATE INDEX accounts_apicredential_organisation_id_eba1a404 ON public.accounts_apicredential USING btree (organisation_id);
CREATE INDEX accounts_apicredential_prefix_74c017d2_like ON public.accounts_apicredential USING btree (prefix varchar_pattern_ops);
CREATE INDEX accounts_domainclaim_organisation_id_795a1ba8 ON public.accounts_domainclaim USING btree (organisation_id);
CREATE INDEX accounts_historicalmembership_history_date_9402fd14 ON public.accounts_historicalmembership USING btree (history_date);
CREATE INDEX accounts_historicalmembership_history_user_id_d269d126 ON public.accounts_historicalmembership USING btree (history_user_id);
CREATE INDEX accounts_historicalmembership_id_505a1ece ON public.accounts_historicalmembership USING btree (id);
CREATE INDEX accounts_historicalmembership_organisation_id_de0d0443 ON public.accounts_historicalmembership USING btree (organisation_id);
CREATE INDEX accounts_historicalmembership_user_id_cede2849 ON public.accounts_historicalmembership USING btree (user_id);
CREATE INDEX accounts_historicalorganisation_history_date_cc480e62 ON public.accounts_historicalorganisation USING btree (history_date);
CREATE INDEX accounts_historicalorganisation_history_user_id_c9e7663f ON public.accounts_historicalorganisation USING btree (history_user_id);
CREATE INDEX accounts_historicalorganisation_id_783a284a ON public.accounts_historicalorganisation USING btree (id);
CREATE INDEX accounts_historicalorganisation_slug_e9de4064 ON public.accounts_historicalorganisation USING btree (slug);
CREATE INDEX accounts_historicalorganisation_slug_e9de4064_like ON public.accounts_historicalorganisation USING btree (slug varchar_pattern_ops);
CREATE INDEX accounts_identityprovider_organisation_id_0a65b375 ON public.accounts_identityprovider USING btree (organisation_id);
CREATE INDEX accounts_identityprovider_slug_d2d79e02_like ON public.accounts_identityprovider USING btree (slug varchar_pattern_ops);
CREATE INDEX accounts_membership_organisation_id_98e5c22b ON public.accounts_membership USING btree (organisation_id);
CREATE INDEX accounts_membership_user_id_487fb39e ON public.accounts_membership USING btree (user_id);
CREATE INDEX accounts_organisation_slug_43a9054f_like ON public.accounts_organisation USING btree (slug varchar_pattern_ops);
CREATE INDEX accounts_organisationdomain_domain_b116611f_like ON public.accounts_organisationdomain USING btree (domain varchar_pattern_ops);
CREATE INDEX accounts_organisationdomain_organisation_id_8ae85f91 ON public.accounts_organisationdomain USING btree (organisation_id);
CREATE INDEX accounts_passwordletter_due_at_317f6c75 ON public.accounts_passwordletter USING btree (due_at);
CREATE INDEX accounts_signinlink_made_by_id_6ee1bca2 ON public.accounts_signinlink USING btree (made_by_id);
CREATE INDEX accounts_signinlink_organisation_id_13a3209e ON public.accounts_signinlink USING btree (organisation_id);
CREATE INDEX accounts_signinlink_used_by_id_12500fe2 ON public.accounts_signinlink USING btree (used_by_id);
CREATE INDEX accounts_user_email_b2644a56_like ON public.accounts_user USING btree (email varchar_pattern_ops);
CREATE INDEX action_yes_by_side ON public.licensing_requestaction USING btree (request_id, side, terms_hash) WHERE ((kind)::text = 'APPROVE'::text);
CREATE INDEX asset_by_production ON public.provenance_asset USING btree (production_id, created_at DESC);
CREATE INDEX asset_unfinished ON public.provenance_asset USING btree (touched_at) WHERE ((state)::text = ANY ((ARRAY['RECEIVED'::character varying, 'MARKING'::character varying, 'SIGNING'::character varying, 'VERIFYING'::character varying])::text[]));
CREATE INDEX asset_version_by_content ON public.provenance_assetversion USING btree (content_sha256) WHERE (NOT ((content_sha256)::text = ''::text));
CREATE INDEX asset_version_by_film ON public.provenance_assetversion USING btree (production_id, id DESC);
CREATE INDEX asset_version_by_mark ON public.provenance_assetversion USING btree (mark_id) WHERE (NOT ((mark_id)::text = ''::text));
CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);
CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);
CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);
CREATE INDEX bundle_by_organisation ON public.compliance_bundle USING btree (organisation_id, created_at DESC);
CREATE INDEX bundle_by_production ON public.compliance_bundle USING btree (production_id, created_at DESC);
CREATE INDEX check_by_production ON public.receipts_rendercheck USING btree (production_id, id);
CREATE INDEX check_by_time ON public.receipts_rendercheck USING brin (at);
CREATE INDEX check_by_token ON public.receipts_rendercheck USING btree (token_jti, id);
CREATE INDEX check_key_by_time ON public.receipts_checkkey USING brin (created_at);
CREATE INDEX check_refused_by_token ON public.receipts_rendercheck USING btree (token_jti, id) WHERE ((outcome)::text = ANY ((ARRAY['HOLD'::character varying, 'DENY'::character varying])::text[]));
CREATE INDEX common_idem_created_77f091_idx ON public.common_idempotencyrecord USING btree (created_at);
CREATE INDEX common_signingkey_kid_1f86258f_like ON public.common_signingkey USING btree (kid varchar_pattern_ops);
CREATE INDEX compliance_bundle_organisation_id_999e22bd ON public.compliance_bundle USING btree (organisation_id);
CREATE INDEX compliance_bundle_production_id_dbc0696b ON public.compliance_bundle USING btree (production_id);
CREATE INDEX compliance_bundle_requested_by_id_a5f49a06 ON public.compliance_bundle USING btree (requested_by_id);
CREATE INDEX compliance_bundle_talent_id_1c35b0ec ON public.compliance_bundle USING btree (talent_id);
CREATE INDEX compliance_erasure_asked_by_id_0ed7d4eb ON public.compliance_erasure USING btree (asked_by_id);
CREATE INDEX compliance_erasure_confirmed_by_id_5ec2f871 ON public.compliance_erasure USING btree (confirmed_by_id);
CREATE INDEX compliance_erasure_talent_id_5c9d67d4 ON public.compliance_erasure USING btree (talent_id);
CREATE INDEX compliance_erasure_user_id_8567c17d ON public.compliance_erasure USING btree (user_id);
CREATE INDEX compliance_evidence_incident_id_9de90346 ON public.compliance_evidence USING btree (incident_id);
CREATE INDEX compliance_evidencereading_evidence_id_75c98b8b ON public.compliance_evidencereading USING btree (evidence_id);
CREATE INDEX compliance_incident_organisation_id_c60ead86 ON public.compliance_incident USING btree (organisation_id);
CREATE INDEX compliance_incident_recorded_by_id_0b99b611 ON public.compliance_incident USING btree (recorded_by_id);
CREATE INDEX compliance_incident_talent_id_24f6b346 ON public.compliance_incident USING btree (talent_id);
CREATE INDEX compliance_incidententry_incident_id_197d89b4 ON public.compliance_incidententry USING btree (incident_id);
CREATE INDEX compliance_incidententry_organisation_id_3f72ce28 ON public.compliance_incidententry USING btree (organisation_id);
CREATE INDEX compliance_incidententry_person_id_add03e88 ON public.compliance_incidententry USING btree (person_id);
CREATE INDEX compliance_incidentpackage_incident_id_2b7bb379 ON public.compliance_incidentpackage USING btree (incident_id);
CREATE INDEX compliance_incidentpackage_organisation_id_1115ac79 ON public.compliance_incidentpackage USING btree (organisation_id);
CREATE INDEX compliance_incidentpackage_requested_by_id_91cc956c ON public.compliance_incidentpackage USING btree (requested_by_id);
CREATE INDEX compliance_reconciliationreport_production_id_68d119b5 ON public.compliance_reconciliationreport USING btree (production_id);
CREATE INDEX contract_binding_newest ON public.training_contractbinding USING btree (source_class_id, created_at DESC);
CREATE INDEX copy_by_sha256 ON public.screenplays_copy USING btree (sha256);
CREATE INDEX data_contract_by_age ON public.training_datacontract USING btree (organisation_id, created_at DESC);
CREATE UNIQUE INDEX data_contract_one_in_force ON public.training_datacontract USING btree (organisation_id, contract_id) WHERE ((state)::text = 'ACTIVE'::text);
CREATE INDEX debt_by_caller ON public.receipts_receiptdebt USING btree (token_jti, credential_id, since);
CREATE INDEX decision_by_version ON public.provenance_decision USING btree (version_id, id DESC);
CREATE INDEX delivery_due ON public.notify_delivery USING btree (endpoint_id, next_attempt_at) WHERE ((dead_at IS NULL) AND (delivered_at IS NULL));
CREATE INDEX delivery_newest_first ON public.notify_delivery USING btree (endpoint_id, created_at DESC);
CREATE INDEX delivery_under_way ON public.notify_delivery USING btree (claimed_until) WHERE ((dead_at IS NULL) AND (delivered_at IS NULL));
CREATE INDEX derivative_by_content ON public.training_derivative USING btree (sha256);
CREATE INDEX derivative_by_dataset ON public.training_derivative USING btree (organisation_id, dataset, dataset_version);
CREATE INDEX detections_of_strangers ON public.watermarking_markdetection USING btree (sha256, created_at DESC) WHERE (organisation_id IS NULL);
CREATE INDEX detections_that_wait ON public.watermarking_markdetection USING btree (created_at) WHERE ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying])::text[]));
CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);
CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);
CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX domain_rule_newest ON public.training_domainrule USING btree (organisation_id, domain, created_at DESC);
CREATE INDEX duty_open ON public.licensing_revocationduty USING btree (due_at) WHERE (acknowledged_at IS NULL);
CREATE INDEX event_by_object ON public.audit_event USING btree (object_type, object_id);
CREATE INDEX event_by_organisation ON public.audit_event USING btree (organisation_id, number DESC);
CREATE INDEX event_for_the_log ON public.audit_event USING btree (production_id, number) WHERE (log_entry IS NOT NULL);
CREATE INDEX fingerprint_in_order ON public.training_fingerprint USING btree (organisation_id, number);
CREATE UNIQUE INDEX frames_let_go_once_per_licence ON public.licensing_framerelease USING btree (token_id) WHERE is_granted;
CREATE INDEX frametally_by_shot ON public.receipts_frametally USING btree (token_jti, shot);
CREATE INDEX generation_by_film ON public.provenance_generationrecord USING btree (production_id, id DESC);
CREATE INDEX generation_by_model ON public.provenance_generationrecord USING btree (model_id, id DESC);
CREATE UNIQUE INDEX generation_once_per_external_id ON public.provenance_generationrecord USING btree (production_id, organisation_id, external_id) WHERE (NOT ((external_id)::text = ''::text));
CREATE INDEX generative_model_by_hash ON public.provenance_generativemodel USING btree (sha256) WHERE (NOT ((sha256)::text = ''::text));
CREATE INDEX generative_model_by_name ON public.provenance_generativemodel USING btree (name, version);
CREATE INDEX grant_by_credential ON public.screenplays_grant USING btree (credential_id);
CREATE INDEX grant_by_person ON public.screenplays_grant USING btree (person_id);
CREATE INDEX grant_by_work ON public.screenplays_grant USING btree (work_id, created_at DESC);
CREATE INDEX graph_asset_by_age ON public.provenance_graphasset USING btree (production_id, id DESC);
CREATE INDEX graph_asset_by_kind ON public.provenance_graphasset USING btree (production_id, kind, id DESC);
CREATE UNIQUE INDEX graph_asset_once_per_external_id ON public.provenance_graphasset USING btree (production_id, organisation_id, external_id) WHERE (NOT ((external_id)::text = ''::text));
CREATE INDEX hold_in_force ON public.licensing_hold USING btree (covers) INCLUDE (id, reason) WHERE (lifted_at IS NULL);
CREATE INDEX incident_by_talent ON public.compliance_incident USING btree (talent_id, created_at DESC);
CREATE INDEX input_by_asset_and_model ON public.provenance_generationinput USING btree (asset_id, model_id, generation_id DESC);
CREATE INDEX input_by_version_and_model ON public.provenance_generationinput USING btree (version_id, model_id, generation_id DESC);
CREATE INDEX inspection_look_newest ON public.training_inspectionlook USING btree (organisation_id, created_at DESC);
CREATE INDEX label_by_asset ON public.provenance_visiblelabelrecord USING btree (asset_id, created_at DESC);
CREATE INDEX lease_by_time ON public.receipts_lease USING brin (granted_at) WITH (autosummarize='on', pages_per_range='16');
CREATE INDEX lease_by_token ON public.receipts_lease USING btree (token_jti, id);
CREATE INDEX lease_live_by_token ON public.receipts_lease USING btree (token_jti) WHERE ((state)::text = 'ACTIVE'::text);
CREATE INDEX lease_on_screen ON public.receipts_lease USING btree (token_jti, shot) WHERE ((beside)::text = 'screen'::text);
CREATE INDEX lease_open_by_expiry ON public.receipts_lease USING btree (expires_at) WHERE ((state)::text = ANY ((ARRAY['ACTIVE'::character varying, 'CLOSING'::character varying])::text[]));
CREATE INDEX lease_silent_by_token ON public.receipts_lease USING btree (token_jti, granted_at) WHERE (((state)::text = 'EXPIRED'::text) AND (units_used = 0));
CREATE INDEX letter_due ON public.notify_letter USING btree (next_attempt_at) WHERE ((mail)::text = ANY ((ARRAY['WAITING'::character varying, 'GATHERED'::character varying])::text[]));
CREATE INDEX letter_newest_first ON public.notify_letter USING btree (person_id, organisation_id, created_at DESC, id DESC);
CREATE INDEX letter_of_organisation ON public.notify_letter USING btree (organisation_id, created_at DESC);
CREATE INDEX letter_unread ON public.notify_letter USING btree (person_id, organisation_id) WHERE (in_portal AND (read_at IS NULL));
CREATE INDEX licensing_absence_agency_id_81f45e14 ON public.licensing_absence USING btree (agency_id);
CREATE INDEX licensing_absence_stand_in_id_9416c8b2 ON public.licensing_absence USING btree (stand_in_id);
CREATE INDEX licensing_absence_user_id_9e092ba3 ON public.licensing_absence USING btree (user_id);
CREATE INDEX licensing_alert_token_id_be5a7529 ON public.licensing_alert USING btree (token_id);
CREATE INDEX licensing_authority_registered_by_id_62dcaeb2 ON public.licensing_authority USING btree (registered_by_id);
CREATE INDEX licensing_authority_talent_id_74ffe7c0 ON public.licensing_authority USING btree (talent_id);
CREATE INDEX licensing_authority_user_id_d14ea23c ON public.licensing_authority USING btree (user_id);
CREATE INDEX licensing_autorule_licensees_autorule_id_9708d57f ON public.licensing_autorule_licensees USING btree (autorule_id);
CREATE INDEX licensing_autorule_licensees_organisation_id_1a47dafa ON public.licensing_autorule_licensees USING btree (organisation_id);
CREATE INDEX licensing_autorule_set_by_id_4e2fd662 ON public.licensing_autorule USING btree (set_by_id);
CREATE INDEX licensing_autorule_talent_id_2b5a13f1 ON public.licensing_autorule USING btree (talent_id);
CREATE INDEX licensing_checkpointpass_passed_by_id_6d6dc1f1 ON public.licensing_checkpointpass USING btree (passed_by_id);
CREATE INDEX licensing_checkpointpass_token_id_10524bcb ON public.licensing_checkpointpass USING btree (token_id);
CREATE INDEX licensing_checkpointyes_said_by_id_5afcc463 ON public.licensing_checkpointyes USING btree (said_by_id);
CREATE INDEX licensing_checkpointyes_token_id_25ffdd78 ON public.licensing_checkpointyes USING btree (token_id);
CREATE INDEX licensing_d_covered_854b15_idx ON public.licensing_declaredevent USING btree (covered_id, created_at);
CREATE INDEX licensing_declaredevent_declared_by_id_6b0bfefe ON public.licensing_declaredevent USING btree (declared_by_id);
CREATE INDEX licensing_declaredevent_declared_for_id_8fd588ef ON public.licensing_declaredevent USING btree (declared_for_id);
CREATE INDEX licensing_delegation_from_user_id_ad321745 ON public.licensing_delegation USING btree (from_user_id);
CREATE INDEX licensing_delegation_mandate_id_7eda34f8 ON public.licensing_delegation USING btree (mandate_id);
CREATE INDEX licensing_delegation_parent_id_c474a648 ON public.licensing_delegation USING btree (parent_id);
CREATE INDEX licensing_delegation_to_user_id_e38762cb ON public.licensing_delegation USING btree (to_user_id);
CREATE INDEX licensing_framerelease_asked_by_id_b4278139 ON public.licensing_framerelease USING btree (asked_by_id);
CREATE INDEX licensing_framerelease_asked_for_id_d8a32b65 ON public.licensing_framerelease USING btree (asked_for_id);
CREATE INDEX licensing_framerelease_decided_by_id_40ba05b7 ON public.licensing_framerelease USING btree (decided_by_id);
CREATE INDEX licensing_framerelease_decided_for_id_dcacdf15 ON public.licensing_framerelease USING btree (decided_for_id);
CREATE INDEX licensing_framerelease_token_id_a70835c2 ON public.licensing_framerelease USING btree (token_id);
CREATE INDEX licensing_grantreissue_token_id_906590e3 ON public.licensing_grantreissue USING btree (token_id);
CREATE INDEX licensing_guilddefault_guild_id_6bd6e7f0 ON public.licensing_guilddefault USING btree (guild_id);
CREATE INDEX licensing_guilddefault_set_by_id_fc9c5264 ON public.licensing_guilddefault USING btree (set_by_id);
CREATE INDEX licensing_guildmember_guild_id_07979b7c ON public.licensing_guildmember USING btree (guild_id);
CREATE INDEX licensing_guildmember_word_by_id_c1081460 ON public.licensing_guildmember USING btree (word_by_id);
CREATE INDEX licensing_historicalauthority_history_date_d7c07665 ON public.licensing_historicalauthority USING btree (history_date);
CREATE INDEX licensing_historicalauthority_history_user_id_d1db85d0 ON public.licensing_historicalauthority USING btree (history_user_id);
CREATE INDEX licensing_historicalauthority_id_88485214 ON public.licensing_historicalauthority USING btree (id);
CREATE INDEX licensing_historicalauthority_registered_by_id_67dfa080 ON public.licensing_historicalauthority USING btree (registered_by_id);
CREATE INDEX licensing_historicalauthority_talent_id_e37909e1 ON public.licensing_historicalauthority USING btree (talent_id);
CREATE INDEX licensing_historicalauthority_user_id_466ce731 ON public.licensing_historicalauthority USING btree (user_id);
CREATE INDEX licensing_historicaldelegation_from_user_id_0e564328 ON public.licensing_historicaldelegation USING btree (from_user_id);
CREATE INDEX licensing_historicaldelegation_history_date_8fdf5fab ON public.licensing_historicaldelegation USING btree (history_date);
CREATE INDEX licensing_historicaldelegation_history_user_id_1bee9e23 ON public.licensing_historicaldelegation USING btree (history_user_id);
CREATE INDEX licensing_historicaldelegation_id_1e123cde ON public.licensing_historicaldelegation USING btree (id);
CREATE INDEX licensing_historicaldelegation_mandate_id_6c6b4d89 ON public.licensing_historicaldelegation USING btree (mandate_id);
CREATE INDEX licensing_historicaldelegation_parent_id_1aeb08e0 ON public.licensing_historicaldelegation USING btree (parent_id);
CREATE INDEX licensing_historicaldelegation_to_user_id_11638980 ON public.licensing_historicaldelegation USING btree (to_user_id);
CREATE INDEX licensing_historicalmandate_agency_id_39d7aa5f ON public.licensing_historicalmandate USING btree (agency_id);
CREATE INDEX licensing_historicalmandate_agent_id_6d5092db ON public.licensing_historicalmandate USING btree (agent_id);
CREATE INDEX licensing_historicalmandate_granted_by_id_b91d3458 ON public.licensing_historicalmandate USING btree (granted_by_id);
CREATE INDEX licensing_historicalmandate_history_date_eaf3e7dd ON public.licensing_historicalmandate USING btree (history_date);
CREATE INDEX licensing_historicalmandate_history_user_id_c37e5eae ON public.licensing_historicalmandate USING btree (history_user_id);
CREATE INDEX licensing_historicalmandate_id_ff85c072 ON public.licensing_historicalmandate USING btree (id);
CREATE INDEX licensing_historicalmandate_talent_id_158767dd ON public.licensing_historicalmandate USING btree (talent_id);
CREATE INDEX licensing_historicalproduction_guild_id_88ac0bb8 ON public.licensing_historicalproduction USING btree (guild_id);
CREATE INDEX licensing_historicalproduction_history_date_1d004341 ON public.licensing_historicalproduction USING btree (history_date);
CREATE INDEX licensing_historicalproduction_history_user_id_596011ae ON public.licensing_historicalproduction USING btree (history_user_id);
CREATE INDEX licensing_historicalproduction_id_a9190521 ON public.licensing_historicalproduction USING btree (id);
CREATE INDEX licensing_historicalproduction_organisation_id_327c940b ON public.licensing_historicalproduction USING btree (organisation_id);
CREATE INDEX licensing_historicalproduction_origin_81dbaa1d ON public.licensing_historicalproduction USING btree (origin);
CREATE INDEX licensing_historicalproduction_origin_81dbaa1d_like ON public.licensing_historicalproduction USING btree (origin varchar_pattern_ops);
CREATE INDEX licensing_historicaltalent_handle_63f0d468 ON public.licensing_historicaltalent USING btree (handle);
CREATE INDEX licensing_historicaltalent_handle_63f0d468_like ON public.licensing_historicaltalent USING btree (handle varchar_pattern_ops);
CREATE INDEX licensing_historicaltalent_history_date_19b33ed1 ON public.licensing_historicaltalent USING btree (history_date);
CREATE INDEX licensing_historicaltalent_history_user_id_8dcb98ce ON public.licensing_historicaltalent USING btree (history_user_id);
CREATE INDEX licensing_historicaltalent_id_dccaaa82 ON public.licensing_historicaltalent USING btree (id);
CREATE INDEX licensing_historicaltalent_organisation_id_27b6d6da ON public.licensing_historicaltalent USING btree (organisation_id);
CREATE INDEX licensing_historicaltalent_user_id_0e37624b ON public.licensing_historicaltalent USING btree (user_id);
CREATE INDEX licensing_historicalvaultconstruct_history_date_9d84f834 ON public.licensing_historicalvaultconstruct USING btree (history_date);
CREATE INDEX licensing_historicalvaultconstruct_history_user_id_9d816c94 ON public.licensing_historicalvaultconstruct USING btree (history_user_id);
CREATE INDEX licensing_historicalvaultconstruct_id_faaa8780 ON public.licensing_historicalvaultconstruct USING btree (id);
CREATE INDEX licensing_historicalvaultconstruct_talent_id_0925b43c ON public.licensing_historicalvaultconstruct USING btree (talent_id);
CREATE INDEX licensing_historicalvisibi_history_id_51385d76 ON public.licensing_historicalvisibilityrule_organisations USING btree (history_id);
CREATE INDEX licensing_historicalvisibi_organisation_id_2465d03d ON public.licensing_historicalvisibilityrule_organisations USING btree (organisation_id);
CREATE INDEX licensing_historicalvisibi_visibilityrule_id_7eee2da5 ON public.licensing_historicalvisibilityrule_organisations USING btree (visibilityrule_id);
CREATE INDEX licensing_historicalvisibilityrule_history_date_69bbc002 ON public.licensing_historicalvisibilityrule USING btree (history_date);
CREATE INDEX licensing_historicalvisibilityrule_history_user_id_fcb62de6 ON public.licensing_historicalvisibilityrule USING btree (history_user_id);
CREATE INDEX licensing_historicalvisibilityrule_id_843c1c93 ON public.licensing_historicalvisibilityrule USING btree (id);
CREATE INDEX licensing_historicalvisibilityrule_organisations_id_ca203c22 ON public.licensing_historicalvisibilityrule_organisations USING btree (id);
CREATE INDEX licensing_historicalvisibilityrule_set_by_id_85338d2d ON public.licensing_historicalvisibilityrule USING btree (set_by_id);
CREATE INDEX licensing_historicalvisibilityrule_talent_id_4820dd13 ON public.licensing_historicalvisibilityrule USING btree (talent_id);
CREATE INDEX licensing_hold_credential_id_e9b36ecb ON public.licensing_hold USING btree (credential_id);
CREATE INDEX licensing_hold_lifted_by_id_f4c3279e ON public.licensing_hold USING btree (lifted_by_id);
CREATE INDEX licensing_hold_lifted_for_id_3d6c373c ON public.licensing_hold USING btree (lifted_for_id);
CREATE INDEX licensing_hold_organisation_id_8f74b64b ON public.licensing_hold USING btree (organisation_id);
CREATE INDEX licensing_hold_placed_by_id_1e96e13f ON public.licensing_hold USING btree (placed_by_id);
CREATE INDEX licensing_hold_placed_for_id_4f8b8e40 ON public.licensing_hold USING btree (placed_for_id);
CREATE INDEX licensing_hold_production_id_cb2e29d3 ON public.licensing_hold USING btree (production_id);
CREATE INDEX licensing_hold_talent_id_655d0f5b ON public.licensing_hold USING btree (talent_id);
CREATE INDEX licensing_hold_token_id_cee09d82 ON public.licensing_hold USING btree (token_id);
CREATE INDEX licensing_l_agency__2d6e33_idx ON public.licensing_licencerequest USING btree (agency_id, state, answer_by);
CREATE INDEX licensing_l_agency__424f04_idx ON public.licensing_licencetoken USING btree (agency_id, created_at);
CREATE INDEX licensing_l_license_8192e0_idx ON public.licensing_licencetoken USING btree (licensee_id, created_at);
CREATE INDEX licensing_l_license_a26906_idx ON public.licensing_licencerequest USING btree (licensee_id, state, answer_by);
CREATE INDEX licensing_l_state_18e777_idx ON public.licensing_licencetoken USING btree (state, not_after);
CREATE INDEX licensing_l_talent__147b1c_idx ON public.licensing_licencerequest USING btree (talent_id, state, answer_by);
CREATE INDEX licensing_licencerequest_agency_id_7eadb50c ON public.licensing_licencerequest USING btree (agency_id);
CREATE INDEX licensing_licencerequest_auto_rule_id_965b0f39 ON public.licensing_licencerequest USING btree (auto_rule_id);
CREATE INDEX licensing_licencerequest_current_id_c74dedba ON public.licensing_licencerequest USING btree (current_id);
CREATE INDEX licensing_licencerequest_licence_id_4dfe049f ON public.licensing_licencerequest USING btree (licence_id);
CREATE INDEX licensing_licencerequest_licensee_id_642e3be2 ON public.licensing_licencerequest USING btree (licensee_id);
CREATE INDEX licensing_licencerequest_mandate_id_c4495826 ON public.licensing_licencerequest USING btree (mandate_id);
CREATE INDEX licensing_licencerequest_production_id_510c275b ON public.licensing_licencerequest USING btree (production_id);
CREATE INDEX licensing_licencerequest_renews_id_7f98108b ON public.licensing_licencerequest USING btree (renews_id);
CREATE INDEX licensing_licencerequest_requested_by_id_59a21a2f ON public.licensing_licencerequest USING btree (requested_by_id);
CREATE INDEX licensing_licencerequest_talent_id_4ca3a588 ON public.licensing_licencerequest USING btree (talent_id);
CREATE INDEX licensing_licencetoken_agency_id_2edf7223 ON public.licensing_licencetoken USING btree (agency_id);
CREATE INDEX licensing_licencetoken_licence_id_97d83b0d ON public.licensing_licencetoken USING btree (licence_id);
CREATE INDEX licensing_licencetoken_licensee_id_13a83aa0 ON public.licensing_licencetoken USING btree (licensee_id);
CREATE INDEX licensing_licencetoken_production_id_83ef3c90 ON public.licensing_licencetoken USING btree (production_id);
CREATE INDEX licensing_licencetoken_talent_id_f633471e ON public.licensing_licencetoken USING btree (talent_id);
CREATE INDEX licensing_licencetoken_terms_id_2d731beb ON public.licensing_licencetoken USING btree (terms_id);
CREATE INDEX licensing_mandate_agency_id_0940a294 ON public.licensing_mandate USING btree (agency_id);
CREATE INDEX licensing_mandate_agent_id_dd465699 ON public.licensing_mandate USING btree (agent_id);
CREATE INDEX licensing_mandate_granted_by_id_dcd4b297 ON public.licensing_mandate USING btree (granted_by_id);
CREATE INDEX licensing_mandate_talent_id_0157811f ON public.licensing_mandate USING btree (talent_id);
CREATE INDEX licensing_mandatesigner_mandate_id_82aedd8b ON public.licensing_mandatesigner USING btree (mandate_id);
CREATE INDEX licensing_mandatesigner_user_id_19841560 ON public.licensing_mandatesigner USING btree (user_id);
CREATE INDEX licensing_p_organis_9ed90a_idx ON public.licensing_production USING btree (organisation_id, created_at);
CREATE INDEX licensing_p_thumbpr_391389_idx ON public.licensing_personsignature USING btree (thumbprint);
CREATE INDEX licensing_personsignature_digest_bc5430e7_like ON public.licensing_personsignature USING btree (digest varchar_pattern_ops);
CREATE INDEX licensing_personsignature_person_id_86845aee ON public.licensing_personsignature USING btree (person_id);
CREATE INDEX licensing_policyrollout_ended_by_id_e99949ec ON public.licensing_policyrollout USING btree (ended_by_id);
CREATE INDEX licensing_policyrollout_organisation_id_28acfa38 ON public.licensing_policyrollout USING btree (organisation_id);
CREATE INDEX licensing_policyrollout_recorded_by_id_259389ab ON public.licensing_policyrollout USING btree (recorded_by_id);
CREATE INDEX licensing_production_guild_id_ecdb62ff ON public.licensing_production USING btree (guild_id);
CREATE INDEX licensing_production_organisation_id_27314d23 ON public.licensing_production USING btree (organisation_id);
CREATE INDEX licensing_production_origin_38380f4e_like ON public.licensing_production USING btree (origin varchar_pattern_ops);
CREATE INDEX licensing_profileadoption_ended_by_id_5abe2124 ON public.licensing_profileadoption USING btree (ended_by_id);
CREATE INDEX licensing_profileadoption_organisation_id_a482b043 ON public.licensing_profileadoption USING btree (organisation_id);
CREATE INDEX licensing_profileadoption_sign_off_id_82f72e54 ON public.licensing_profileadoption USING btree (sign_off_id);
CREATE INDEX licensing_profileadoption_signed_by_id_73729084 ON public.licensing_profileadoption USING btree (signed_by_id);
CREATE INDEX licensing_profilesignoff_organisation_id_832c3003 ON public.licensing_profilesignoff USING btree (organisation_id);
CREATE INDEX licensing_profilesignoff_signed_by_id_253f3241 ON public.licensing_profilesignoff USING btree (signed_by_id);
CREATE INDEX licensing_quotaalert_token_id_ca8f271d ON public.licensing_quotaalert USING btree (token_id);
CREATE INDEX licensing_r_guild_i_c39ccb_idx ON public.licensing_rollimport USING btree (guild_id, created_at);
CREATE INDEX licensing_r_organis_12f937_idx ON public.licensing_revocationduty USING btree (organisation_id, created_at);
CREATE INDEX licensing_r_organis_e9755b_idx ON public.licensing_requestdraft USING btree (organisation_id, changed_at);
CREATE INDEX licensing_r_request_f61502_idx ON public.licensing_requestaction USING btree (request_id, at);
CREATE INDEX licensing_requestaction_actor_id_227c4977 ON public.licensing_requestaction USING btree (actor_id);
CREATE INDEX licensing_requestaction_credential_id_90bc6b23 ON public.licensing_requestaction USING btree (credential_id);
CREATE INDEX licensing_requestaction_organisation_id_8194832c ON public.licensing_requestaction USING btree (organisation_id);
CREATE INDEX licensing_requestaction_request_id_4f374102 ON public.licensing_requestaction USING btree (request_id);
CREATE INDEX licensing_requestdraft_created_by_id_e75508b5 ON public.licensing_requestdraft USING btree (created_by_id);
CREATE INDEX licensing_requestdraft_organisation_id_5205a643 ON public.licensing_requestdraft USING btree (organisation_id);
CREATE INDEX licensing_revocationduty_acknowledged_by_id_77e4aadf ON public.licensing_revocationduty USING btree (acknowledged_by_id);
CREATE INDEX licensing_revocationduty_organisation_id_893974ea ON public.licensing_revocationduty USING btree (organisation_id);
CREATE INDEX licensing_revocationduty_token_id_2c8ca5d1 ON public.licensing_revocationduty USING btree (token_id);
CREATE INDEX licensing_rollimport_guild_id_d49ad857 ON public.licensing_rollimport USING btree (guild_id);
CREATE INDEX licensing_rollimport_submitted_by_id_16447c37 ON public.licensing_rollimport USING btree (submitted_by_id);
CREATE INDEX licensing_rollrefusal_roll_id_1b10ce58 ON public.licensing_rollrefusal USING btree (roll_id);
CREATE INDEX licensing_shadowoutcome_request_id_3ae0dc43 ON public.licensing_shadowoutcome USING btree (request_id);
CREATE INDEX licensing_shadowoutcome_rollout_id_9a40b4e0 ON public.licensing_shadowoutcome USING btree (rollout_id);
CREATE INDEX licensing_shadowoutcome_version_id_8c0d95a7 ON public.licensing_shadowoutcome USING btree (version_id);
CREATE INDEX licensing_studioblock_ended_by_id_ba5f5d86 ON public.licensing_studioblock USING btree (ended_by_id);
CREATE INDEX licensing_studioblock_placed_by_id_af51abba ON public.licensing_studioblock USING btree (placed_by_id);
CREATE INDEX licensing_studioblock_studio_id_fb4d06f2 ON public.licensing_studioblock USING btree (studio_id);
CREATE INDEX licensing_studioblock_talent_id_ae807a0e ON public.licensing_studioblock USING btree (talent_id);
CREATE INDEX licensing_t_license_906357_idx ON public.licensing_trainingrequest USING btree (licensee_id, created_at);
CREATE INDEX licensing_t_license_9f83ee_idx ON public.licensing_trainingtoken USING btree (licensee_id, created_at);
CREATE INDEX licensing_t_talent__0b6ec5_idx ON public.licensing_talentinstruction USING btree (talent_id, kind, created_at);
CREATE INDEX licensing_t_talent__758c98_idx ON public.licensing_trainingrequest USING btree (talent_id, state);
CREATE INDEX licensing_t_talent__ffaf41_idx ON public.licensing_trainingtoken USING btree (talent_id, state);
CREATE INDEX licensing_talent_handle_7aecf82c_like ON public.licensing_talent USING btree (handle varchar_pattern_ops);
CREATE INDEX licensing_talent_organisation_id_9de9bb06 ON public.licensing_talent USING btree (organisation_id);
CREATE INDEX licensing_talentinstruction_set_by_id_3b974d15 ON public.licensing_talentinstruction USING btree (set_by_id);
CREATE INDEX licensing_talentinstruction_talent_id_43ae9e84 ON public.licensing_talentinstruction USING btree (talent_id);
CREATE INDEX licensing_termsversion_created_by_id_47f1eeed ON public.licensing_termsversion USING btree (created_by_id);
CREATE INDEX licensing_termsversion_request_id_95db3669 ON public.licensing_termsversion USING btree (request_id);
CREATE INDEX licensing_trainingconsent_given_by_id_dfcfa05e ON public.licensing_trainingconsent USING btree (given_by_id);
CREATE INDEX licensing_trainingconsent_talent_id_1b0c68d9 ON public.licensing_trainingconsent USING btree (talent_id);
CREATE INDEX licensing_trainingrequest_licensee_id_afd0f202 ON public.licensing_trainingrequest USING btree (licensee_id);
CREATE INDEX licensing_trainingrequest_production_id_2c4bd7aa ON public.licensing_trainingrequest USING btree (production_id);
CREATE INDEX licensing_trainingrequest_requested_by_id_31eb9af7 ON public.licensing_trainingrequest USING btree (requested_by_id);
CREATE INDEX licensing_trainingrequest_talent_id_70c476ab ON public.licensing_trainingrequest USING btree (talent_id);
CREATE INDEX licensing_trainingtoken_licensee_id_a1864eb0 ON public.licensing_trainingtoken USING btree (licensee_id);
CREATE INDEX licensing_trainingtoken_production_id_4be1394e ON public.licensing_trainingtoken USING btree (production_id);
CREATE INDEX licensing_trainingtoken_talent_id_63afd5e9 ON public.licensing_trainingtoken USING btree (talent_id);
CREATE INDEX licensing_vaultconstruct_talent_id_295ac392 ON public.licensing_vaultconstruct USING btree (talent_id);
CREATE INDEX licensing_visibilityrule_o_visibilityrule_id_be853851 ON public.licensing_visibilityrule_organisations USING btree (visibilityrule_id);
CREATE INDEX licensing_visibilityrule_organisations_organisation_id_e26b9d19 ON public.licensing_visibilityrule_organisations USING btree (organisation_id);
CREATE INDEX licensing_visibilityrule_set_by_id_2da0280e ON public.licensing_visibilityrule USING btree (set_by_id);
CREATE INDEX licensing_visibilityrule_talent_id_1ca75546 ON public.licensing_visibilityrule USING btree (talent_id);
CREATE INDEX lineage_edge_in_order ON public.training_lineageedge USING btree (organisation_id, number);
CREATE INDEX lineage_edge_upwards ON public.training_lineageedge USING btree (child_id, parent_id);
CREATE INDEX lineage_event_waiting ON public.training_lineageevent USING btree (due_at) WHERE ((given_up_at IS NULL) AND (sent_at IS NULL));
CREATE UNIQUE INDEX log_entry_once_per_ref ON ONLY public.receipts_logentry USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE INDEX manifest_by_asset ON public.provenance_manifestrecord USING btree (asset_id, created_at DESC);
CREATE INDEX manifest_by_label ON public.provenance_manifestrecord USING btree (((report #> '{manifests,0,label}'::text[])));
CREATE INDEX manifest_row_by_ref ON public.training_manifestrow USING btree (ref);
CREATE INDEX mark_ids_by_key ON public.watermarking_markregistration USING btree (key_id, created_at) INCLUDE (mark_id);
CREATE INDEX material_import_by_age ON public.training_materialimport USING btree (organisation_id, created_at DESC);
CREATE UNIQUE INDEX material_import_once_a_key ON public.training_materialimport USING btree (organisation_id, repeat_key) WHERE (NOT ((repeat_key)::text = ''::text));
CREATE INDEX material_import_unfinished ON public.training_materialimport USING btree (moved_at) WHERE (finished_at IS NULL);
CREATE INDEX media_jobs_of ON public.watermarking_mediajob USING btree (organisation_id, created_at DESC);
CREATE INDEX media_jobs_unfinished ON public.watermarking_mediajob USING btree (organisation_id, created_at) WHERE ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying, 'VERIFYING'::character varying])::text[]));
CREATE INDEX mfa_authenticator_user_id_0c3a50c0 ON public.mfa_authenticator USING btree (user_id);
CREATE INDEX notice_in_order ON public.notify_notice USING btree (organisation_id, "position");
CREATE INDEX notify_choice_person_id_d6d1cf39 ON public.notify_choice USING btree (person_id);
CREATE INDEX notify_delivery_endpoint_id_a5e881e7 ON public.notify_delivery USING btree (endpoint_id);
CREATE INDEX notify_delivery_event_id_ab900c88 ON public.notify_delivery USING btree (event_id);
CREATE INDEX notify_letter_bundled_in_id_a843c782 ON public.notify_letter USING btree (bundled_in_id);
CREATE INDEX notify_letter_event_id_92b05376 ON public.notify_letter USING btree (event_id);
CREATE INDEX notify_letter_organisation_id_7511fff1 ON public.notify_letter USING btree (organisation_id);
CREATE INDEX notify_letter_person_id_4db71e33 ON public.notify_letter USING btree (person_id);
CREATE INDEX notify_notice_event_id_1283044a ON public.notify_notice USING btree (event_id);
CREATE INDEX notify_webhookendpoint_created_by_id_1d208de6 ON public.notify_webhookendpoint USING btree (created_by_id);
CREATE INDEX notify_webhookendpoint_organisation_id_40a69957 ON public.notify_webhookendpoint USING btree (organisation_id);
CREATE UNIQUE INDEX one_active_key_per_purpose ON public.common_signingkey USING btree (purpose) WHERE ((state)::text = 'ACTIVE'::text);
CREATE UNIQUE INDEX one_active_signing_authority ON public.provenance_signingauthority USING btree (state) WHERE ((state)::text = 'ACTIVE'::text);
CREATE UNIQUE INDEX one_adoption_in_force ON public.licensing_profileadoption USING btree (organisation_id, profile) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX one_asset_per_mark ON public.provenance_asset USING btree (mark_id) WHERE (NOT ((mark_id)::text = ''::text));
CREATE UNIQUE INDEX one_asset_per_upload_key ON public.provenance_asset USING btree (organisation_id, idempotency_key) WHERE (NOT ((idempotency_key)::text = ''::text));
CREATE UNIQUE INDEX one_block_per_studio ON public.licensing_studioblock USING btree (talent_id, studio_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX one_erasure_of_a_talent ON public.compliance_erasure USING btree (talent_id) WHERE ((state)::text = ANY ((ARRAY['ASKED'::character varying, 'CONFIRMED'::character varying, 'DONE'::character varying])::text[]));
CREATE UNIQUE INDEX one_erasure_of_a_user ON public.compliance_erasure USING btree (user_id) WHERE ((state)::text = ANY ((ARRAY['ASKED'::character varying, 'CONFIRMED'::character varying, 'DONE'::character varying])::text[]));
CREATE UNIQUE INDEX one_hold_a_matter ON public.audit_legalhold USING btree (matter) WHERE (lifted_at IS NULL);
CREATE UNIQUE INDEX one_hold_in_force_per_side ON public.licensing_hold USING btree (covers, reason, side) WHERE (lifted_at IS NULL);
CREATE UNIQUE INDEX one_live_membership_per_role ON public.accounts_membership USING btree (user_id, organisation_id, role) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX one_mandate_in_force_per_talent ON public.licensing_mandate USING btree (talent_id) WHERE (revoked_at IS NULL);
CREATE UNIQUE INDEX one_open_release_per_licence ON public.licensing_framerelease USING btree (token_id) WHERE (decided_at IS NULL);
CREATE UNIQUE INDEX one_open_renewal_per_token ON public.licensing_licencerequest USING btree (renews_id) WHERE (((state)::text = ANY ((ARRAY['SUBMITTED'::character varying, 'NOTICE_PERIOD'::character varying, 'IN_REVIEW'::character varying, 'COUNTERED'::character varying, 'COUNTER_ACCEPTED'::character varying])::text[])) AND (renews_id IS NOT NULL));
CREATE UNIQUE INDEX one_reading_at_a_time ON public.compliance_evidencereading USING btree (evidence_id) WHERE (entry_id IS NULL);
CREATE UNIQUE INDEX one_rollout_in_force ON public.licensing_policyrollout USING btree (organisation_id, kind, profile) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX one_user_per_address ON public.accounts_user USING btree (lower((email)::text));
CREATE INDEX organisation_by_kind ON public.accounts_organisation USING btree (kind, created_at);
CREATE INDEX package_by_incident ON public.compliance_incidentpackage USING btree (incident_id, created_at DESC);
CREATE INDEX policy_decision_by_age ON public.training_policydecision USING btree (organisation_id, created_at DESC);
CREATE INDEX policy_decision_by_subject ON public.training_policydecision USING btree (subject_id);
CREATE INDEX proof_by_time ON public.receipts_dpopproofseen USING brin (seen_at);
CREATE INDEX provenance_asset_organisation_id_51365188 ON public.provenance_asset USING btree (organisation_id);
CREATE INDEX provenance_asset_production_id_156ccdd1 ON public.provenance_asset USING btree (production_id);
CREATE INDEX provenance_asset_uploaded_by_id_8c95358c ON public.provenance_asset USING btree (uploaded_by_id);
CREATE INDEX provenance_assetevent_asset_id_eed74b38 ON public.provenance_assetevent USING btree (asset_id);
CREATE INDEX provenance_assetevent_person_id_0be91424 ON public.provenance_assetevent USING btree (person_id);
CREATE INDEX provenance_custodydocument_version_id_9b686acd ON public.provenance_custodydocument USING btree (version_id);
CREATE INDEX provenance_event_by_film ON public.provenance_provenanceevent USING btree (production_id, number);
CREATE INDEX provenance_event_by_object ON public.provenance_provenanceevent USING btree (object_id, number);
CREATE INDEX provenance_generationinput_generation_id_e2a59b87 ON public.provenance_generationinput USING btree (generation_id);
CREATE INDEX provenance_generationoutput_generation_id_454c314a ON public.provenance_generationoutput USING btree (generation_id);
CREATE INDEX provenance_generationoutput_version_id_6f3b1c88 ON public.provenance_generationoutput USING btree (version_id);
CREATE INDEX provenance_generativemodel_asset_version_id_eae3df10 ON public.provenance_generativemodel USING btree (asset_version_id);
CREATE INDEX provenance_graphasset_organisation_id_f4cc3d28 ON public.provenance_graphasset USING btree (organisation_id);
CREATE INDEX provenance_labelproposal_version_id_615a3395 ON public.provenance_labelproposal USING btree (version_id);
CREATE INDEX provenance_manifestrecord_asset_id_852f761a ON public.provenance_manifestrecord USING btree (asset_id);
CREATE INDEX provenance_provenanceevent_credential_id_c22d2d92 ON public.provenance_provenanceevent USING btree (credential_id);
CREATE INDEX provenance_provenanceevent_organisation_id_83d7c4ce ON public.provenance_provenanceevent USING btree (organisation_id);
CREATE INDEX provenance_provenanceevent_person_id_d84c602a ON public.provenance_provenanceevent USING btree (person_id);
CREATE INDEX provenance_provenanceevent_production_id_a15ee94a ON public.provenance_provenanceevent USING btree (production_id);
CREATE INDEX provenance_resolutionchoice_chosen_by_id_57027291 ON public.provenance_resolutionchoice USING btree (chosen_by_id);
CREATE INDEX provenance_visiblelabelrecord_asset_id_1235761b ON public.provenance_visiblelabelrecord USING btree (asset_id);
CREATE INDEX provenance_visiblelabelrecord_credential_id_cb02a3cf ON public.provenance_visiblelabelrecord USING btree (credential_id);
CREATE INDEX provenance_visiblelabelrecord_organisation_id_270316a4 ON public.provenance_visiblelabelrecord USING btree (organisation_id);
CREATE INDEX provenance_visiblelabelrecord_person_id_4c0b81e1 ON public.provenance_visiblelabelrecord USING btree (person_id);
CREATE INDEX question_times ON public.provenance_questiontime USING btree (production_id, question, created_at DESC);
CREATE INDEX receipts_licencetally_log_id_4474309d ON public.receipts_licencetally USING btree (log_id);
CREATE UNIQUE INDEX receipts_logentry_0_log_id_ref_idx ON public.receipts_logentry_0 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_10_log_id_ref_idx ON public.receipts_logentry_10 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_11_log_id_ref_idx ON public.receipts_logentry_11 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_12_log_id_ref_idx ON public.receipts_logentry_12 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_13_log_id_ref_idx ON public.receipts_logentry_13 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_14_log_id_ref_idx ON public.receipts_logentry_14 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_15_log_id_ref_idx ON public.receipts_logentry_15 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_1_log_id_ref_idx ON public.receipts_logentry_1 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_2_log_id_ref_idx ON public.receipts_logentry_2 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_3_log_id_ref_idx ON public.receipts_logentry_3 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_4_log_id_ref_idx ON public.receipts_logentry_4 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_5_log_id_ref_idx ON public.receipts_logentry_5 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_6_log_id_ref_idx ON public.receipts_logentry_6 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_7_log_id_ref_idx ON public.receipts_logentry_7 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_8_log_id_ref_idx ON public.receipts_logentry_8 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE UNIQUE INDEX receipts_logentry_9_log_id_ref_idx ON public.receipts_logentry_9 USING btree (log_id, ref) WHERE (ref IS NOT NULL);
CREATE INDEX receipts_pe_product_8296ac_idx ON public.receipts_pendingentry USING btree (production_id, id);
CREATE INDEX receipts_productionlog_origin_72e87a5b_like ON public.receipts_productionlog USING btree (origin varchar_pattern_ops);
CREATE INDEX receipts_witness_vkey_661668b5_like ON public.receipts_witness USING btree (vkey varchar_pattern_ops);
CREATE INDEX reconciliation_by_production ON public.compliance_reconciliationreport USING btree (production_id, created_at DESC);
CREATE INDEX record_by_action ON public.verification_verificationrecord USING btree (action, created_at);
CREATE INDEX reissue_by_key ON public.licensing_grantreissue USING btree (kid);
CREATE INDEX relation_by_generation ON public.provenance_relation USING btree (generation_id) WHERE (generation_id IS NOT NULL);
CREATE INDEX relation_by_parent ON public.provenance_relation USING btree (parent_id, child_id);
CREATE INDEX release_by_licence ON public.licensing_framerelease USING btree (token_id, created_at);
CREATE UNIQUE INDEX report_rerun_one_at_a_time ON public.training_reportrerun USING btree (report_id) WHERE (done_at IS NULL);
CREATE INDEX report_rerun_waiting ON public.training_reportrerun USING btree (touched_at) WHERE (done_at IS NULL);
CREATE UNIQUE INDEX review_one_open ON public.training_review USING btree (asset_id) WHERE ((answer)::text = ''::text);
CREATE INDEX review_queue ON public.training_review USING btree (organisation_id, risk DESC, due_at) WHERE ((answer)::text = ''::text);
CREATE INDEX rights_by_their_end ON public.training_rightsrecord USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX rights_report_by_age ON public.training_rightsreport USING btree (organisation_id, created_at DESC);
CREATE INDEX rights_report_waiting ON public.training_rightsreport USING btree (touched_at) WHERE ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'BUILDING'::character varying])::text[]));
CREATE UNIQUE INDEX rights_review_one_open ON public.training_rightsreview USING btree (rights_id) WHERE ((answer)::text = ''::text);
CREATE INDEX rights_review_open ON public.training_rightsreview USING btree (organisation_id, due_on) WHERE ((answer)::text = ''::text);
CREATE INDEX roll_unfinished ON public.licensing_rollimport USING btree (moved_at) WHERE (finished_at IS NULL);
CREATE INDEX rollout_by_organisation ON public.licensing_policyrollout USING btree (organisation_id, created_at DESC);
CREATE UNIQUE INDEX scan_job_one_at_a_time ON public.training_scanjob USING btree (asset_id) WHERE (finished_at IS NULL);
CREATE INDEX scan_job_unfinished ON public.training_scanjob USING btree (moved_at) WHERE (finished_at IS NULL);
CREATE INDEX scene_by_shot ON public.screenplays_sceneshot USING btree (shot);
CREATE UNIQUE INDEX scene_shot_linked_once ON public.screenplays_sceneshot USING btree (scene_id, shot) WHERE (ended_at IS NULL);
CREATE INDEX screenplays_access_credential_id_dc6285b7 ON public.screenplays_access USING btree (credential_id);
CREATE INDEX screenplays_access_grant_id_50046f29 ON public.screenplays_access USING btree (grant_id);
CREATE INDEX screenplays_access_organisation_id_3865bb4b ON public.screenplays_access USING btree (organisation_id);
CREATE INDEX screenplays_access_permission_id_8d41418f ON public.screenplays_access USING btree (permission_id);
CREATE INDEX screenplays_access_person_id_3757dd78 ON public.screenplays_access USING btree (person_id);
CREATE INDEX screenplays_access_version_id_3ead46ce ON public.screenplays_access USING btree (version_id);
CREATE INDEX screenplays_access_work_id_7ff7730b ON public.screenplays_access USING btree (work_id);
CREATE INDEX screenplays_copy_made_by_id_b8c830b2 ON public.screenplays_copy USING btree (made_by_id);
CREATE INDEX screenplays_copy_version_id_3d57227b ON public.screenplays_copy USING btree (version_id);
CREATE INDEX screenplays_copy_work_id_8cd66036 ON public.screenplays_copy USING btree (work_id);
CREATE INDEX screenplays_grant_credential_id_1664a0df ON public.screenplays_grant USING btree (credential_id);
CREATE INDEX screenplays_grant_ended_by_id_3d91f712 ON public.screenplays_grant USING btree (ended_by_id);
CREATE INDEX screenplays_grant_granted_by_id_c9cb6250 ON public.screenplays_grant USING btree (granted_by_id);
CREATE INDEX screenplays_grant_organisation_id_b27a3d5b ON public.screenplays_grant USING btree (organisation_id);
CREATE INDEX screenplays_grant_person_id_ea8bffc4 ON public.screenplays_grant USING btree (person_id);
CREATE INDEX screenplays_grant_training_licence_id_3bef521d ON public.screenplays_grant USING btree (training_licence_id);
CREATE INDEX screenplays_grant_version_id_a9a91059 ON public.screenplays_grant USING btree (version_id);
CREATE INDEX screenplays_grant_work_id_85d46a53 ON public.screenplays_grant USING btree (work_id);
CREATE INDEX screenplays_historicalwork_history_date_780597e0 ON public.screenplays_historicalwork USING btree (history_date);
CREATE INDEX screenplays_historicalwork_history_user_id_b398b392 ON public.screenplays_historicalwork USING btree (history_user_id);
CREATE INDEX screenplays_historicalwork_id_b42d9f77 ON public.screenplays_historicalwork USING btree (id);
CREATE INDEX screenplays_historicalwork_organisation_id_7e6c1960 ON public.screenplays_historicalwork USING btree (organisation_id);
CREATE INDEX screenplays_historicalwork_production_id_80013a1d ON public.screenplays_historicalwork USING btree (production_id);
CREATE INDEX screenplays_historicalwork_registered_by_id_975f5e68 ON public.screenplays_historicalwork USING btree (registered_by_id);
CREATE INDEX screenplays_historicalwork_writer_id_651c8d9a ON public.screenplays_historicalwork USING btree (writer_id);
CREATE INDEX screenplays_scene_version_id_328923cb ON public.screenplays_scene USING btree (version_id);
CREATE INDEX screenplays_sceneshot_linked_by_id_768f0d1c ON public.screenplays_sceneshot USING btree (linked_by_id);
CREATE INDEX screenplays_sceneshot_scene_id_25660c0e ON public.screenplays_sceneshot USING btree (scene_id);
CREATE INDEX screenplays_version_submitted_by_id_c842fe94 ON public.screenplays_version USING btree (submitted_by_id);
CREATE INDEX screenplays_version_submitted_key_id_0d48d679 ON public.screenplays_version USING btree (submitted_key_id);
CREATE INDEX screenplays_version_wording_sha256_48ab8d9a ON public.screenplays_version USING btree (wording_sha256);
CREATE INDEX screenplays_version_wording_sha256_48ab8d9a_like ON public.screenplays_version USING btree (wording_sha256 varchar_pattern_ops);
CREATE INDEX screenplays_version_work_id_4e33bc91 ON public.screenplays_version USING btree (work_id);
CREATE INDEX screenplays_work_organisation_id_3974bc23 ON public.screenplays_work USING btree (organisation_id);
CREATE INDEX screenplays_work_production_id_bcea9b02 ON public.screenplays_work USING btree (production_id);
CREATE INDEX screenplays_work_registered_by_id_5f4fb2ca ON public.screenplays_work USING btree (registered_by_id);
CREATE INDEX screenplays_work_writer_id_0a9f8135 ON public.screenplays_work USING btree (writer_id);
CREATE INDEX script_search_unfinished ON public.training_scriptsearch USING btree (due_at) WHERE (finished_at IS NULL);
CREATE INDEX shadow_that_differs ON public.licensing_shadowoutcome USING btree (rollout_id, created_at DESC) WHERE differs;
CREATE INDEX shared_cache_expires ON public.shared_cache USING btree (expires);
CREATE INDEX sign_in_link_email ON public.accounts_signinlink USING btree (lower((email)::text));
CREATE INDEX sign_in_link_mail_due ON public.accounts_signinlink USING btree (mail_due_at) WHERE (mail_due_at IS NOT NULL);
CREATE INDEX socialaccount_socialaccount_user_id_8146e70c ON public.socialaccount_socialaccount USING btree (user_id);
CREATE INDEX socialaccount_socialtoken_account_id_951f210e ON public.socialaccount_socialtoken USING btree (account_id);
CREATE INDEX socialaccount_socialtoken_app_id_636a42d7 ON public.socialaccount_socialtoken USING btree (app_id);
CREATE INDEX source_by_age ON public.training_source USING btree (organisation_id, created_at DESC);
CREATE UNIQUE INDEX source_class_under_one_contract ON public.training_contractbinding USING btree (source_class_id) WHERE (until IS NULL);
CREATE INDEX system_report_newest ON public.training_systemreport USING btree (organisation_id, system, created_at DESC);
CREATE INDEX takedown_by_age ON public.training_takedown USING btree (organisation_id, created_at DESC);
CREATE INDEX takedown_item_by_clock ON public.training_takedownitem USING btree (takedown_id, due_at);
CREATE UNIQUE INDEX takedown_once_for_an_end ON public.training_takedown USING btree (rights_id, trigger) WHERE (NOT is_drill);
CREATE INDEX takedown_reach_by_node ON public.training_takedownreach USING btree (node_id);
CREATE INDEX talent_by_name ON public.licensing_talent USING btree (stage_name, id);
CREATE INDEX talent_name_words ON public.licensing_talent USING gin (to_tsvector('simple'::regconfig, (COALESCE(stage_name, ''::character varying))::text));
CREATE INDEX token_notice_due ON public.licensing_licencetoken USING btree (notice_at) WHERE (notice_at IS NOT NULL);
CREATE INDEX token_vendors ON public.licensing_licencetoken USING gin (vendor_ids);
CREATE INDEX training_asset_by_age ON public.training_trainingasset USING btree (organisation_id, created_at DESC);
CREATE INDEX training_asset_by_content ON public.training_trainingasset USING btree (sha256);
CREATE INDEX training_asset_text_in ON public.training_trainingasset USING btree (id) WHERE (((kind)::text = 'TEXT'::text) AND ((state)::text = 'ADMITTED'::text));
CREATE INDEX training_contractbinding_contract_id_c0d323da ON public.training_contractbinding USING btree (contract_id);
CREATE INDEX training_contractbinding_source_class_id_d93802c7 ON public.training_contractbinding USING btree (source_class_id);
CREATE INDEX training_datacontract_activated_by_id_bd88d6ab ON public.training_datacontract USING btree (activated_by_id);
CREATE INDEX training_datacontract_organisation_id_ef94b8be ON public.training_datacontract USING btree (organisation_id);
CREATE INDEX training_datacontract_registered_by_id_df671fb4 ON public.training_datacontract USING btree (registered_by_id);
CREATE INDEX training_datacontract_retired_by_id_29a98eb6 ON public.training_datacontract USING btree (retired_by_id);
CREATE INDEX training_derivative_dataset_f11cc981 ON public.training_derivative USING btree (dataset);
CREATE INDEX training_derivative_dataset_f11cc981_like ON public.training_derivative USING btree (dataset varchar_pattern_ops);
CREATE INDEX training_derivative_job_id_f8441d6b ON public.training_derivative USING btree (job_id);
CREATE INDEX training_domainrule_organisation_id_cd98f63a ON public.training_domainrule USING btree (organisation_id);
CREATE INDEX training_domainrule_set_by_id_323cc031 ON public.training_domainrule USING btree (set_by_id);
CREATE INDEX training_fingerprint_asset_id_fdb10710 ON public.training_fingerprint USING btree (asset_id);
CREATE INDEX training_houserules_organisation_id_99e2b7f3 ON public.training_houserules USING btree (organisation_id);
CREATE INDEX training_houserules_set_by_id_3659ca57 ON public.training_houserules USING btree (set_by_id);
CREATE INDEX training_manifest_by_age ON public.training_trainingmanifest USING btree (organisation_id, created_at DESC);
CREATE INDEX training_modelversion_run_id_02858252 ON public.training_modelversion USING btree (run_id);
CREATE INDEX training_policydecision_asked_by_id_5ba8a045 ON public.training_policydecision USING btree (asked_by_id);
CREATE INDEX training_policydecision_organisation_id_8bbfa472 ON public.training_policydecision USING btree (organisation_id);
CREATE INDEX training_policytext_hash_d20445c0_like ON public.training_policytext USING btree (hash varchar_pattern_ops);
CREATE INDEX training_question_by_age ON public.training_trainingquestion USING btree (organisation_id, created_at DESC);
CREATE INDEX training_reportrerun_report_id_2f87acfc ON public.training_reportrerun USING btree (report_id);
CREATE INDEX training_review_answered_by_id_f9ae84cd ON public.training_review USING btree (answered_by_id);
CREATE INDEX training_review_asset_id_49635ddd ON public.training_review USING btree (asset_id);
CREATE INDEX training_review_collected_by_id_c4d3bd53 ON public.training_review USING btree (collected_by_id);
CREATE INDEX training_review_organisation_id_c5d2d08b ON public.training_review USING btree (organisation_id);
CREATE INDEX training_rightsend_ended_by_id_e204de2a ON public.training_rightsend USING btree (ended_by_id);
CREATE INDEX training_rightsexception_asked_by_id_a87d0768 ON public.training_rightsexception USING btree (asked_by_id);
CREATE INDEX training_rightsexception_ended_by_id_f07589a6 ON public.training_rightsexception USING btree (ended_by_id);
CREATE INDEX training_rightsexception_organisation_id_a2f03715 ON public.training_rightsexception USING btree (organisation_id);
CREATE INDEX training_rightsexception_owner_id_ff4a2072 ON public.training_rightsexception USING btree (owner_id);
CREATE INDEX training_rightsexception_signed_by_id_60bfa320 ON public.training_rightsexception USING btree (signed_by_id);
CREATE INDEX training_rightsexception_source_class_id_7313aa36 ON public.training_rightsexception USING btree (source_class_id);
CREATE INDEX training_rightsexception_source_id_a489149b ON public.training_rightsexception USING btree (source_id);
CREATE INDEX training_rightsrecord_organisation_id_e2de6f6f ON public.training_rightsrecord USING btree (organisation_id);
CREATE INDEX training_rightsrecord_recorded_by_id_92e53067 ON public.training_rightsrecord USING btree (recorded_by_id);
CREATE INDEX training_rightsrecord_source_id_9c38b654 ON public.training_rightsrecord USING btree (source_id);
CREATE INDEX training_rightsrecord_training_token_id_9ba208c7 ON public.training_rightsrecord USING btree (training_token_id);
CREATE INDEX training_rightsreview_organisation_id_b66bf46b ON public.training_rightsreview USING btree (organisation_id);
CREATE INDEX training_rightsreview_rights_id_e24e7895 ON public.training_rightsreview USING btree (rights_id);
CREATE INDEX training_run_by_age ON public.training_trainingrun USING btree (organisation_id, created_at DESC);
CREATE INDEX training_scanjob_asset_id_3fd52968 ON public.training_scanjob USING btree (asset_id);
CREATE INDEX training_scriptuse_version_id_9b802f56 ON public.training_scriptuse USING btree (version_id);
CREATE INDEX training_source_organisation_id_1369f74a ON public.training_source USING btree (organisation_id);
CREATE INDEX training_source_owner_id_65572ffe ON public.training_source USING btree (owner_id);
CREATE INDEX training_source_registered_by_id_1cc6862b ON public.training_source USING btree (registered_by_id);
CREATE INDEX training_source_source_class_id_089fd2cf ON public.training_source USING btree (source_class_id);
CREATE INDEX training_sourceclass_code_c06e7533 ON public.training_sourceclass USING btree (code);
CREATE INDEX training_sourceclass_code_c06e7533_like ON public.training_sourceclass USING btree (code varchar_pattern_ops);
CREATE INDEX training_sourceclass_organisation_id_2177bfad ON public.training_sourceclass USING btree (organisation_id);
CREATE INDEX training_systemreport_system_f3cddfaa ON public.training_systemreport USING btree (system);
CREATE INDEX training_systemreport_system_f3cddfaa_like ON public.training_systemreport USING btree (system varchar_pattern_ops);
CREATE INDEX training_takedown_rights_id_3f6bb941 ON public.training_takedown USING btree (rights_id);
CREATE INDEX training_takedownitem_takedown_id_d969621c ON public.training_takedownitem USING btree (takedown_id);
CREATE INDEX training_text_by_hash ON public.training_textsketch USING gin (hashes);
CREATE INDEX training_trainingmanifest_name_1ff57be1 ON public.training_trainingmanifest USING btree (name);
CREATE INDEX training_trainingmanifest_name_1ff57be1_like ON public.training_trainingmanifest USING btree (name varchar_pattern_ops);
CREATE INDEX training_trainingrun_manifest_id_f633e833 ON public.training_trainingrun USING btree (manifest_id);
CREATE INDEX training_transformjob_approved_by_id_874c56c7 ON public.training_transformjob USING btree (approved_by_id);
CREATE INDEX training_transformjob_organisation_id_fa722ae9 ON public.training_transformjob USING btree (organisation_id);
CREATE INDEX training_transformjob_run_by_id_91baa7c8 ON public.training_transformjob USING btree (run_by_id);
CREATE INDEX training_transformrun_dataset_8d14e8ab ON public.training_transformrun USING btree (dataset);
CREATE INDEX training_transformrun_dataset_8d14e8ab_like ON public.training_transformrun USING btree (dataset varchar_pattern_ops);
CREATE INDEX training_transformrun_job_id_3c921307 ON public.training_transformrun USING btree (job_id);
CREATE INDEX transform_run_by_age ON public.training_transformrun USING btree (organisation_id, created_at DESC);
CREATE INDEX transform_run_unfinished ON public.training_transformrun USING btree (moved_at) WHERE (finished_at IS NULL);
CREATE INDEX unauthorised_by_token ON public.receipts_unauthorisedframe USING btree (token_jti, idx);
CREATE UNIQUE INDEX unique_authenticator_type ON public.mfa_authenticator USING btree (user_id, type) WHERE ((type)::text = ANY ((ARRAY['totp'::character varying, 'recovery_codes'::character varying])::text[]));
CREATE UNIQUE INDEX unique_primary_email ON public.account_emailaddress USING btree (user_id, "primary") WHERE "primary";
CREATE UNIQUE INDEX unique_verified_email ON public.account_emailaddress USING btree (email) WHERE verified;
CREATE INDEX untold_by_kind ON public.notify_untoldevent USING btree (kind, event_id);
CREATE INDEX verification_by_organisation ON public.verification_verification USING btree (organisation_id, created_at DESC);
CREATE INDEX verification_detectorpromotion_asked_by_id_aad9b6a1 ON public.verification_detectorpromotion USING btree (asked_by_id);
CREATE INDEX verification_promotionword_person_id_3507193d ON public.verification_promotionword USING btree (person_id);
CREATE INDEX verification_promotionword_promotion_id_f428a9e5 ON public.verification_promotionword USING btree (promotion_id);
CREATE INDEX verification_publiccheck_digest_269f5210_like ON public.verification_publiccheck USING btree (digest varchar_pattern_ops);
CREATE INDEX verification_publicswitch_person_id_5bc10217 ON public.verification_publicswitch USING btree (person_id);
CREATE INDEX verification_replay_asked_by_id_95c5e61a ON public.verification_replay USING btree (asked_by_id);
CREATE INDEX verification_replay_record_id_b1c95c56 ON public.verification_replay USING btree (record_id);
CREATE INDEX verification_review_organisation_id_0027cc68 ON public.verification_review USING btree (organisation_id);
CREATE INDEX verification_review_person_id_a7c6e909 ON public.verification_review USING btree (person_id);
CREATE INDEX verification_review_record_id_dc4988d3 ON public.verification_review USING btree (record_id);
CREATE INDEX verification_unfinished ON public.verification_verification USING btree (touched_at) WHERE ((state)::text = ANY ((ARRAY['QUEUED'::character varying, 'RUNNING'::character varying])::text[]));
CREATE INDEX verification_verification_asked_by_id_c054e45f ON public.verification_verification USING btree (asked_by_id);
CREATE INDEX verification_verification_organisation_id_7730ccae ON public.verification_verification USING btree (organisation_id);
CREATE INDEX version_by_sha256 ON public.screenplays_version USING btree (sha256);
CREATE INDEX version_by_sketch ON public.screenplays_version USING gin (sketch);
CREATE INDEX watermarking_markdetection_organisation_id_8531a7d9 ON public.watermarking_markdetection USING btree (organisation_id);
CREATE INDEX watermarking_markregistration_asset_id_e2f55ee0 ON public.watermarking_markregistration USING btree (asset_id);
CREATE INDEX watermarking_markregistration_mark_id_bb1b5b15_like ON public.watermarking_markregistration USING btree (mark_id varchar_pattern_ops);
CREATE INDEX watermarking_markregistration_production_id_cbebe546 ON public.watermarking_markregistration USING btree (production_id);
CREATE INDEX watermarking_markregistration_registered_by_id_a2162e29 ON public.watermarking_markregistration USING btree (registered_by_id);
CREATE INDEX watermarking_markreport_registration_id_c67010d9 ON public.watermarking_markreport USING btree (registration_id);
CREATE INDEX watermarking_mediajob_organisation_id_2c1d3fc1 ON public.watermarking_mediajob USING btree (organisation_id);
CREATE INDEX watermarking_mediastretch_job_id_c901f8cd ON public.watermarking_mediastretch USING btree (job_id);
CREATE INDEX work_by_organisation ON public.screenplays_work USING btree (organisation_id, created_at DESC);
CREATE INDEX work_by_writer ON public.screenplays_work USING btree (writer_id);
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_0_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_0_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_0_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_10_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_10_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_10_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_11_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_11_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_11_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_12_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_12_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_12_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_13_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_13_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_13_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_14_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_14_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_14_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_15_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_15_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_15_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_1_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_1_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_1_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_2_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_2_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_2_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_3_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_3_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_3_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_4_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_4_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_4_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_5_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_5_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_5_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_6_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_6_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_6_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_7_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_7_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_7_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_8_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_8_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_8_pkey;
ALTER INDEX public.log_entry_once_per_frame ATTACH PARTITION public.receipts_logentry_9_log_id_lease_frame_take_key;
ALTER INDEX public.log_entry_once_per_ref ATTACH PARTITION public.receipts_logentry_9_log_id_ref_idx;
ALTER INDEX public.receipts_logentry_pkey ATTACH PARTITION public.receipts_logentry_9_pkey;
CREATE TRIGGER accounts_operators_apart BEFORE INSERT OR UPDATE ON public.accounts_membership FOR EACH ROW EXECUTE FUNCTION public.accounts_operators_apart();
CREATE TRIGGER accounts_subject_key_guarded BEFORE DELETE OR UPDATE ON public.accounts_subjectkey FOR EACH ROW EXECUTE FUNCTION public.accounts_subject_key_guarded();
CREATE CONSTRAINT TRIGGER asset_has_event AFTER INSERT ON public.provenance_asset DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_asset_has_event();
CREATE CONSTRAINT TRIGGER assetversion_is_told AFTER INSERT ON public.provenance_assetversion DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('VERSION_ADDED');
CREATE CONSTRAINT TRIGGER assetversion_is_whole AFTER INSERT ON public.provenance_assetversion DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_version_is_whole();
CREATE TRIGGER audit_event_append_only BEFORE DELETE OR UPDATE ON public.audit_event FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER audit_event_is_heard AFTER INSERT ON public.audit_event FOR EACH ROW EXECUTE FUNCTION public.notify_hear_event();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON public.audit_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER audit_hold_guarded AFTER DELETE OR UPDATE ON public.audit_legalhold NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.audit_guard_hold();
CREATE TRIGGER audit_segment_append_only BEFORE DELETE OR UPDATE ON public.audit_segment FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER audit_segment_no_truncate BEFORE TRUNCATE ON public.audit_segment FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER classification_is_told AFTER INSERT ON public.provenance_classification DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('CLASSIFIED');
CREATE TRIGGER compliance_evidence_append_only BEFORE DELETE OR UPDATE ON public.compliance_evidence FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER compliance_evidence_no_truncate BEFORE TRUNCATE ON public.compliance_evidence FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER compliance_incident_guarded AFTER DELETE OR UPDATE ON public.compliance_incident NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.compliance_guard_incident();
CREATE TRIGGER compliance_incidententry_append_only BEFORE DELETE OR UPDATE ON public.compliance_incidententry FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER compliance_incidententry_no_truncate BEFORE TRUNCATE ON public.compliance_incidententry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER compliance_reading_guarded AFTER DELETE OR UPDATE ON public.compliance_evidencereading NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.compliance_guard_reading();
CREATE CONSTRAINT TRIGGER custodydocument_is_told AFTER INSERT ON public.provenance_custodydocument DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('DOCUMENT_ATTACHED');
CREATE CONSTRAINT TRIGGER decision_is_told AFTER INSERT ON public.provenance_decision DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('DECIDED');
CREATE CONSTRAINT TRIGGER generationrecord_is_told AFTER INSERT ON public.provenance_generationrecord DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('GENERATED');
CREATE CONSTRAINT TRIGGER generativemodel_is_told AFTER INSERT ON public.provenance_generativemodel DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('MODEL_NAMED');
CREATE CONSTRAINT TRIGGER graphasset_is_told AFTER INSERT ON public.provenance_graphasset DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('ASSET_RECORDED');
CREATE TRIGGER hold_status_noted AFTER INSERT OR UPDATE OF lifted_at ON public.licensing_hold FOR EACH ROW EXECUTE FUNCTION public.note_hold_in_status();
CREATE CONSTRAINT TRIGGER labelproposal_is_told AFTER INSERT ON public.provenance_labelproposal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('LABEL_PROPOSED');
CREATE CONSTRAINT TRIGGER licensing_adoption_guarded AFTER DELETE OR UPDATE ON public.licensing_profileadoption NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_adoption();
CREATE TRIGGER licensing_adoption_signed BEFORE INSERT ON public.licensing_profileadoption FOR EACH ROW EXECUTE FUNCTION public.licensing_adoption_needs_sign_off();
CREATE CONSTRAINT TRIGGER licensing_block_guarded AFTER DELETE OR UPDATE ON public.licensing_studioblock NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_block();
CREATE TRIGGER licensing_canary_signed BEFORE INSERT ON public.licensing_policyrollout FOR EACH ROW EXECUTE FUNCTION public.licensing_canary_needs_sign_off();
CREATE TRIGGER licensing_checkpointpass_append_only BEFORE DELETE OR UPDATE ON public.licensing_checkpointpass FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_checkpointpass_no_truncate BEFORE TRUNCATE ON public.licensing_checkpointpass FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_checkpointyes_append_only BEFORE DELETE OR UPDATE ON public.licensing_checkpointyes FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_checkpointyes_no_truncate BEFORE TRUNCATE ON public.licensing_checkpointyes FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_declaredevent_append_only BEFORE DELETE OR UPDATE ON public.licensing_declaredevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_declaredevent_no_truncate BEFORE TRUNCATE ON public.licensing_declaredevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_duty_guarded BEFORE DELETE OR UPDATE ON public.licensing_revocationduty FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_duty();
CREATE TRIGGER licensing_framerelease_no_truncate BEFORE TRUNCATE ON public.licensing_framerelease FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_grantreissue_append_only BEFORE DELETE OR UPDATE ON public.licensing_grantreissue FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_grantreissue_no_truncate BEFORE TRUNCATE ON public.licensing_grantreissue FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_grantstatement_append_only BEFORE DELETE OR UPDATE ON public.licensing_grantstatement FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_grantstatement_no_truncate BEFORE TRUNCATE ON public.licensing_grantstatement FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_guilddefault_append_only BEFORE DELETE OR UPDATE ON public.licensing_guilddefault FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_guilddefault_no_truncate BEFORE TRUNCATE ON public.licensing_guilddefault FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_hold_locked BEFORE INSERT OR DELETE OR UPDATE ON public.licensing_hold FOR EACH ROW EXECUTE FUNCTION public.licensing_lock_hold();
CREATE TRIGGER licensing_hold_no_truncate BEFORE TRUNCATE ON public.licensing_hold FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER licensing_instruction_guarded AFTER INSERT ON public.licensing_talentinstruction NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_word();
CREATE CONSTRAINT TRIGGER licensing_listed_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_visibilityrule_organisations NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_listed();
CREATE CONSTRAINT TRIGGER licensing_mandate_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_mandate NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_mandate();
CREATE CONSTRAINT TRIGGER licensing_member_guarded AFTER DELETE OR UPDATE ON public.licensing_guildmember NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_member();
CREATE TRIGGER licensing_pass_has_its_yeses BEFORE INSERT ON public.licensing_checkpointpass FOR EACH ROW EXECUTE FUNCTION public.licensing_pass_has_its_yeses();
CREATE TRIGGER licensing_personsignature_append_only BEFORE DELETE OR UPDATE ON public.licensing_personsignature FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_personsignature_no_truncate BEFORE TRUNCATE ON public.licensing_personsignature FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_profilesignoff_append_only BEFORE DELETE OR UPDATE ON public.licensing_profilesignoff FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_profilesignoff_no_truncate BEFORE TRUNCATE ON public.licensing_profilesignoff FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_release_begins_open BEFORE INSERT ON public.licensing_framerelease FOR EACH ROW EXECUTE FUNCTION public.licensing_release_begins_open();
CREATE CONSTRAINT TRIGGER licensing_release_guarded AFTER DELETE OR UPDATE ON public.licensing_framerelease NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_release();
CREATE TRIGGER licensing_request_guarded BEFORE DELETE OR UPDATE ON public.licensing_licencerequest FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_request();
CREATE TRIGGER licensing_requestaction_append_only BEFORE DELETE OR UPDATE ON public.licensing_requestaction FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_requestaction_no_truncate BEFORE TRUNCATE ON public.licensing_requestaction FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER licensing_rollout_guarded AFTER DELETE OR UPDATE ON public.licensing_policyrollout NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_rollout();
CREATE CONSTRAINT TRIGGER licensing_rule_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_autorule NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_word();
CREATE TRIGGER licensing_shadowoutcome_append_only BEFORE DELETE OR UPDATE ON public.licensing_shadowoutcome FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_shadowoutcome_no_truncate BEFORE TRUNCATE ON public.licensing_shadowoutcome FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_sign_off_guarded BEFORE INSERT ON public.licensing_profilesignoff FOR EACH ROW EXECUTE FUNCTION public.licensing_sign_off_is_counsels();
CREATE CONSTRAINT TRIGGER licensing_signature_guarded AFTER INSERT ON public.licensing_personsignature NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_signature();
CREATE CONSTRAINT TRIGGER licensing_signer_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_mandatesigner NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_signer();
CREATE TRIGGER licensing_studioblock_no_truncate BEFORE TRUNCATE ON public.licensing_studioblock FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_talentinstruction_append_only BEFORE DELETE OR UPDATE ON public.licensing_talentinstruction FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_talentinstruction_no_truncate BEFORE TRUNCATE ON public.licensing_talentinstruction FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_termsversion_append_only BEFORE DELETE OR UPDATE ON public.licensing_termsversion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_termsversion_no_truncate BEFORE TRUNCATE ON public.licensing_termsversion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER licensing_token_consented AFTER INSERT ON public.licensing_licencetoken NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_token_needs_consents();
CREATE TRIGGER licensing_token_expired BEFORE UPDATE ON public.licensing_licencetoken FOR EACH ROW WHEN ((((old.state)::text = 'EXPIRED'::text) AND ((new.state)::text <> (old.state)::text))) EXECUTE FUNCTION public.licensing_token_stays_expired();
CREATE TRIGGER licensing_token_locked BEFORE DELETE OR UPDATE ON public.licensing_licencetoken FOR EACH ROW EXECUTE FUNCTION public.licensing_lock_token();
CREATE CONSTRAINT TRIGGER licensing_token_says_the_usual AFTER INSERT ON public.licensing_licencetoken NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_token_says_the_usual();
CREATE TRIGGER licensing_token_stop BEFORE UPDATE ON public.licensing_licencetoken FOR EACH ROW WHEN ((((new.revocation_kind)::text = 'EMERGENCY_STOP'::text) AND ((old.revocation_kind)::text <> 'EMERGENCY_STOP'::text))) EXECUTE FUNCTION public.licensing_stop_needs_talent();
CREATE TRIGGER licensing_token_terminated BEFORE UPDATE ON public.licensing_licencetoken FOR EACH ROW WHEN ((((old.state)::text = 'TERMINATED_CHANGE_OF_CONTROL'::text) AND ((new.state)::text <> (old.state)::text))) EXECUTE FUNCTION public.licensing_token_stays_terminated();
CREATE CONSTRAINT TRIGGER licensing_token_within_its_rule AFTER INSERT ON public.licensing_licencetoken NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_token_within_rule();
CREATE CONSTRAINT TRIGGER licensing_training_consented AFTER INSERT ON public.licensing_trainingconsent NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_training_consent();
CREATE CONSTRAINT TRIGGER licensing_training_request_guarded AFTER DELETE OR UPDATE ON public.licensing_trainingrequest NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_training_request();
CREATE CONSTRAINT TRIGGER licensing_training_token_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_trainingtoken NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_training_token();
CREATE TRIGGER licensing_trainingconsent_append_only BEFORE DELETE OR UPDATE ON public.licensing_trainingconsent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER licensing_trainingconsent_no_truncate BEFORE TRUNCATE ON public.licensing_trainingconsent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER licensing_visibility_guarded AFTER INSERT OR DELETE OR UPDATE ON public.licensing_visibilityrule NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.licensing_guard_visibility();
CREATE TRIGGER licensing_yes_of_its_side BEFORE INSERT ON public.licensing_checkpointyes FOR EACH ROW EXECUTE FUNCTION public.licensing_yes_of_its_side();
CREATE TRIGGER provenance_assetevent_append_only BEFORE DELETE OR UPDATE ON public.provenance_assetevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_assetevent_no_truncate BEFORE TRUNCATE ON public.provenance_assetevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_assetversion_append_only BEFORE DELETE OR UPDATE ON public.provenance_assetversion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_assetversion_no_truncate BEFORE TRUNCATE ON public.provenance_assetversion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_classification_append_only BEFORE DELETE OR UPDATE ON public.provenance_classification FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_classification_no_truncate BEFORE TRUNCATE ON public.provenance_classification FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_custodydocument_append_only BEFORE DELETE OR UPDATE ON public.provenance_custodydocument FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_custodydocument_no_truncate BEFORE TRUNCATE ON public.provenance_custodydocument FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_decision_append_only BEFORE DELETE OR UPDATE ON public.provenance_decision FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_decision_no_truncate BEFORE TRUNCATE ON public.provenance_decision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER provenance_event_is_kept AFTER INSERT ON public.provenance_provenanceevent DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_event_is_kept();
CREATE TRIGGER provenance_generationinput_append_only BEFORE DELETE OR UPDATE ON public.provenance_generationinput FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generationinput_no_truncate BEFORE TRUNCATE ON public.provenance_generationinput FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generationoutput_append_only BEFORE DELETE OR UPDATE ON public.provenance_generationoutput FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generationoutput_no_truncate BEFORE TRUNCATE ON public.provenance_generationoutput FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generationrecord_append_only BEFORE DELETE OR UPDATE ON public.provenance_generationrecord FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generationrecord_no_truncate BEFORE TRUNCATE ON public.provenance_generationrecord FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generativemodel_append_only BEFORE DELETE OR UPDATE ON public.provenance_generativemodel FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_generativemodel_no_truncate BEFORE TRUNCATE ON public.provenance_generativemodel FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_graphasset_append_only BEFORE DELETE OR UPDATE ON public.provenance_graphasset FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_graphasset_no_truncate BEFORE TRUNCATE ON public.provenance_graphasset FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_labelproposal_append_only BEFORE DELETE OR UPDATE ON public.provenance_labelproposal FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_labelproposal_no_truncate BEFORE TRUNCATE ON public.provenance_labelproposal FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_manifestrecord_append_only BEFORE DELETE OR UPDATE ON public.provenance_manifestrecord FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_manifestrecord_no_truncate BEFORE TRUNCATE ON public.provenance_manifestrecord FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_provenanceevent_append_only BEFORE DELETE OR UPDATE ON public.provenance_provenanceevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_provenanceevent_no_truncate BEFORE TRUNCATE ON public.provenance_provenanceevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_questiontime_append_only BEFORE DELETE OR UPDATE ON public.provenance_questiontime FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_questiontime_no_truncate BEFORE TRUNCATE ON public.provenance_questiontime FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_relation_append_only BEFORE DELETE OR UPDATE ON public.provenance_relation FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_relation_no_truncate BEFORE TRUNCATE ON public.provenance_relation FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_sealedtext_append_only BEFORE DELETE OR UPDATE ON public.provenance_sealedtext FOR EACH ROW EXECUTE FUNCTION public.provenance_sealedtext_guarded();
CREATE TRIGGER provenance_sealedtext_no_truncate BEFORE TRUNCATE ON public.provenance_sealedtext FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_visiblelabelrecord_append_only BEFORE DELETE OR UPDATE ON public.provenance_visiblelabelrecord FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER provenance_visiblelabelrecord_no_truncate BEFORE TRUNCATE ON public.provenance_visiblelabelrecord FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logcheckpoint_append_only BEFORE DELETE OR UPDATE ON public.receipts_logcheckpoint FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logcheckpoint_chain BEFORE INSERT ON public.receipts_logcheckpoint FOR EACH ROW EXECUTE FUNCTION public.receipts_checkpoint_chain();
CREATE TRIGGER receipts_logcheckpoint_no_truncate BEFORE TRUNCATE ON public.receipts_logcheckpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logcosignature_append_only BEFORE DELETE OR UPDATE ON public.receipts_logcosignature FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logcosignature_no_truncate BEFORE TRUNCATE ON public.receipts_logcosignature FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_0_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_0 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_10_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_10 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_11_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_11 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_12_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_12 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_13_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_13 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_14_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_14 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_15_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_15 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_1_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_1 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_2_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_2 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_3_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_3 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_4_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_4 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_5_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_5 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_6_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_6 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_7_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_7 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_8_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_8 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_9_no_truncate BEFORE TRUNCATE ON public.receipts_logentry_9 FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_append_only BEFORE DELETE OR UPDATE ON public.receipts_logentry FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_logentry_no_truncate BEFORE TRUNCATE ON public.receipts_logentry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_productionlog_forward BEFORE UPDATE ON public.receipts_productionlog FOR EACH ROW EXECUTE FUNCTION public.receipts_log_forward();
CREATE TRIGGER receipts_productionlog_no_truncate BEFORE TRUNCATE ON public.receipts_productionlog FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_productionlog_stays BEFORE DELETE ON public.receipts_productionlog FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_receiptbatch_append_only BEFORE DELETE OR UPDATE ON public.receipts_receiptbatch FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_receiptbatch_no_truncate BEFORE TRUNCATE ON public.receipts_receiptbatch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_rendercheck_append_only BEFORE DELETE OR UPDATE ON public.receipts_rendercheck FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_rendercheck_no_truncate BEFORE TRUNCATE ON public.receipts_rendercheck FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_unauthorisedframe_append_only BEFORE DELETE OR UPDATE ON public.receipts_unauthorisedframe FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER receipts_unauthorisedframe_no_truncate BEFORE TRUNCATE ON public.receipts_unauthorisedframe FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER relation_holds AFTER INSERT ON public.provenance_relation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_relation_holds();
CREATE CONSTRAINT TRIGGER relation_is_told AFTER INSERT ON public.provenance_relation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.provenance_told('RELATED,GENERATED');
CREATE TRIGGER screenplays_access_append_only BEFORE DELETE OR UPDATE ON public.screenplays_access FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_access_no_truncate BEFORE TRUNCATE ON public.screenplays_access FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_copy_append_only BEFORE DELETE OR UPDATE ON public.screenplays_copy FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_copy_no_truncate BEFORE TRUNCATE ON public.screenplays_copy FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_grant_guarded BEFORE UPDATE ON public.screenplays_grant FOR EACH ROW EXECUTE FUNCTION public.screenplays_guard_grant();
CREATE TRIGGER screenplays_grant_kept BEFORE DELETE ON public.screenplays_grant FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_grant_no_truncate BEFORE TRUNCATE ON public.screenplays_grant FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_scene_append_only BEFORE DELETE OR UPDATE ON public.screenplays_scene FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_scene_no_truncate BEFORE TRUNCATE ON public.screenplays_scene FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_shot_guarded BEFORE UPDATE ON public.screenplays_sceneshot FOR EACH ROW EXECUTE FUNCTION public.screenplays_guard_shot();
CREATE TRIGGER screenplays_shot_kept BEFORE DELETE ON public.screenplays_sceneshot FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_version_append_only BEFORE DELETE OR UPDATE ON public.screenplays_version FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_version_no_truncate BEFORE TRUNCATE ON public.screenplays_version FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_versionproof_append_only BEFORE DELETE OR UPDATE ON public.screenplays_versionproof FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER screenplays_versionproof_no_truncate BEFORE TRUNCATE ON public.screenplays_versionproof FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER token_status_noted AFTER INSERT OR UPDATE OF state, revoked_at, not_before, not_after, supersedes_id ON public.licensing_licencetoken FOR EACH ROW EXECUTE FUNCTION public.note_status_change();
CREATE CONSTRAINT TRIGGER training_asset_guarded AFTER DELETE OR UPDATE ON public.training_trainingasset NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_asset();
CREATE CONSTRAINT TRIGGER training_binding_guarded AFTER DELETE OR UPDATE ON public.training_contractbinding NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_binding();
CREATE CONSTRAINT TRIGGER training_contract_guarded AFTER DELETE OR UPDATE ON public.training_datacontract NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_contract();
CREATE CONSTRAINT TRIGGER training_derivative_guarded AFTER DELETE OR UPDATE ON public.training_derivative NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_derivative();
CREATE TRIGGER training_domainrule_append_only BEFORE DELETE OR UPDATE ON public.training_domainrule FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_domainrule_no_truncate BEFORE TRUNCATE ON public.training_domainrule FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_exception_guarded AFTER DELETE OR UPDATE ON public.training_rightsexception NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_exception();
CREATE TRIGGER training_fingerprint_append_only BEFORE DELETE OR UPDATE ON public.training_fingerprint FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_fingerprint_no_truncate BEFORE TRUNCATE ON public.training_fingerprint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_houserules_append_only BEFORE DELETE OR UPDATE ON public.training_houserules FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_houserules_no_truncate BEFORE TRUNCATE ON public.training_houserules FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_import_guarded AFTER DELETE OR UPDATE ON public.training_materialimport NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_import();
CREATE TRIGGER training_importrefusal_append_only BEFORE DELETE OR UPDATE ON public.training_importrefusal FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_importrefusal_no_truncate BEFORE TRUNCATE ON public.training_importrefusal FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_inspectionlook_append_only BEFORE DELETE OR UPDATE ON public.training_inspectionlook FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_inspectionlook_no_truncate BEFORE TRUNCATE ON public.training_inspectionlook FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_lineageedge_append_only BEFORE DELETE OR UPDATE ON public.training_lineageedge FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_lineageedge_no_truncate BEFORE TRUNCATE ON public.training_lineageedge FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_lineagenode_append_only BEFORE DELETE OR UPDATE ON public.training_lineagenode FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_lineagenode_no_truncate BEFORE TRUNCATE ON public.training_lineagenode FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_manifest_guarded AFTER DELETE OR UPDATE ON public.training_trainingmanifest NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_manifest();
CREATE TRIGGER training_manifestrow_append_only BEFORE DELETE OR UPDATE ON public.training_manifestrow FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_manifestrow_no_truncate BEFORE TRUNCATE ON public.training_manifestrow FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_modelversion_append_only BEFORE DELETE OR UPDATE ON public.training_modelversion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_modelversion_no_truncate BEFORE TRUNCATE ON public.training_modelversion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_no_circle AFTER INSERT ON public.training_lineageedge REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.training_refuse_circle();
CREATE TRIGGER training_policydecision_append_only BEFORE DELETE OR UPDATE ON public.training_policydecision FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_policydecision_no_truncate BEFORE TRUNCATE ON public.training_policydecision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_policytext_append_only BEFORE DELETE OR UPDATE ON public.training_policytext FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_policytext_no_truncate BEFORE TRUNCATE ON public.training_policytext FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_report_guarded AFTER DELETE OR UPDATE ON public.training_rightsreport NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_report();
CREATE CONSTRAINT TRIGGER training_rerun_guarded AFTER DELETE OR UPDATE ON public.training_reportrerun NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_rerun();
CREATE CONSTRAINT TRIGGER training_review_guarded AFTER DELETE OR UPDATE ON public.training_review NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_review();
CREATE CONSTRAINT TRIGGER training_rights_review_guarded AFTER DELETE OR UPDATE ON public.training_rightsreview NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_rights_review();
CREATE TRIGGER training_rightscomparison_append_only BEFORE DELETE OR UPDATE ON public.training_rightscomparison FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_rightscomparison_no_truncate BEFORE TRUNCATE ON public.training_rightscomparison FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_rightsend_append_only BEFORE DELETE OR UPDATE ON public.training_rightsend FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_rightsend_no_truncate BEFORE TRUNCATE ON public.training_rightsend FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_rightsrecord_append_only BEFORE DELETE OR UPDATE ON public.training_rightsrecord FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_rightsrecord_no_truncate BEFORE TRUNCATE ON public.training_rightsrecord FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_scan_guarded AFTER DELETE OR UPDATE ON public.training_scanjob NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_scan();
CREATE TRIGGER training_scriptuse_append_only BEFORE DELETE OR UPDATE ON public.training_scriptuse FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_scriptuse_no_truncate BEFORE TRUNCATE ON public.training_scriptuse FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_source_guarded AFTER DELETE OR UPDATE ON public.training_source NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_source();
CREATE TRIGGER training_systemreport_append_only BEFORE DELETE OR UPDATE ON public.training_systemreport FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_systemreport_no_truncate BEFORE TRUNCATE ON public.training_systemreport FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_takedown_guarded AFTER DELETE OR UPDATE ON public.training_takedown NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_takedown();
CREATE CONSTRAINT TRIGGER training_takedown_item_guarded AFTER DELETE OR UPDATE ON public.training_takedownitem NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_takedown_item();
CREATE TRIGGER training_takedownreach_append_only BEFORE DELETE OR UPDATE ON public.training_takedownreach FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_takedownreach_checked AFTER INSERT ON public.training_takedownreach REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.training_check_reach();
CREATE TRIGGER training_takedownreach_no_truncate BEFORE TRUNCATE ON public.training_takedownreach FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_textsketch_guarded BEFORE DELETE OR UPDATE ON public.training_textsketch FOR EACH ROW EXECUTE FUNCTION public.training_guard_sketch();
CREATE TRIGGER training_textsketch_no_truncate BEFORE TRUNCATE ON public.training_textsketch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_trainingquestion_append_only BEFORE DELETE OR UPDATE ON public.training_trainingquestion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_trainingquestion_no_truncate BEFORE TRUNCATE ON public.training_trainingquestion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_trainingrun_append_only BEFORE DELETE OR UPDATE ON public.training_trainingrun FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_trainingrun_no_truncate BEFORE TRUNCATE ON public.training_trainingrun FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE CONSTRAINT TRIGGER training_transform_item_guarded AFTER DELETE OR UPDATE ON public.training_transformitem NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_transform_item();
CREATE CONSTRAINT TRIGGER training_transform_run_guarded AFTER DELETE OR UPDATE ON public.training_transformrun NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION public.training_guard_transform_run();
CREATE TRIGGER training_transformjob_append_only BEFORE DELETE OR UPDATE ON public.training_transformjob FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER training_transformjob_no_truncate BEFORE TRUNCATE ON public.training_transformjob FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_detectorpromotion_append_only BEFORE DELETE OR UPDATE ON public.verification_detectorpromotion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_detectorpromotion_no_truncate BEFORE TRUNCATE ON public.verification_detectorpromotion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_promotionword_append_only BEFORE DELETE OR UPDATE ON public.verification_promotionword FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_promotionword_no_truncate BEFORE TRUNCATE ON public.verification_promotionword FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_publicswitch_append_only BEFORE DELETE OR UPDATE ON public.verification_publicswitch FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_publicswitch_no_truncate BEFORE TRUNCATE ON public.verification_publicswitch FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_replay_append_only BEFORE DELETE OR UPDATE ON public.verification_replay FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_replay_no_truncate BEFORE TRUNCATE ON public.verification_replay FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_review_append_only BEFORE DELETE OR UPDATE ON public.verification_review FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_review_no_truncate BEFORE TRUNCATE ON public.verification_review FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_verificationrecord_append_only BEFORE DELETE OR UPDATE ON public.verification_verificationrecord FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER verification_verificationrecord_no_truncate BEFORE TRUNCATE ON public.verification_verificationrecord FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER watermarking_markregistration_append_only BEFORE DELETE OR UPDATE ON public.watermarking_markregistration FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER watermarking_markregistration_no_truncate BEFORE TRUNCATE ON public.watermarking_markregistration FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER watermarking_markreport_append_only BEFORE DELETE OR UPDATE ON public.watermarking_markreport FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER watermarking_markreport_no_truncate BEFORE TRUNCATE ON public.watermarking_markreport FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_2c513194_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirm_email_address_id_5b7f8c58_fk_account_e FOREIGN KEY (email_address_id) REFERENCES public.account_emailaddress(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_apicredential
    ADD CONSTRAINT accounts_apicredenti_created_by_id_8ac4b1ac_fk_accounts_ FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_apicredential
    ADD CONSTRAINT accounts_apicredenti_organisation_id_eba1a404_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_domainclaim
    ADD CONSTRAINT accounts_domainclaim_organisation_id_795a1ba8_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_historicalmembership
    ADD CONSTRAINT accounts_historicalm_history_user_id_d269d126_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_historicalorganisation
    ADD CONSTRAINT accounts_historicalo_history_user_id_c9e7663f_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_identityprovider
    ADD CONSTRAINT accounts_identitypro_organisation_id_0a65b375_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_organisation_id_98e5c22b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_user_id_487fb39e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_organisationdomain
    ADD CONSTRAINT accounts_organisatio_organisation_id_8ae85f91_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_signinlink
    ADD CONSTRAINT accounts_signinlink_made_by_id_6ee1bca2_fk_accounts_user_id FOREIGN KEY (made_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_signinlink
    ADD CONSTRAINT accounts_signinlink_organisation_id_13a3209e_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.accounts_signinlink
    ADD CONSTRAINT accounts_signinlink_used_by_id_12500fe2_fk_accounts_user_id FOREIGN KEY (used_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_bundle
    ADD CONSTRAINT compliance_bundle_organisation_id_999e22bd_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_bundle
    ADD CONSTRAINT compliance_bundle_production_id_dbc0696b_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_bundle
    ADD CONSTRAINT compliance_bundle_requested_by_id_a5f49a06_fk_accounts_user_id FOREIGN KEY (requested_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_bundle
    ADD CONSTRAINT compliance_bundle_talent_id_1c35b0ec_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_erasure
    ADD CONSTRAINT compliance_erasure_asked_by_id_0ed7d4eb_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_erasure
    ADD CONSTRAINT compliance_erasure_confirmed_by_id_5ec2f871_fk_accounts_user_id FOREIGN KEY (confirmed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_erasure
    ADD CONSTRAINT compliance_erasure_talent_id_5c9d67d4_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_erasure
    ADD CONSTRAINT compliance_erasure_user_id_8567c17d_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_evidence
    ADD CONSTRAINT compliance_evidence_entry_id_3fb62b76_fk_complianc FOREIGN KEY (entry_id) REFERENCES public.compliance_incidententry(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_evidence
    ADD CONSTRAINT compliance_evidence_incident_id_9de90346_fk_complianc FOREIGN KEY (incident_id) REFERENCES public.compliance_incident(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_evidencereading
    ADD CONSTRAINT compliance_evidencer_entry_id_31b31aa2_fk_complianc FOREIGN KEY (entry_id) REFERENCES public.compliance_incidententry(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_evidencereading
    ADD CONSTRAINT compliance_evidencer_evidence_id_75c98b8b_fk_complianc FOREIGN KEY (evidence_id) REFERENCES public.compliance_evidence(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incident
    ADD CONSTRAINT compliance_incident_organisation_id_c60ead86_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incident
    ADD CONSTRAINT compliance_incident_recorded_by_id_0b99b611_fk_accounts_user_id FOREIGN KEY (recorded_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incident
    ADD CONSTRAINT compliance_incident_talent_id_24f6b346_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidententry
    ADD CONSTRAINT compliance_incidente_incident_id_197d89b4_fk_complianc FOREIGN KEY (incident_id) REFERENCES public.compliance_incident(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidententry
    ADD CONSTRAINT compliance_incidente_organisation_id_3f72ce28_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidententry
    ADD CONSTRAINT compliance_incidententry_person_id_add03e88_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidentpackage
    ADD CONSTRAINT compliance_incidentp_incident_id_2b7bb379_fk_complianc FOREIGN KEY (incident_id) REFERENCES public.compliance_incident(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidentpackage
    ADD CONSTRAINT compliance_incidentp_organisation_id_1115ac79_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_incidentpackage
    ADD CONSTRAINT compliance_incidentp_requested_by_id_91cc956c_fk_accounts_ FOREIGN KEY (requested_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.compliance_reconciliationreport
    ADD CONSTRAINT compliance_reconcili_production_id_68d119b5_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_absence
    ADD CONSTRAINT licensing_absence_agency_id_81f45e14_fk_accounts_ FOREIGN KEY (agency_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_absence
    ADD CONSTRAINT licensing_absence_stand_in_id_9416c8b2_fk_accounts_user_id FOREIGN KEY (stand_in_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_absence
    ADD CONSTRAINT licensing_absence_user_id_9e092ba3_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_alert
    ADD CONSTRAINT licensing_alert_token_id_be5a7529_fk_licensing_licencetoken_jti FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_authority
    ADD CONSTRAINT licensing_authority_registered_by_id_62dcaeb2_fk_accounts_ FOREIGN KEY (registered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_authority
    ADD CONSTRAINT licensing_authority_talent_id_74ffe7c0_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_authority
    ADD CONSTRAINT licensing_authority_user_id_d14ea23c_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_autorule_licensees
    ADD CONSTRAINT licensing_autorule_l_autorule_id_9708d57f_fk_licensing FOREIGN KEY (autorule_id) REFERENCES public.licensing_autorule(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_autorule_licensees
    ADD CONSTRAINT licensing_autorule_l_organisation_id_1a47dafa_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_autorule
    ADD CONSTRAINT licensing_autorule_set_by_id_4e2fd662_fk_accounts_user_id FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_autorule
    ADD CONSTRAINT licensing_autorule_talent_id_2b5a13f1_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_checkpointpass
    ADD CONSTRAINT licensing_checkpoint_passed_by_id_6d6dc1f1_fk_accounts_ FOREIGN KEY (passed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_checkpointpass
    ADD CONSTRAINT licensing_checkpoint_token_id_10524bcb_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_checkpointyes
    ADD CONSTRAINT licensing_checkpoint_token_id_25ffdd78_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_checkpointyes
    ADD CONSTRAINT licensing_checkpointyes_said_by_id_5afcc463_fk_accounts_user_id FOREIGN KEY (said_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_declaredevent
    ADD CONSTRAINT licensing_declaredev_declared_by_id_6b0bfefe_fk_accounts_ FOREIGN KEY (declared_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_declaredevent
    ADD CONSTRAINT licensing_declaredev_declared_for_id_8fd588ef_fk_accounts_ FOREIGN KEY (declared_for_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_delegation
    ADD CONSTRAINT licensing_delegation_from_user_id_ad321745_fk_accounts_user_id FOREIGN KEY (from_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_delegation
    ADD CONSTRAINT licensing_delegation_mandate_id_7eda34f8_fk_licensing FOREIGN KEY (mandate_id) REFERENCES public.licensing_mandate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_delegation
    ADD CONSTRAINT licensing_delegation_parent_id_c474a648_fk_licensing FOREIGN KEY (parent_id) REFERENCES public.licensing_delegation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_delegation
    ADD CONSTRAINT licensing_delegation_to_user_id_e38762cb_fk_accounts_user_id FOREIGN KEY (to_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelea_asked_for_id_d8a32b65_fk_accounts_ FOREIGN KEY (asked_for_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelea_decided_by_id_40ba05b7_fk_accounts_ FOREIGN KEY (decided_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelea_decided_for_id_dcacdf15_fk_accounts_ FOREIGN KEY (decided_for_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelea_token_id_a70835c2_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_framerelease
    ADD CONSTRAINT licensing_framerelease_asked_by_id_b4278139_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_grantreissue
    ADD CONSTRAINT licensing_grantreiss_token_id_906590e3_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_grantstatement
    ADD CONSTRAINT licensing_grantstate_token_id_e9dcb7c7_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_guilddefault
    ADD CONSTRAINT licensing_guilddefau_guild_id_6bd6e7f0_fk_accounts_ FOREIGN KEY (guild_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_guilddefault
    ADD CONSTRAINT licensing_guilddefault_set_by_id_fc9c5264_fk_accounts_user_id FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT licensing_guildmembe_guild_id_07979b7c_fk_accounts_ FOREIGN KEY (guild_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT licensing_guildmember_talent_id_61bee289_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_guildmember
    ADD CONSTRAINT licensing_guildmember_word_by_id_c1081460_fk_accounts_user_id FOREIGN KEY (word_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicaldelegation
    ADD CONSTRAINT licensing_historical_history_user_id_1bee9e23_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicalproduction
    ADD CONSTRAINT licensing_historical_history_user_id_596011ae_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicaltalent
    ADD CONSTRAINT licensing_historical_history_user_id_8dcb98ce_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicalvaultconstruct
    ADD CONSTRAINT licensing_historical_history_user_id_9d816c94_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicalmandate
    ADD CONSTRAINT licensing_historical_history_user_id_c37e5eae_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicalauthority
    ADD CONSTRAINT licensing_historical_history_user_id_d1db85d0_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_historicalvisibilityrule
    ADD CONSTRAINT licensing_historical_history_user_id_fcb62de6_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_credential_id_e9b36ecb_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_lifted_by_id_f4c3279e_fk_accounts_user_id FOREIGN KEY (lifted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_lifted_for_id_3d6c373c_fk_accounts_ FOREIGN KEY (lifted_for_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_organisation_id_8f74b64b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_placed_by_id_1e96e13f_fk_accounts_user_id FOREIGN KEY (placed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_placed_for_id_4f8b8e40_fk_accounts_ FOREIGN KEY (placed_for_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_production_id_cb2e29d3_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_talent_id_655d0f5b_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_hold
    ADD CONSTRAINT licensing_hold_token_id_cee09d82_fk_licensing_licencetoken_jti FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_agency_id_7eadb50c_fk_accounts_ FOREIGN KEY (agency_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_auto_rule_id_965b0f39_fk_licensing FOREIGN KEY (auto_rule_id) REFERENCES public.licensing_autorule(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_current_id_c74dedba_fk_licensing FOREIGN KEY (current_id) REFERENCES public.licensing_termsversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_licensee_id_642e3be2_fk_accounts_ FOREIGN KEY (licensee_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_mandate_id_c4495826_fk_licensing FOREIGN KEY (mandate_id) REFERENCES public.licensing_mandate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_production_id_510c275b_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_renews_id_7f98108b_fk_licensing FOREIGN KEY (renews_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_requested_by_id_59a21a2f_fk_accounts_ FOREIGN KEY (requested_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencerequest
    ADD CONSTRAINT licensing_licencereq_talent_id_4ca3a588_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_agency_id_2edf7223_fk_accounts_ FOREIGN KEY (agency_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_licensee_id_13a83aa0_fk_accounts_ FOREIGN KEY (licensee_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_production_id_83ef3c90_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_request_id_7f7e98dd_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_licencerequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_supersedes_id_19b226c4_fk_licensing FOREIGN KEY (supersedes_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_talent_id_f633471e_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_licencetoken
    ADD CONSTRAINT licensing_licencetok_terms_id_2d731beb_fk_licensing FOREIGN KEY (terms_id) REFERENCES public.licensing_termsversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandate
    ADD CONSTRAINT licensing_mandate_agency_id_0940a294_fk_accounts_ FOREIGN KEY (agency_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandate
    ADD CONSTRAINT licensing_mandate_agent_id_dd465699_fk_accounts_user_id FOREIGN KEY (agent_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandate
    ADD CONSTRAINT licensing_mandate_granted_by_id_dcd4b297_fk_accounts_user_id FOREIGN KEY (granted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandate
    ADD CONSTRAINT licensing_mandate_talent_id_0157811f_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandatesigner
    ADD CONSTRAINT licensing_mandatesig_mandate_id_82aedd8b_fk_licensing FOREIGN KEY (mandate_id) REFERENCES public.licensing_mandate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_mandatesigner
    ADD CONSTRAINT licensing_mandatesigner_user_id_19841560_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsign_action_id_9fa95e6e_fk_licensing FOREIGN KEY (action_id) REFERENCES public.licensing_requestaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsign_consent_id_5703f370_fk_licensing FOREIGN KEY (consent_id) REFERENCES public.licensing_trainingconsent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_personsignature
    ADD CONSTRAINT licensing_personsign_person_id_86845aee_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyroll_came_from_id_d7d56bb9_fk_licensing FOREIGN KEY (came_from_id) REFERENCES public.licensing_policyrollout(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyroll_ended_by_id_e99949ec_fk_accounts_ FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyroll_organisation_id_28acfa38_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_policyrollout
    ADD CONSTRAINT licensing_policyroll_recorded_by_id_259389ab_fk_accounts_ FOREIGN KEY (recorded_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_production
    ADD CONSTRAINT licensing_production_guild_id_ecdb62ff_fk_accounts_ FOREIGN KEY (guild_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_production
    ADD CONSTRAINT licensing_production_organisation_id_27314d23_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profileadoption
    ADD CONSTRAINT licensing_profileado_ended_by_id_5abe2124_fk_accounts_ FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profileadoption
    ADD CONSTRAINT licensing_profileado_organisation_id_a482b043_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profileadoption
    ADD CONSTRAINT licensing_profileado_sign_off_id_82f72e54_fk_licensing FOREIGN KEY (sign_off_id) REFERENCES public.licensing_profilesignoff(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profileadoption
    ADD CONSTRAINT licensing_profileado_signed_by_id_73729084_fk_accounts_ FOREIGN KEY (signed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profilesignoff
    ADD CONSTRAINT licensing_profilesig_organisation_id_832c3003_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_profilesignoff
    ADD CONSTRAINT licensing_profilesig_signed_by_id_253f3241_fk_accounts_ FOREIGN KEY (signed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_quotaalert
    ADD CONSTRAINT licensing_quotaalert_token_id_ca8f271d_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestaction
    ADD CONSTRAINT licensing_requestact_credential_id_90bc6b23_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestaction
    ADD CONSTRAINT licensing_requestact_organisation_id_8194832c_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestaction
    ADD CONSTRAINT licensing_requestact_request_id_4f374102_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_licencerequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestaction
    ADD CONSTRAINT licensing_requestaction_actor_id_227c4977_fk_accounts_user_id FOREIGN KEY (actor_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestdraft
    ADD CONSTRAINT licensing_requestdra_created_by_id_e75508b5_fk_accounts_ FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestdraft
    ADD CONSTRAINT licensing_requestdra_organisation_id_5205a643_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_requestdraft
    ADD CONSTRAINT licensing_requestdra_submitted_id_01f38b65_fk_licensing FOREIGN KEY (submitted_id) REFERENCES public.licensing_licencerequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_revocationduty
    ADD CONSTRAINT licensing_revocation_acknowledged_by_id_77e4aadf_fk_accounts_ FOREIGN KEY (acknowledged_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_revocationduty
    ADD CONSTRAINT licensing_revocation_organisation_id_893974ea_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_revocationduty
    ADD CONSTRAINT licensing_revocation_token_id_2c8ca5d1_fk_licensing FOREIGN KEY (token_id) REFERENCES public.licensing_licencetoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_rollimport
    ADD CONSTRAINT licensing_rollimport_guild_id_d49ad857_fk_accounts_ FOREIGN KEY (guild_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_rollimport
    ADD CONSTRAINT licensing_rollimport_submitted_by_id_16447c37_fk_accounts_ FOREIGN KEY (submitted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_rollrefusal
    ADD CONSTRAINT licensing_rollrefusa_roll_id_1b10ce58_fk_licensing FOREIGN KEY (roll_id) REFERENCES public.licensing_rollimport(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_shadowoutcome
    ADD CONSTRAINT licensing_shadowoutc_request_id_3ae0dc43_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_licencerequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_shadowoutcome
    ADD CONSTRAINT licensing_shadowoutc_rollout_id_9a40b4e0_fk_licensing FOREIGN KEY (rollout_id) REFERENCES public.licensing_policyrollout(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_shadowoutcome
    ADD CONSTRAINT licensing_shadowoutc_version_id_8c0d95a7_fk_licensing FOREIGN KEY (version_id) REFERENCES public.licensing_termsversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_studioblock
    ADD CONSTRAINT licensing_studiobloc_studio_id_fb4d06f2_fk_accounts_ FOREIGN KEY (studio_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_studioblock
    ADD CONSTRAINT licensing_studioblock_ended_by_id_ba5f5d86_fk_accounts_user_id FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_studioblock
    ADD CONSTRAINT licensing_studioblock_placed_by_id_af51abba_fk_accounts_user_id FOREIGN KEY (placed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_studioblock
    ADD CONSTRAINT licensing_studioblock_talent_id_ae807a0e_fk_licensing_talent_id FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_talent
    ADD CONSTRAINT licensing_talent_organisation_id_9de9bb06_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_talent
    ADD CONSTRAINT licensing_talent_user_id_fd513ba5_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_talentinstruction
    ADD CONSTRAINT licensing_talentinst_set_by_id_3b974d15_fk_accounts_ FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_talentinstruction
    ADD CONSTRAINT licensing_talentinst_talent_id_43ae9e84_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_termsversion
    ADD CONSTRAINT licensing_termsversi_created_by_id_47f1eeed_fk_accounts_ FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_termsversion
    ADD CONSTRAINT licensing_termsversi_request_id_95db3669_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_licencerequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingconsent
    ADD CONSTRAINT licensing_trainingco_given_by_id_dfcfa05e_fk_accounts_ FOREIGN KEY (given_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingconsent
    ADD CONSTRAINT licensing_trainingco_request_id_dc75c94a_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_trainingrequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingconsent
    ADD CONSTRAINT licensing_trainingco_talent_id_1b0c68d9_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingre_licensee_id_afd0f202_fk_accounts_ FOREIGN KEY (licensee_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingre_production_id_2c4bd7aa_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingre_requested_by_id_31eb9af7_fk_accounts_ FOREIGN KEY (requested_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingrequest
    ADD CONSTRAINT licensing_trainingre_talent_id_70c476ab_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingto_licensee_id_a1864eb0_fk_accounts_ FOREIGN KEY (licensee_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingto_production_id_4be1394e_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingto_request_id_d70c223e_fk_licensing FOREIGN KEY (request_id) REFERENCES public.licensing_trainingrequest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_trainingtoken
    ADD CONSTRAINT licensing_trainingto_talent_id_63afd5e9_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_vaultconstruct
    ADD CONSTRAINT licensing_vaultconst_talent_id_295ac392_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_visibilityrule_organisations
    ADD CONSTRAINT licensing_visibility_organisation_id_e26b9d19_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_visibilityrule
    ADD CONSTRAINT licensing_visibility_talent_id_1ca75546_fk_licensing FOREIGN KEY (talent_id) REFERENCES public.licensing_talent(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_visibilityrule_organisations
    ADD CONSTRAINT licensing_visibility_visibilityrule_id_be853851_fk_licensing FOREIGN KEY (visibilityrule_id) REFERENCES public.licensing_visibilityrule(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.licensing_visibilityrule
    ADD CONSTRAINT licensing_visibilityrule_set_by_id_2da0280e_fk_accounts_user_id FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_user_id_0c3a50c0_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_choice
    ADD CONSTRAINT notify_choice_person_id_d6d1cf39_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_delivery
    ADD CONSTRAINT notify_delivery_endpoint_id_a5e881e7_fk_notify_we FOREIGN KEY (endpoint_id) REFERENCES public.notify_webhookendpoint(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_delivery
    ADD CONSTRAINT notify_delivery_event_id_ab900c88_fk_audit_event_number FOREIGN KEY (event_id) REFERENCES public.audit_event(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT notify_letter_bundled_in_id_a843c782_fk_notify_letter_id FOREIGN KEY (bundled_in_id) REFERENCES public.notify_letter(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT notify_letter_event_id_92b05376_fk_audit_event_number FOREIGN KEY (event_id) REFERENCES public.audit_event(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT notify_letter_organisation_id_7511fff1_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_letter
    ADD CONSTRAINT notify_letter_person_id_4db71e33_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_notice
    ADD CONSTRAINT notify_notice_event_id_1283044a_fk_audit_event_number FOREIGN KEY (event_id) REFERENCES public.audit_event(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_webhookendpoint
    ADD CONSTRAINT notify_webhookendpoi_created_by_id_1d208de6_fk_accounts_ FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notify_webhookendpoint
    ADD CONSTRAINT notify_webhookendpoi_organisation_id_40a69957_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_asset
    ADD CONSTRAINT provenance_asset_organisation_id_51365188_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_asset
    ADD CONSTRAINT provenance_asset_production_id_156ccdd1_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_asset
    ADD CONSTRAINT provenance_asset_uploaded_by_id_8c95358c_fk_accounts_user_id FOREIGN KEY (uploaded_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetevent
    ADD CONSTRAINT provenance_assetevent_asset_id_eed74b38_fk_provenance_asset_id FOREIGN KEY (asset_id) REFERENCES public.provenance_asset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetevent
    ADD CONSTRAINT provenance_assetevent_person_id_0be91424_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetvers_asset_id_15861353_fk_provenanc FOREIGN KEY (asset_id) REFERENCES public.provenance_graphasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetvers_credential_id_2f65bc19_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetvers_event_id_ae6976e3_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetvers_output_id_38030841_fk_provenanc FOREIGN KEY (output_id) REFERENCES public.provenance_asset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetvers_production_id_13724335_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_assetversion
    ADD CONSTRAINT provenance_assetversion_person_id_fd64e5cc_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_classification
    ADD CONSTRAINT provenance_classific_event_id_8b524f2d_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_classification
    ADD CONSTRAINT provenance_classific_production_id_404b76f2_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_classification
    ADD CONSTRAINT provenance_classific_version_id_53a1052a_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_credential_id_059dbea0_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_event_id_3c0bdc31_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_person_id_8dd87df4_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_production_id_89430a88_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_text_id_59e50b38_fk_provenanc FOREIGN KEY (text_id) REFERENCES public.provenance_sealedtext(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_custodydocument
    ADD CONSTRAINT provenance_custodydo_version_id_9b686acd_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_credential_id_76b80804_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_event_id_6540a14e_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_note_id_da311e1b_fk_provenanc FOREIGN KEY (note_id) REFERENCES public.provenance_sealedtext(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_organisation_id_34449658_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_person_id_bac98999_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_production_id_1670f3d1_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_decision
    ADD CONSTRAINT provenance_decision_version_id_3aa5dc87_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationinput
    ADD CONSTRAINT provenance_generatio_asset_id_4131010a_fk_provenanc FOREIGN KEY (asset_id) REFERENCES public.provenance_graphasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_credential_id_6623469e_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_event_id_d345b1b8_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationoutput
    ADD CONSTRAINT provenance_generatio_generation_id_454c314a_fk_provenanc FOREIGN KEY (generation_id) REFERENCES public.provenance_generationrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationinput
    ADD CONSTRAINT provenance_generatio_generation_id_e2a59b87_fk_provenanc FOREIGN KEY (generation_id) REFERENCES public.provenance_generationrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationinput
    ADD CONSTRAINT provenance_generatio_model_id_15088b79_fk_provenanc FOREIGN KEY (model_id) REFERENCES public.provenance_generativemodel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_model_id_e999881c_fk_provenanc FOREIGN KEY (model_id) REFERENCES public.provenance_generativemodel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_negative_prompt_id_aa92f71e_fk_provenanc FOREIGN KEY (negative_prompt_id) REFERENCES public.provenance_sealedtext(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_organisation_id_3ab97482_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_person_id_cf804d13_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_production_id_7069b6e1_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationrecord
    ADD CONSTRAINT provenance_generatio_prompt_id_9def0abf_fk_provenanc FOREIGN KEY (prompt_id) REFERENCES public.provenance_sealedtext(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationinput
    ADD CONSTRAINT provenance_generatio_version_id_3320e079_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generationoutput
    ADD CONSTRAINT provenance_generatio_version_id_6f3b1c88_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generativemodel
    ADD CONSTRAINT provenance_generativ_asset_version_id_eae3df10_fk_provenanc FOREIGN KEY (asset_version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generativemodel
    ADD CONSTRAINT provenance_generativ_event_id_6c3056a3_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_generativemodel
    ADD CONSTRAINT provenance_generativ_production_id_cc55e009_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasse_credential_id_33e61c7a_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasse_event_id_49c8288f_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasse_organisation_id_f4cc3d28_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasse_production_id_1dcd11ab_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_graphasset
    ADD CONSTRAINT provenance_graphasset_person_id_3b899bb2_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelprop_credential_id_b0601893_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelprop_event_id_5b77189b_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelprop_production_id_a5678b7a_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelprop_version_id_615a3395_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_labelproposal
    ADD CONSTRAINT provenance_labelproposal_person_id_cc356511_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_manifestrecord
    ADD CONSTRAINT provenance_manifestr_asset_id_852f761a_fk_provenanc FOREIGN KEY (asset_id) REFERENCES public.provenance_asset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_productionkey
    ADD CONSTRAINT provenance_productio_production_id_6b15c740_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanc_credential_id_c22d2d92_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanc_organisation_id_83d7c4ce_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanc_person_id_d84c602a_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_provenanceevent
    ADD CONSTRAINT provenance_provenanc_production_id_a15ee94a_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_questiontime
    ADD CONSTRAINT provenance_questiont_organisation_id_55584cc8_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_questiontime
    ADD CONSTRAINT provenance_questiont_production_id_c9f279f7_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_questiontime
    ADD CONSTRAINT provenance_questiont_version_id_1f953f09_fk_provenanc FOREIGN KEY (version_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_questiontime
    ADD CONSTRAINT provenance_questiontime_person_id_ba0ae38b_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_child_id_0a66b35f_fk_provenanc FOREIGN KEY (child_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_credential_id_9104ef45_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_event_id_2d71d3fa_fk_provenanc FOREIGN KEY (event_id) REFERENCES public.provenance_provenanceevent(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_generation_id_e15cf8fe_fk_provenanc FOREIGN KEY (generation_id) REFERENCES public.provenance_generationrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_mask_id_464ad9c7_fk_provenanc FOREIGN KEY (mask_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_parent_id_b7d415f0_fk_provenanc FOREIGN KEY (parent_id) REFERENCES public.provenance_assetversion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_person_id_69ecae00_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_relation
    ADD CONSTRAINT provenance_relation_production_id_4ea93b73_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_resolutionchoice
    ADD CONSTRAINT provenance_resolutio_chosen_by_id_57027291_fk_accounts_ FOREIGN KEY (chosen_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_resolutionchoice
    ADD CONSTRAINT provenance_resolutio_production_id_5d99d218_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_sealedtext
    ADD CONSTRAINT provenance_sealedtex_production_id_3b8cac78_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_visiblelabelrecord
    ADD CONSTRAINT provenance_visiblela_asset_id_1235761b_fk_provenanc FOREIGN KEY (asset_id) REFERENCES public.provenance_asset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_visiblelabelrecord
    ADD CONSTRAINT provenance_visiblela_credential_id_cb02a3cf_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_visiblelabelrecord
    ADD CONSTRAINT provenance_visiblela_organisation_id_270316a4_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.provenance_visiblelabelrecord
    ADD CONSTRAINT provenance_visiblela_person_id_4c0b81e1_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_lease
    ADD CONSTRAINT receipts_lease_log_id_2bb22b64_fk_receipts_productionlog_id FOREIGN KEY (log_id) REFERENCES public.receipts_productionlog(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_logcheckpoint
    ADD CONSTRAINT receipts_logcheckpoi_log_id_e938597b_fk_receipts_ FOREIGN KEY (log_id) REFERENCES public.receipts_productionlog(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_logcosignature
    ADD CONSTRAINT receipts_logcosignat_log_id_1ced0761_fk_receipts_ FOREIGN KEY (log_id) REFERENCES public.receipts_productionlog(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_logcosignature
    ADD CONSTRAINT receipts_logcosignat_witness_id_34891e91_fk_receipts_ FOREIGN KEY (witness_id) REFERENCES public.receipts_witness(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_logpublication
    ADD CONSTRAINT receipts_logpublicat_log_id_519e648c_fk_receipts_ FOREIGN KEY (log_id) REFERENCES public.receipts_productionlog(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_offlinereckoning
    ADD CONSTRAINT receipts_offlinereck_lease_id_65291a3e_fk_receipts_ FOREIGN KEY (lease_id) REFERENCES public.receipts_lease(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_receiptdebt
    ADD CONSTRAINT receipts_receiptdebt_lease_id_ca2e5396_fk_receipts_lease_id FOREIGN KEY (lease_id) REFERENCES public.receipts_lease(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.receipts_unauthorisedframe
    ADD CONSTRAINT receipts_unauthorise_log_id_4acd922a_fk_receipts_ FOREIGN KEY (log_id) REFERENCES public.receipts_productionlog(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_credential_id_dc6285b7_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_grant_id_50046f29_fk_screenplays_grant_id FOREIGN KEY (grant_id) REFERENCES public.screenplays_grant(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_organisation_id_3865bb4b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_permission_id_8d41418f_fk_screenpla FOREIGN KEY (permission_id) REFERENCES public.screenplays_access(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_person_id_3757dd78_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_version_id_3ead46ce_fk_screenpla FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_access
    ADD CONSTRAINT screenplays_access_work_id_7ff7730b_fk_screenplays_work_id FOREIGN KEY (work_id) REFERENCES public.screenplays_work(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_access_id_ec308605_fk_screenplays_access_id FOREIGN KEY (access_id) REFERENCES public.screenplays_access(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_made_by_id_b8c830b2_fk_accounts_user_id FOREIGN KEY (made_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_version_id_3d57227b_fk_screenplays_version_id FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_copy
    ADD CONSTRAINT screenplays_copy_work_id_8cd66036_fk_screenplays_work_id FOREIGN KEY (work_id) REFERENCES public.screenplays_work(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_credential_id_1664a0df_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_ended_by_id_3d91f712_fk_accounts_user_id FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_granted_by_id_c9cb6250_fk_accounts_user_id FOREIGN KEY (granted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_organisation_id_b27a3d5b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_person_id_ea8bffc4_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_training_licence_id_3bef521d_fk_licensing FOREIGN KEY (training_licence_id) REFERENCES public.licensing_trainingtoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_version_id_a9a91059_fk_screenplays_version_id FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_grant
    ADD CONSTRAINT screenplays_grant_work_id_85d46a53_fk_screenplays_work_id FOREIGN KEY (work_id) REFERENCES public.screenplays_work(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_historicalwork
    ADD CONSTRAINT screenplays_historic_history_user_id_b398b392_fk_accounts_ FOREIGN KEY (history_user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_scene
    ADD CONSTRAINT screenplays_scene_version_id_328923cb_fk_screenplays_version_id FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_sceneshot
    ADD CONSTRAINT screenplays_sceneshot_linked_by_id_768f0d1c_fk_accounts_user_id FOREIGN KEY (linked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_sceneshot
    ADD CONSTRAINT screenplays_sceneshot_scene_id_25660c0e_fk_screenplays_scene_id FOREIGN KEY (scene_id) REFERENCES public.screenplays_scene(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT screenplays_version_submitted_by_id_c842fe94_fk_accounts_ FOREIGN KEY (submitted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT screenplays_version_submitted_key_id_0d48d679_fk_accounts_ FOREIGN KEY (submitted_key_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_version
    ADD CONSTRAINT screenplays_version_work_id_4e33bc91_fk_screenplays_work_id FOREIGN KEY (work_id) REFERENCES public.screenplays_work(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_versionproof
    ADD CONSTRAINT screenplays_versionp_version_id_5c21b9be_fk_screenpla FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_work
    ADD CONSTRAINT screenplays_work_organisation_id_3974bc23_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_work
    ADD CONSTRAINT screenplays_work_production_id_bcea9b02_fk_licensing FOREIGN KEY (production_id) REFERENCES public.licensing_production(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_work
    ADD CONSTRAINT screenplays_work_registered_by_id_5f4fb2ca_fk_accounts_user_id FOREIGN KEY (registered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.screenplays_work
    ADD CONSTRAINT screenplays_work_writer_id_0a9f8135_fk_accounts_user_id FOREIGN KEY (writer_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_social_account_id_951f210e_fk_socialacc FOREIGN KEY (account_id) REFERENCES public.socialaccount_socialaccount(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.socialaccount_socialtoken
    ADD CONSTRAINT socialaccount_social_app_id_636a42d7_fk_socialacc FOREIGN KEY (app_id) REFERENCES public.socialaccount_socialapp(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.socialaccount_socialaccount
    ADD CONSTRAINT socialaccount_social_user_id_8146e70c_fk_accounts_ FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_contractbinding
    ADD CONSTRAINT training_contractbin_contract_id_c0d323da_fk_training_ FOREIGN KEY (contract_id) REFERENCES public.training_datacontract(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_contractbinding
    ADD CONSTRAINT training_contractbin_source_class_id_d93802c7_fk_training_ FOREIGN KEY (source_class_id) REFERENCES public.training_sourceclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT training_datacontrac_activated_by_id_bd88d6ab_fk_accounts_ FOREIGN KEY (activated_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT training_datacontrac_organisation_id_ef94b8be_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT training_datacontrac_registered_by_id_df671fb4_fk_accounts_ FOREIGN KEY (registered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_datacontract
    ADD CONSTRAINT training_datacontrac_retired_by_id_29a98eb6_fk_accounts_ FOREIGN KEY (retired_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_derivative
    ADD CONSTRAINT training_derivative_job_id_f8441d6b_fk_training_transformjob_id FOREIGN KEY (job_id) REFERENCES public.training_transformjob(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_derivative
    ADD CONSTRAINT training_derivative_node_id_78ea1edc_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_derivative
    ADD CONSTRAINT training_derivative_organisation_id_8b475b3d_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_domainrule
    ADD CONSTRAINT training_domainrule_organisation_id_cd98f63a_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_domainrule
    ADD CONSTRAINT training_domainrule_set_by_id_323cc031_fk_accounts_user_id FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_fingerprint
    ADD CONSTRAINT training_fingerprint_asset_id_fdb10710_fk_training_ FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_fingerprint
    ADD CONSTRAINT training_fingerprint_organisation_id_b22a13da_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_houserules
    ADD CONSTRAINT training_houserules_organisation_id_99e2b7f3_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_houserules
    ADD CONSTRAINT training_houserules_set_by_id_3659ca57_fk_accounts_user_id FOREIGN KEY (set_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_importrefusal
    ADD CONSTRAINT training_importrefus_decision_id_bf2978a8_fk_training_ FOREIGN KEY (decision_id) REFERENCES public.training_policydecision(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_importrefusal
    ADD CONSTRAINT training_importrefus_material_import_id_d737f6a3_fk_training_ FOREIGN KEY (material_import_id) REFERENCES public.training_materialimport(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_inspectionlook
    ADD CONSTRAINT training_inspectionl_asked_by_id_09b2cca0_fk_accounts_ FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_inspectionlook
    ADD CONSTRAINT training_inspectionl_organisation_id_51d9956c_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineageedge
    ADD CONSTRAINT training_lineageedge_child_id_7b76c1c6_fk_training_ FOREIGN KEY (child_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineageedge
    ADD CONSTRAINT training_lineageedge_organisation_id_8a1861b2_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineageedge
    ADD CONSTRAINT training_lineageedge_parent_id_7798f633_fk_training_ FOREIGN KEY (parent_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineageevent
    ADD CONSTRAINT training_lineageeven_organisation_id_44ffbb55_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineagehead
    ADD CONSTRAINT training_lineagehead_organisation_id_e4f8ff30_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_lineagenode
    ADD CONSTRAINT training_lineagenode_organisation_id_6023e1cf_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_manifestrow
    ADD CONSTRAINT training_manifestrow_manifest_id_2e450b17_fk_training_ FOREIGN KEY (manifest_id) REFERENCES public.training_trainingmanifest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_manifestrow
    ADD CONSTRAINT training_manifestrow_node_id_064ba915_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_materialimport
    ADD CONSTRAINT training_materialimp_cancelled_by_id_b887ffc5_fk_accounts_ FOREIGN KEY (cancelled_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_materialimport
    ADD CONSTRAINT training_materialimp_credential_id_f9a4e754_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_materialimport
    ADD CONSTRAINT training_materialimp_organisation_id_9acf2e03_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_materialimport
    ADD CONSTRAINT training_materialimp_submitted_by_id_3b5c51e5_fk_accounts_ FOREIGN KEY (submitted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT training_modelversio_node_id_868a76c8_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT training_modelversio_organisation_id_6e9a19ab_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_modelversion
    ADD CONSTRAINT training_modelversio_run_id_02858252_fk_training_ FOREIGN KEY (run_id) REFERENCES public.training_trainingrun(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_policydecision
    ADD CONSTRAINT training_policydecis_after_id_ad8dc4cb_fk_training_ FOREIGN KEY (after_id) REFERENCES public.training_policydecision(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_policydecision
    ADD CONSTRAINT training_policydecis_asked_by_id_5ba8a045_fk_accounts_ FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_policydecision
    ADD CONSTRAINT training_policydecis_organisation_id_8bbfa472_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_policydecision
    ADD CONSTRAINT training_policydecis_policy_id_d32cb9ab_fk_training_ FOREIGN KEY (policy_id) REFERENCES public.training_policytext(hash) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_reportrerun
    ADD CONSTRAINT training_reportrerun_asked_by_id_d0bb16ef_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_reportrerun
    ADD CONSTRAINT training_reportrerun_organisation_id_22067fb8_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_reportrerun
    ADD CONSTRAINT training_reportrerun_report_id_2f87acfc_fk_training_ FOREIGN KEY (report_id) REFERENCES public.training_rightsreport(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_review
    ADD CONSTRAINT training_review_answered_by_id_f9ae84cd_fk_accounts_user_id FOREIGN KEY (answered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_review
    ADD CONSTRAINT training_review_asset_id_49635ddd_fk_training_trainingasset_id FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_review
    ADD CONSTRAINT training_review_collected_by_id_c4d3bd53_fk_accounts_user_id FOREIGN KEY (collected_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_review
    ADD CONSTRAINT training_review_organisation_id_c5d2d08b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscompa_organisation_id_e1d3ece4_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscompa_rights_id_64bae31c_fk_training_ FOREIGN KEY (rights_id) REFERENCES public.training_rightsrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightscomparison
    ADD CONSTRAINT training_rightscompa_takedown_id_6a82d39b_fk_training_ FOREIGN KEY (takedown_id) REFERENCES public.training_takedown(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsend
    ADD CONSTRAINT training_rightsend_ended_by_id_e204de2a_fk_accounts_user_id FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsend
    ADD CONSTRAINT training_rightsend_rights_id_aae7cc2f_fk_training_ FOREIGN KEY (rights_id) REFERENCES public.training_rightsrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_asked_by_id_a87d0768_fk_accounts_ FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_ended_by_id_f07589a6_fk_accounts_ FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_organisation_id_a2f03715_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_signed_by_id_60bfa320_fk_accounts_ FOREIGN KEY (signed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_source_class_id_7313aa36_fk_training_ FOREIGN KEY (source_class_id) REFERENCES public.training_sourceclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexcep_source_id_a489149b_fk_training_ FOREIGN KEY (source_id) REFERENCES public.training_source(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsexception
    ADD CONSTRAINT training_rightsexception_owner_id_ff4a2072_fk_accounts_user_id FOREIGN KEY (owner_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecor_node_id_faf4d87e_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecor_organisation_id_e2de6f6f_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecor_recorded_by_id_92e53067_fk_accounts_ FOREIGN KEY (recorded_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecor_training_token_id_9ba208c7_fk_licensing FOREIGN KEY (training_token_id) REFERENCES public.licensing_trainingtoken(jti) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsrecord
    ADD CONSTRAINT training_rightsrecord_source_id_9c38b654_fk_training_source_id FOREIGN KEY (source_id) REFERENCES public.training_source(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsreport
    ADD CONSTRAINT training_rightsrepor_organisation_id_715c6926_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsreport
    ADD CONSTRAINT training_rightsreport_asked_by_id_1c773080_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsreview
    ADD CONSTRAINT training_rightsrevie_answered_by_id_ef569bfd_fk_accounts_ FOREIGN KEY (answered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsreview
    ADD CONSTRAINT training_rightsrevie_organisation_id_b66bf46b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_rightsreview
    ADD CONSTRAINT training_rightsrevie_rights_id_e24e7895_fk_training_ FOREIGN KEY (rights_id) REFERENCES public.training_rightsrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scanjob
    ADD CONSTRAINT training_scanjob_asked_by_id_0147aec1_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scanjob
    ADD CONSTRAINT training_scanjob_asset_id_3fd52968_fk_training_trainingasset_id FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scanjob
    ADD CONSTRAINT training_scanjob_credential_id_4543692f_fk_accounts_ FOREIGN KEY (credential_id) REFERENCES public.accounts_apicredential(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scanjob
    ADD CONSTRAINT training_scanjob_organisation_id_a27c6f86_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scriptsearch
    ADD CONSTRAINT training_scriptsearc_version_id_d542406e_fk_screenpla FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scriptuse
    ADD CONSTRAINT training_scriptuse_asset_id_07381760_fk_training_ FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_scriptuse
    ADD CONSTRAINT training_scriptuse_version_id_9b802f56_fk_screenpla FOREIGN KEY (version_id) REFERENCES public.screenplays_version(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_node_id_19c648c4_fk_training_lineagenode_number FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_organisation_id_1369f74a_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_owner_id_65572ffe_fk_accounts_user_id FOREIGN KEY (owner_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_registered_by_id_1cc6862b_fk_accounts_user_id FOREIGN KEY (registered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_source
    ADD CONSTRAINT training_source_source_class_id_089fd2cf_fk_training_ FOREIGN KEY (source_class_id) REFERENCES public.training_sourceclass(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_sourceclass
    ADD CONSTRAINT training_sourceclass_organisation_id_2177bfad_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_systemreport
    ADD CONSTRAINT training_systemrepor_organisation_id_349d6a7b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_systemreport
    ADD CONSTRAINT training_systemrepor_reported_by_id_f393f662_fk_accounts_ FOREIGN KEY (reported_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedown
    ADD CONSTRAINT training_takedown_ended_by_id_614ede41_fk_accounts_user_id FOREIGN KEY (ended_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedown
    ADD CONSTRAINT training_takedown_opened_by_id_d90a7e38_fk_accounts_user_id FOREIGN KEY (opened_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedown
    ADD CONSTRAINT training_takedown_organisation_id_c57196c0_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedown
    ADD CONSTRAINT training_takedown_rights_id_3f6bb941_fk_training_ FOREIGN KEY (rights_id) REFERENCES public.training_rightsrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedownitem
    ADD CONSTRAINT training_takedownite_takedown_id_d969621c_fk_training_ FOREIGN KEY (takedown_id) REFERENCES public.training_takedown(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedownitem
    ADD CONSTRAINT training_takedownitem_done_by_id_a1c20134_fk_accounts_user_id FOREIGN KEY (done_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_takedownitem
    ADD CONSTRAINT training_takedownitem_owner_id_db6351b6_fk_accounts_user_id FOREIGN KEY (owner_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_textsketch
    ADD CONSTRAINT training_textsketch_asset_id_78ff50ab_fk_training_ FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_textsketch
    ADD CONSTRAINT training_textsketch_organisation_id_fdc69ac3_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingass_decision_id_3e80f767_fk_training_ FOREIGN KEY (decision_id) REFERENCES public.training_policydecision(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingass_node_id_28786729_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingass_organisation_id_53c39cff_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingass_rights_id_62c86010_fk_training_ FOREIGN KEY (rights_id) REFERENCES public.training_rightsrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingasset_owner_id_996beb7d_fk_accounts_user_id FOREIGN KEY (owner_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingasset
    ADD CONSTRAINT training_trainingasset_source_id_a72d1d2e_fk_training_source_id FOREIGN KEY (source_id) REFERENCES public.training_source(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingman_frozen_by_id_3d468c0e_fk_accounts_ FOREIGN KEY (frozen_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingman_node_id_effad123_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingman_organisation_id_31b08a16_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingman_policy_id_24b386bb_fk_training_ FOREIGN KEY (policy_id) REFERENCES public.training_policytext(hash) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingmanifest
    ADD CONSTRAINT training_trainingman_released_by_id_dfba8a0c_fk_accounts_ FOREIGN KEY (released_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingquestion
    ADD CONSTRAINT training_trainingque_organisation_id_686e3782_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_manifest_id_f633e833_fk_training_ FOREIGN KEY (manifest_id) REFERENCES public.training_trainingmanifest(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_node_id_202a3fa2_fk_training_ FOREIGN KEY (node_id) REFERENCES public.training_lineagenode(number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_organisation_id_c3424940_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_trainingrun
    ADD CONSTRAINT training_trainingrun_registered_by_id_ce29d098_fk_accounts_ FOREIGN KEY (registered_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT training_transformit_asset_id_ac0d1bb5_fk_training_ FOREIGN KEY (asset_id) REFERENCES public.training_trainingasset(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT training_transformit_derivative_id_a488aafc_fk_training_ FOREIGN KEY (derivative_id) REFERENCES public.training_derivative(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformitem
    ADD CONSTRAINT training_transformit_run_id_6b2b9b57_fk_training_ FOREIGN KEY (run_id) REFERENCES public.training_transformrun(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformjob
    ADD CONSTRAINT training_transformjo_approved_by_id_874c56c7_fk_accounts_ FOREIGN KEY (approved_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformjob
    ADD CONSTRAINT training_transformjo_organisation_id_fa722ae9_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformjob
    ADD CONSTRAINT training_transformjob_run_by_id_91baa7c8_fk_accounts_user_id FOREIGN KEY (run_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformrun
    ADD CONSTRAINT training_transformru_job_id_3c921307_fk_training_ FOREIGN KEY (job_id) REFERENCES public.training_transformjob(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformrun
    ADD CONSTRAINT training_transformru_organisation_id_a5a8087b_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.training_transformrun
    ADD CONSTRAINT training_transformru_started_by_id_4afd2f60_fk_accounts_ FOREIGN KEY (started_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_detectorpromotion
    ADD CONSTRAINT verification_detecto_asked_by_id_aad9b6a1_fk_accounts_ FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_promotionword
    ADD CONSTRAINT verification_promoti_person_id_3507193d_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_promotionword
    ADD CONSTRAINT verification_promoti_promotion_id_f428a9e5_fk_verificat FOREIGN KEY (promotion_id) REFERENCES public.verification_detectorpromotion(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_publicswitch
    ADD CONSTRAINT verification_publics_person_id_5bc10217_fk_accounts_ FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_replay
    ADD CONSTRAINT verification_replay_asked_by_id_95c5e61a_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_replay
    ADD CONSTRAINT verification_replay_record_id_b1c95c56_fk_verificat FOREIGN KEY (record_id) REFERENCES public.verification_verificationrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_review
    ADD CONSTRAINT verification_review_organisation_id_0027cc68_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_review
    ADD CONSTRAINT verification_review_person_id_a7c6e909_fk_accounts_user_id FOREIGN KEY (person_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_review
    ADD CONSTRAINT verification_review_record_id_dc4988d3_fk_verificat FOREIGN KEY (record_id) REFERENCES public.verification_verificationrecord(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_verification
    ADD CONSTRAINT verification_verific_asked_by_id_c054e45f_fk_accounts_ FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_verification
    ADD CONSTRAINT verification_verific_organisation_id_7730ccae_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.verification_verificationrecord
    ADD CONSTRAINT verification_verific_verification_id_4c804523_fk_verificat FOREIGN KEY (verification_id) REFERENCES public.verification_verification(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_markdetection
    ADD CONSTRAINT watermarking_markdet_organisation_id_8531a7d9_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_markregistration
    ADD CONSTRAINT watermarking_markreg_registered_by_id_a2162e29_fk_accounts_ FOREIGN KEY (registered_by_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_markreport
    ADD CONSTRAINT watermarking_markrep_registration_id_c67010d9_fk_watermark FOREIGN KEY (registration_id) REFERENCES public.watermarking_markregistration(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_mediajob
    ADD CONSTRAINT watermarking_mediajo_organisation_id_2c1d3fc1_fk_accounts_ FOREIGN KEY (organisation_id) REFERENCES public.accounts_organisation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_mediajob
    ADD CONSTRAINT watermarking_mediajo_registration_id_6de3300a_fk_watermark FOREIGN KEY (registration_id) REFERENCES public.watermarking_markregistration(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.watermarking_mediastretch
    ADD CONSTRAINT watermarking_mediast_job_id_c901f8cd_fk_watermark FOREIGN KEY (job_id) REFERENCES public.watermarking_mediajob(id) DEFERRABLE INITIALLY DEFERRED;
