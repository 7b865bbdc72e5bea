"""What a case reaches is written a million rows at once: two columns name a row, and one question checks them all.

The foreign keys asked once a row, and again at the commit. A statement's rows are now looked at together, and more is
asked: a node is of the house whose case it is. What they point at cannot go: nodes and cases are append-only.
"""

import django.db.models.deletion
from django.db import migrations, models

import common.clock

_LEAN = """
set constraints all immediate;
do $$
declare
    named text;
begin
    for named in select conname from pg_constraint
                 where conrelid = 'training_takedownreach'::regclass and contype in ('f', 'p', 'u') loop
        execute format('alter table training_takedownreach drop constraint %I', named);
    end loop;
end $$;
alter table training_takedownreach drop column id,
    add constraint training_takedownreach_pkey primary key (takedown_id, node_id);

create function training_check_reach() returns trigger language plpgsql as $$
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
create trigger training_takedownreach_checked after insert on training_takedownreach
    referencing new table as added for each statement execute function training_check_reach();
"""
_WIDE = """
drop trigger training_takedownreach_checked on training_takedownreach;
drop function training_check_reach();
alter table training_takedownreach drop constraint training_takedownreach_pkey,
    add column id uuid not null default gen_random_uuid();
alter table training_takedownreach add primary key (id), alter column id drop default,
    add constraint takedown_reach_once unique (takedown_id, node_id),
    add foreign key (takedown_id) references training_takedown deferrable initially deferred,
    add foreign key (node_id) references training_lineagenode deferrable initially deferred;
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0074_lineage_events")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_LEAN, _WIDE)],
            state_operations=[
                migrations.DeleteModel("TakedownReach"),
                migrations.CreateModel(
                    name="TakedownReach",
                    fields=[
                        ("pk", models.CompositePrimaryKey("takedown_id", "node_id", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("was_admitted", models.BooleanField(default=False)),
                        ("at", models.DateTimeField(default=common.clock.now, editable=False, null=True)),
                        ("node", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="training.lineagenode")),
                        ("takedown", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="reach", to="training.takedown")),
                    ],
                    options={"indexes": [models.Index(fields=["node"], name="takedown_reach_by_node")]},
                ),
            ],
        ),
    ]  # fmt: skip
