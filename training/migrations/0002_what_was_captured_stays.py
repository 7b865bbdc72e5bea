"""What was captured, decided and linked stays as it is, for every role; and no edge closes a circle."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function training_guard_asset() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'held', 'location', 'stored_at', 'findings', 'decision_id', 'owner_id'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.state in ('REFUSED', 'REMOVED') and new.state <> old.state and new.state <> 'REMOVED') then
        raise exception 'what was captured of an original stays as it is' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_asset_guarded after update or delete on training_trainingasset
    for each row execute function training_guard_asset();

create function training_guard_derivative() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['held', 'location', 'flags', 'removed_at'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or (old.removed_at is not null and new.removed_at is distinct from old.removed_at) then
        raise exception 'a derivative stays as it was made' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_derivative_guarded after update or delete on training_derivative
    for each row execute function training_guard_derivative();

create function training_guard_source() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - 'owner_id') is distinct from (to_jsonb(old) - 'owner_id') then
        raise exception 'the provenance of a source stays as it is' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_source_guarded after update or delete on training_source
    for each row execute function training_guard_source();

create function training_guard_review() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['answer', 'answered_by_id', 'answered_at', 'reason'];
begin
    if tg_op = 'DELETE' or old.answer <> '' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a review is answered once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_review_guarded after update or delete on training_review
    for each row execute function training_guard_review();

create function training_guard_exception() returns trigger language plpgsql as $$
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
create constraint trigger training_exception_guarded after update or delete on training_rightsexception
    for each row execute function training_guard_exception();

-- a new edge closes a circle only if something already hangs below its child
create function training_refuse_circle() returns trigger language plpgsql as $$
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
create trigger training_no_circle after insert on training_lineageedge
    referencing new table as added for each statement execute function training_refuse_circle();
"""
_UNMADE = """
drop trigger training_no_circle on training_lineageedge;
drop function training_refuse_circle();
drop trigger training_exception_guarded on training_rightsexception;
drop function training_guard_exception();
drop trigger training_review_guarded on training_review;
drop function training_guard_review();
drop trigger training_source_guarded on training_source;
drop function training_guard_source();
drop trigger training_derivative_guarded on training_derivative;
drop function training_guard_derivative();
drop trigger training_asset_guarded on training_trainingasset;
drop function training_guard_asset();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0001_gate")]
    operations = [
        *(
            operation
            for table in (
                "policytext", "policydecision", "rightsrecord", "rightsend", "domainrule", "transformjob",
                "lineagenode", "lineageedge", "fingerprint",
            )
            for operation in append_only(f"training_{table}")
        ),
        migrations.RunSQL(_MADE, _UNMADE),
    ]
