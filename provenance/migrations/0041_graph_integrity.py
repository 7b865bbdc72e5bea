"""What the database itself holds true of the graph, for every role and every program.

- Rows and events are append-only.
- No row without the event that tells it (its kind, its object, its production), no event without its batch in the
  audit trail, no media version without its source type, no delivered output without an event: checked at commit.
- Edges stay inside one production and make no circle. Adding one takes the production's lock, so that two halves of
  a circle cannot be added at once.
"""

from django.db import migrations

from common.append_only import append_only

TOLD = {
    "graphasset": "ASSET_RECORDED",
    "assetversion": "VERSION_ADDED",
    "classification": "CLASSIFIED",
    "labelproposal": "LABEL_PROPOSED",
    "relation": "RELATED,GENERATED",
    "generativemodel": "MODEL_NAMED",
    "generationrecord": "GENERATED",
    "decision": "DECIDED",
    "custodydocument": "DOCUMENT_ATTACHED",
}
APPEND_ONLY = ("provenanceevent", "generationinput", "generationoutput", "sealedtext", *TOLD)

FUNCTIONS = """
create function provenance_told() returns trigger language plpgsql as $$
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

create function provenance_event_is_kept() returns trigger language plpgsql as $$
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

create function provenance_version_is_whole() returns trigger language plpgsql as $$
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

create function provenance_asset_has_event() returns trigger language plpgsql as $$
begin
    if not exists (select from provenance_assetevent e where e.asset_id = new.id) then
        raise exception 'output % has no event', new.id using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

create function provenance_reaches(start uuid, sought uuid) returns boolean language sql stable as $$
    with recursive up(id) as (
        select start
        union
        select r.parent_id from provenance_relation r join up on r.child_id = up.id
    )
    select exists (select from up where id = sought)
$$;

create function provenance_relation_holds() returns trigger language plpgsql as $$
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
"""
FUNCTIONS_BACK = """
drop function provenance_told();
drop function provenance_event_is_kept();
drop function provenance_version_is_whole();
drop function provenance_asset_has_event();
drop function provenance_relation_holds();
drop function provenance_reaches(uuid, uuid);
"""


def at_commit(table: str, name: str, call: str) -> migrations.RunSQL:
    """Check each new row of ``table`` when its transaction commits."""
    return migrations.RunSQL(
        f"create constraint trigger {name} after insert on {table} deferrable initially deferred "
        f"for each row execute function {call};",
        f"drop trigger {name} on {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("provenance", "0040_graph"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BACK),
        *(operation for table in APPEND_ONLY for operation in append_only(f"provenance_{table}")),
        *(
            at_commit(f"provenance_{table}", f"{table}_is_told", f"provenance_told('{kinds}')")
            for table, kinds in TOLD.items()
        ),
        at_commit("provenance_provenanceevent", "provenance_event_is_kept", "provenance_event_is_kept()"),
        at_commit("provenance_assetversion", "assetversion_is_whole", "provenance_version_is_whole()"),
        at_commit("provenance_relation", "relation_holds", "provenance_relation_holds()"),
        at_commit("provenance_asset", "asset_has_event", "provenance_asset_has_event()"),
    ]
