"""``receipts_keep_checks``: many decisions kept in one round trip and one commit, each only if it still holds.

A decision is made outside, on what its process believes of the licence, the API key and the signing key. This
function keeps it only if all of that is still so (and a permit only if no receipts are overdue), looked at *after* the quota's lock was waited for; else it
keeps nothing of it and says why. So a belief may be as old as it likes and can never allow anything.

The order of locks is that of everything else: idempotency keys, proofs, quotas.

Verdicts, one for each question in its place: 0 kept, 1 stale (something changed), 2 no room in the quota,
3 the proof was used before, 4 the idempotency key was.
"""

from django.db import migrations

KEEP = """
create type receipts_question as (
    -- what the decision rests on
    place int, jti uuid, token_stamp text, credential uuid, credential_stamp text, kid text,
    debts_due timestamptz, proof bytea, idempotency_key text, body_sha256 bytea, counter text, units int,
    -- the decision
    id uuid, at timestamptz, outcome text, reasons text[], obligations text[], production uuid,
    organisation uuid, terms_version int, use_type text, construct text, shot text, task text, worker text,
    first int, last int, units_asked int, input_sha256 bytea, policy_version text, policy_hash text,
    -- the lease of a permit
    lease uuid, log int, talent text, lease_first int, lease_last int, expires_at timestamptz,
    heartbeat_seconds int, grace_seconds int, grace_frames int, window_ends_at timestamptz,
    -- what the production's log will say
    entry text
);

-- Generic plans: a plan made anew for each call costs more than the call. Nested loops over indexes alone: a
-- handful of questions meets tables of any size, and the plan must not depend on what was there when it was made.
-- A row that somebody holds for too long is waited for in bounds: the callers hear 503, and nobody hangs.
create function receipts_keep_checks(questions json) returns smallint[] language plpgsql
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off
set enable_seqscan = off set lock_timeout = '10s' as $$
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
            else 0 end
        from unnest(asked) q
        left join receipts_quota r on r.token_jti = q.jti and r.counter = q.counter
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
            expires_at, heartbeat_seconds, grace_seconds, grace_frames, window_ends_at, end_reason)
        select q.lease, q.id, q.log, q.jti, q.production, q.organisation, q.credential, q.terms_version,
            q.talent, q.counter, q.use_type, q.shot, q.lease_first, q.lease_last, 'ACTIVE', q.at,
            q.expires_at, q.heartbeat_seconds, q.grace_seconds, q.grace_frames, q.window_ends_at, ''
        from q where q.units > 0)
    insert into receipts_pendingentry (production_id, kind, ref, at, entry)
    select q.production, 2, q.id, q.at, convert_to(q.entry, 'UTF8') from q where q.entry is not null;

    return verdicts;
end $$;
"""
BACK = "drop function receipts_keep_checks(json); drop type receipts_question;"


class Migration(migrations.Migration):
    dependencies = [
        ("receipts", "0040_public_log"),
        ("accounts", "0002_credential_stamp"),
        ("licensing", "0010_holds"),
        ("common", "0010_key_backends"),
    ]
    operations = [migrations.RunSQL(KEEP, BACK)]
