"""Words of lines, and time on screen: counted beside the lines and frames that a lease is taken from.

Terms may say how many words all lines together have (``words_max``) and how long the finished work may show the
likeness (``max_screen_seconds``). Words are taken by the lease, whole. Time on screen is the frames that a shot of a
sequence has, each once, however often it is rendered: the frames of each shot are kept as the ranges they form.

Both are written under the lock of the quota they stand beside; ``receipts_keep_checks`` looks at them in the statement
that looks whether everything else still holds. The rest of it is as migration ``0060_keep_checks`` made it.
"""

from importlib import import_module

from django.db import migrations, models

import receipts.tallies

_COUNTS = """
alter type receipts_question add attribute beside text, add attribute beside_units int,
    add attribute sequence text;

create function receipts_frames_in(frames int4multirange) returns bigint language sql immutable parallel safe as $$
    select coalesce(sum(upper(r) - lower(r)), 0) from unnest(frames) r
$$;

-- MUST be called with the quota of the licence's frames held
create function receipts_count_screen(jti uuid) returns void language sql as $$
    update receipts_quota q set granted = (
        select coalesce(sum(receipts_frames_in(s.frames)), 0) from receipts_screentime s where s.token_jti = jti)
    where q.token_jti = jti and q.counter = 'screen'
$$;

-- What a shot shows once a lease of it was given back: what the others hold or held, and what was rendered. Receipts
-- name no sequence: of the frames rendered in shots of that name, those that this sequence ever had a lease of.
create function receipts_return_screen(jti uuid, of_sequence text, of_shot text) returns void language sql as $$
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
"""
_COUNTS_BACK = """
drop function receipts_return_screen(uuid, text, text);
drop function receipts_count_screen(uuid);
drop function receipts_frames_in(int4multirange);
alter type receipts_question drop attribute sequence, drop attribute beside_units, drop attribute beside;
"""
_KEEP = """
create or replace function receipts_keep_checks(questions json) returns smallint[] language plpgsql
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
"""
_KEEP_BACK = import_module("receipts.migrations.0060_keep_checks").KEEP.partition(");\n\n")[2].replace(
    "create function receipts_keep_checks", "create or replace function receipts_keep_checks"
)


class Migration(migrations.Migration):
    dependencies = [("receipts", "0080_kept_counts")]
    operations = [
        migrations.AddField("lease", "beside", models.CharField(max_length=8, db_default="", blank=True)),
        migrations.AddField("lease", "beside_units", models.IntegerField(db_default=0)),
        migrations.AddField("lease", "sequence", models.CharField(max_length=120, db_default="", blank=True)),
        migrations.AlterField(
            "quota",
            "counter",
            models.CharField(
                max_length=8,
                choices=[
                    ("frames", "frames"),
                    ("lines", "lines"),
                    ("seconds", "seconds"),
                    ("runs", "runs"),
                    ("words", "words of lines"),
                    ("screen", "frames on screen"),
                ],
            ),
        ),
        migrations.CreateModel(
            name="ScreenTime",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "token_jti", "sequence", "shot", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("token_jti", models.UUIDField()),
                ("sequence", models.CharField(max_length=120, blank=True)),
                ("shot", models.CharField(max_length=120)),
                ("frames", receipts.tallies.FrameRanges()),
            ],
        ),
        migrations.AddIndex(
            "lease",
            models.Index(
                condition=models.Q(("beside", "screen")), fields=["token_jti", "shot"], name="lease_on_screen"
            ),
        ),
        migrations.RunSQL(_COUNTS, _COUNTS_BACK),
        migrations.RunSQL(_KEEP, _KEEP_BACK),
    ]
