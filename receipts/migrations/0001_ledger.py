"""Tables of checks, leases and the log.

The log's rows are partitioned by log and carry only indexes that follow the order of insertion: an index
with random keys costs a batch three to six times its time once the table is large (docs/design/ledger.md).
"""

import common.clock
import common.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


PARTITIONS = 16

LOG_ENTRY = """
create table receipts_logentry (
    idx bigint not null,
    lease bigint,
    received_at timestamptz not null,
    log_id integer not null,
    frame integer,
    kind smallint not null,
    take smallint,
    outcome smallint,
    ref uuid,
    file_sha256 bytea,
    entry bytea not null,
    primary key (log_id, idx),
    constraint log_entry_once_per_frame unique (log_id, lease, frame, take),
    constraint log_entry_is_short check (octet_length(entry) between 2 and 65535)
) partition by hash (log_id);
create unique index log_entry_once_per_ref on receipts_logentry (log_id, ref) where ref is not null;
""" + "".join(
    f"create table receipts_logentry_{n} partition of receipts_logentry "
    f"for values with (modulus {PARTITIONS}, remainder {n});\n"
    for n in range(PARTITIONS)
)

# Rows that move under a lock keep room beside them, so that a move touches one page and no index.
STORAGE = """
alter table receipts_productionlog set (fillfactor = 50);
alter table receipts_quota set (fillfactor = 50);
alter table receipts_lease set (fillfactor = 70);
alter table receipts_logentry alter column entry set storage main;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ProductionLog',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('production_id', models.UUIDField(unique=True)),
                ('origin', models.CharField(max_length=200, unique=True)),
                ('size', models.BigIntegerField(default=0)),
                ('frontier', models.BinaryField(default=b'')),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='log_size_counts')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=common.ids.new_id, editable=False, unique=True)),
                ('check_id', models.UUIDField(unique=True)),
                ('token_jti', models.UUIDField()),
                ('production_id', models.UUIDField()),
                ('organisation_id', models.UUIDField()),
                ('credential_id', models.UUIDField(null=True)),
                ('terms_version', models.IntegerField()),
                ('talent', models.CharField(max_length=80)),
                ('counter', models.CharField(choices=[('frames', 'frames'), ('lines', 'lines'), ('seconds', 'seconds'), ('runs', 'runs')], max_length=8)),
                ('use_type', models.CharField(max_length=40)),
                ('shot', models.CharField(max_length=120)),
                ('first', models.IntegerField()),
                ('last', models.IntegerField()),
                ('state', models.CharField(choices=[('ACTIVE', 'active'), ('CLOSING', 'closing'), ('ENDED', 'ended'), ('EXPIRED', 'expired')], default='ACTIVE', max_length=8)),
                ('granted_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('heartbeat_seconds', models.IntegerField()),
                ('grace_seconds', models.IntegerField()),
                ('window_ends_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, default='', max_length=40)),
                ('units_used', models.IntegerField(null=True)),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='receipts.productionlog')),
            ],
            options={
                'indexes': [models.Index(fields=['token_jti', 'id'], name='lease_by_token'), models.Index(condition=models.Q(('state__in', ['ACTIVE', 'CLOSING'])), fields=['expires_at'], name='lease_open_by_expiry')],
                'constraints': [models.CheckConstraint(condition=models.Q(('last__gte', models.F('first'))), name='lease_range_ordered'), models.CheckConstraint(condition=models.Q(('state', 'ACTIVE'), ('ended_at__isnull', False), _connector='OR'), name='lease_end_is_dated')],
            },
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='LogEntry',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_id', 'idx', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('idx', models.BigIntegerField()),
                        ('lease', models.BigIntegerField(null=True)),
                        ('received_at', models.DateTimeField()),
                        ('frame', models.IntegerField(null=True)),
                        ('kind', models.SmallIntegerField(choices=[(1, 'authorised'), (2, 'checked'), (3, 'frame'), (4, 'marked'), (5, 'verified'), (6, 'revoked'), (7, 'exported')])),
                        ('take', models.SmallIntegerField(null=True)),
                        ('outcome', models.SmallIntegerField(choices=[(1, 'RENDERED'), (2, 'FAILED'), (3, 'DISCARDED'), (4, 'RERENDER_OF'), (5, 'UNAUTHORISED')], null=True)),
                        ('ref', models.UUIDField(null=True)),
                        ('file_sha256', models.BinaryField(max_length=32, null=True)),
                        ('entry', models.BinaryField()),
                        ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='receipts.productionlog')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('log', 'lease', 'frame', 'take'), name='log_entry_once_per_frame'), models.UniqueConstraint(condition=models.Q(('ref__isnull', False)), fields=('log', 'ref'), name='log_entry_once_per_ref')],
                    },
                ),
            ],
            database_operations=[migrations.RunSQL(LOG_ENTRY, 'drop table receipts_logentry')],
        ),
        migrations.CreateModel(
            name='PendingEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('production_id', models.UUIDField()),
                ('kind', models.SmallIntegerField(choices=[(1, 'authorised'), (2, 'checked'), (3, 'frame'), (4, 'marked'), (5, 'verified'), (6, 'revoked'), (7, 'exported')])),
                ('ref', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('entry', models.BinaryField()),
            ],
            options={
                'indexes': [models.Index(fields=['production_id', 'id'], name='receipts_pe_product_8296ac_idx')],
            },
        ),
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('pk', models.CompositePrimaryKey('token_jti', 'counter', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_jti', models.UUIDField()),
                ('counter', models.CharField(choices=[('frames', 'frames'), ('lines', 'lines'), ('seconds', 'seconds'), ('runs', 'runs')], max_length=8)),
                ('most', models.BigIntegerField()),
                ('granted', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('granted__gte', 0), ('granted__lte', models.F('most'))), name='quota_never_overdrawn')],
            },
        ),
        migrations.CreateModel(
            name='ReceiptBatch',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('caller_id', models.UUIDField()),
                ('key', models.CharField(max_length=200)),
                ('body_sha256', models.BinaryField(max_length=32)),
                ('accepted', models.IntegerField()),
                ('unauthorised', models.IntegerField()),
                ('refused', models.IntegerField()),
                ('sizes', models.JSONField(default=dict)),
                ('runs', models.JSONField()),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('caller_id', 'key'), name='batch_once_per_key')],
            },
        ),
        migrations.CreateModel(
            name='RenderCheck',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('ALLOW', 'ALLOW'), ('ALLOW_WITH_OBLIGATIONS', 'ALLOW_WITH_OBLIGATIONS'), ('HOLD', 'HOLD'), ('DENY', 'DENY')], max_length=24)),
                ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('obligations', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('token_jti', models.UUIDField(null=True)),
                ('production_id', models.UUIDField(null=True)),
                ('organisation_id', models.UUIDField()),
                ('credential_id', models.UUIDField(null=True)),
                ('terms_version', models.IntegerField(null=True)),
                ('use_type', models.CharField(max_length=40)),
                ('construct', models.CharField(max_length=40)),
                ('shot', models.CharField(max_length=120)),
                ('task', models.CharField(max_length=120)),
                ('worker', models.CharField(max_length=120)),
                ('first', models.IntegerField(null=True)),
                ('last', models.IntegerField(null=True)),
                ('counter', models.CharField(blank=True, choices=[('frames', 'frames'), ('lines', 'lines'), ('seconds', 'seconds'), ('runs', 'runs')], default='', max_length=8)),
                ('units_asked', models.IntegerField(default=0)),
                ('units_reserved', models.IntegerField(default=0)),
                ('valid_until', models.DateTimeField(null=True)),
                ('lease_uid', models.UUIDField(null=True)),
                ('input_sha256', models.BinaryField(max_length=32)),
                ('policy_version', models.CharField(max_length=40)),
                ('policy_hash', models.CharField(max_length=80)),
            ],
            options={
                'indexes': [models.Index(fields=['token_jti', 'id'], name='check_by_token'), models.Index(fields=['production_id', 'id'], name='check_by_production'), django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='check_by_time')],
            },
        ),
        migrations.CreateModel(
            name='UnauthorisedFrame',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('idx', models.BigIntegerField()),
                ('token_jti', models.UUIDField(db_index=True, null=True)),
                ('lease_uid', models.UUIDField(null=True)),
                ('frame', models.IntegerField()),
                ('shot', models.CharField(blank=True, default='', max_length=120)),
                ('code', models.CharField(max_length=40)),
                ('reported_by', models.UUIDField()),
                ('received_at', models.DateTimeField()),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='receipts.productionlog')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log', 'idx'), name='unauthorised_once_per_leaf')],
            },
        ),
        migrations.CreateModel(
            name='CheckKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('credential_id', models.UUIDField()),
                ('key', models.CharField(max_length=200)),
                ('body_sha256', models.BinaryField(max_length=32)),
                ('check_id', models.UUIDField()),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['created_at'], name='check_key_by_time')],
                'constraints': [models.UniqueConstraint(fields=('credential_id', 'key'), name='check_key_once_per_credential')],
            },
        ),
        migrations.CreateModel(
            name='DpopProofSeen',
            fields=[
                ('digest', models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField(default=common.clock.now, editable=False)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['seen_at'], name='proof_by_time')],
            },
        ),
        migrations.CreateModel(
            name='LogPublication',
            fields=[
                ('log', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='publication', serialize=False, to='receipts.productionlog')),
                ('size', models.BigIntegerField(default=0)),
                ('checkpoint', models.BinaryField(default=b'')),
                ('stale_tile', models.BigIntegerField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
