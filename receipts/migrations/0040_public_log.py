"""What is shown of the logs: the chain of published checkpoints, witnesses and their cosignatures."""

import common.clock
import django.db.models.deletion
from django.db import migrations, models


from common.append_only import append_only

CHAIN = """
create function receipts_checkpoint_chain() returns trigger language plpgsql as $$
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
create trigger receipts_logcheckpoint_chain before insert on receipts_logcheckpoint
    for each row execute function receipts_checkpoint_chain();
"""
CHAIN_BACK = """
drop trigger receipts_logcheckpoint_chain on receipts_logcheckpoint;
drop function receipts_checkpoint_chain();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("receipts", "0030_key_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name='Witness',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('vkey', models.CharField(max_length=300, unique=True)),
                ('organisation_id', models.UUIDField(null=True)),
                ('url', models.CharField(blank=True, default='', max_length=300)),
                ('added_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('removed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='LogCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField()),
                ('previous', models.BigIntegerField(null=True)),
                ('root', models.BinaryField(max_length=32)),
                ('note', models.BinaryField()),
                ('published_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='checkpoints', to='receipts.productionlog')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log', 'size'), name='checkpoint_once_per_size'), models.UniqueConstraint(fields=('log', 'previous'), name='checkpoint_follows_one', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='LogCosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField()),
                ('root', models.BinaryField(max_length=32)),
                ('seen_at', models.BigIntegerField()),
                ('note', models.BinaryField()),
                ('received_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cosignatures', to='receipts.productionlog')),
                ('witness', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='receipts.witness')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log', 'size', 'witness', 'seen_at'), name='cosignature_once_per_moment')],
            },
        ),
        *append_only("receipts_logcheckpoint"),
        *append_only("receipts_logcosignature"),
        migrations.RunSQL(CHAIN, CHAIN_BACK),
    ]
