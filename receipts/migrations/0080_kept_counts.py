"""Counts that are kept by whoever appends to a log, and the functions that count them again from the rows.

``receipts_counted_*`` read receipts, checks and leases as they stand: they fill the tables here, and an inspection
compares. Tallies are updated often and in place, so their pages keep room for it.
"""

from django.db import migrations, models

import receipts.tallies

COUNTED = """
create function receipts_counted_frames(log int) returns table (
    token_jti uuid, block bigint, shot varchar, counter varchar, quarter int, log_id int,
    rendered int, again int, failed int, discarded int, first_leaf bigint, last_leaf bigint,
    first_at timestamptz, last_at timestamptz,
    as_rendered int4multirange, as_again int4multirange, as_lost int4multirange)
language sql stable as $$
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
create function receipts_counted_checks(log int) returns table (
    token_jti uuid, counter varchar, quarter int, log_id int, allowed int, refused int, units bigint,
    last_at timestamptz)
language sql stable as $$
    select c.token_jti, c.counter, floor(extract(epoch from c.at) / 900)::int, log,
        count(*) filter (where c.outcome like 'ALLOW%')::int,
        count(*) filter (where c.outcome not like 'ALLOW%')::int, sum(c.units_reserved)::bigint, max(c.at)
    from receipts_logentry e join receipts_rendercheck c on c.id = e.ref
    where e.log_id = log and e.kind = 2 and c.token_jti is not null
    group by 1, 2, 3
$$;
create function receipts_counted_shots(log int) returns table (
    token_jti uuid, shot varchar, log_id int, first int, last int)
language sql stable as $$
    select l.token_jti, l.shot, log, min(l.first), max(l.last)
    from receipts_lease l
    where l.log_id = log and l.counter = 'frames'
        and not exists (select from receipts_pendingentry p where p.production_id = l.production_id and p.ref = l.check_id)
    group by 1, 2
$$;
create function receipts_counted_returns(log int) returns table (
    token_jti uuid, counter varchar, quarter int, units bigint)
language sql stable as $$
    select l.token_jti, l.counter, floor(extract(epoch from l.granted_at) / 900)::int,
        sum(l.last - l.first + 1 - l.units_used)::bigint
    from receipts_lease l
    where l.log_id = log and l.units_used < l.last - l.first + 1
    group by 1, 2, 3
$$;
create function receipts_counted_licences(log int) returns table (
    token_jti uuid, log_id int, rendered bigint, again bigint, failed bigint, discarded bigint, unauthorised bigint,
    allowed bigint, refused bigint, first_receipt_at timestamptz, last_receipt_at timestamptz, last_check_at timestamptz)
language sql stable as $$
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
"""
UNCOUNTED = "".join(
    f"drop function receipts_counted_{name}(int);"
    for name in ("licences", "returns", "shots", "checks", "frames")
)
COLUMNS = {
    "frame": "token_jti, block, shot, counter, quarter, log_id, rendered, again, failed, discarded, first_leaf,"
    " last_leaf, first_at, last_at, as_rendered, as_again, as_lost",
    "check": "token_jti, counter, quarter, log_id, allowed, refused, units, last_at",
    "shot": "token_jti, shot, log_id, first, last",
    "return": "token_jti, counter, quarter, units",
    "licence": "token_jti, log_id, rendered, again, failed, discarded, unauthorised, allowed, refused,"
    " first_receipt_at, last_receipt_at, last_check_at",
}
ROOM = "".join(f"alter table receipts_{name}tally set (fillfactor = 60);" for name in COLUMNS)
FILL = "".join(
    f"insert into receipts_{name}tally ({columns}) select {columns.replace(', ', ', c.').replace('token', 'c.token', 1)}"
    f" from receipts_productionlog l cross join lateral receipts_counted_{name}s(l.id) c;"
    for name, columns in COLUMNS.items()
)


class Migration(migrations.Migration):
    dependencies = [("receipts", "0070_recorded_entries")]
    operations = [
        migrations.CreateModel(
            name='CheckTally',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'counter', 'quarter', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('counter', models.CharField(max_length=8)),
                ('quarter', models.IntegerField()),
                ('log_id', models.IntegerField()),
                ('allowed', models.IntegerField()),
                ('refused', models.IntegerField()),
                ('units', models.BigIntegerField()),
                ('last_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='FrameTally',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'block', 'shot', 'counter', 'quarter', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('block', models.BigIntegerField()),
                ('shot', models.CharField(max_length=120)),
                ('counter', models.CharField(max_length=8)),
                ('quarter', models.IntegerField()),
                ('log_id', models.IntegerField()),
                ('rendered', models.IntegerField()),
                ('again', models.IntegerField()),
                ('failed', models.IntegerField()),
                ('discarded', models.IntegerField()),
                ('first_leaf', models.BigIntegerField()),
                ('last_leaf', models.BigIntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('as_rendered', receipts.tallies.FrameRanges()),
                ('as_again', receipts.tallies.FrameRanges()),
                ('as_lost', receipts.tallies.FrameRanges()),
            ],
            options={
                'indexes': [
                    models.Index(fields=['token_jti', 'shot'], name='frametally_by_shot'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LicenceTally',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'log_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('log_id', models.IntegerField(db_index=True)),
                ('rendered', models.BigIntegerField(db_default=0)),
                ('again', models.BigIntegerField(db_default=0)),
                ('failed', models.BigIntegerField(db_default=0)),
                ('discarded', models.BigIntegerField(db_default=0)),
                ('unauthorised', models.BigIntegerField(db_default=0)),
                ('allowed', models.BigIntegerField(db_default=0)),
                ('refused', models.BigIntegerField(db_default=0)),
                ('first_receipt_at', models.DateTimeField(null=True)),
                ('last_receipt_at', models.DateTimeField(null=True)),
                ('last_check_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReturnTally',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'counter', 'quarter', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('counter', models.CharField(max_length=8)),
                ('quarter', models.IntegerField()),
                ('units', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ShotTally',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'shot', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('shot', models.CharField(max_length=120)),
                ('log_id', models.IntegerField()),
                ('first', models.IntegerField()),
                ('last', models.IntegerField()),
            ],
        ),
        migrations.AlterField(
            model_name='unauthorisedframe',
            name='token_jti',
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="lease",
            index=models.Index(
                condition=models.Q(("state", "EXPIRED"), ("units_used", 0)),
                fields=["token_jti", "granted_at"],
                name="lease_silent_by_token",
            ),
        ),
        migrations.AddIndex(
            model_name='lease',
            index=models.Index(condition=models.Q(('state', 'ACTIVE')), fields=['token_jti'], name='lease_live_by_token'),
        ),
        migrations.AddIndex(
            model_name='rendercheck',
            index=models.Index(condition=models.Q(('outcome__in', ['HOLD', 'DENY'])), fields=['token_jti', 'id'], name='check_refused_by_token'),
        ),
        migrations.AddIndex(
            model_name='unauthorisedframe',
            index=models.Index(fields=['token_jti', 'idx'], name='unauthorised_by_token'),
        ),
        migrations.RunSQL(COUNTED, UNCOUNTED),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
