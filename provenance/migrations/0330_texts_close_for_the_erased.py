"""A sealed text changes in one way alone: it is closed, for good, for somebody whose key is destroyed."""

from django.db import migrations

_MADE = """
create function provenance_sealedtext_guarded() returns trigger language plpgsql as $$
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
drop trigger provenance_sealedtext_append_only on provenance_sealedtext;
create trigger provenance_sealedtext_append_only before update or delete on provenance_sealedtext
    for each row execute function provenance_sealedtext_guarded();
"""
_UNMADE = """
drop trigger provenance_sealedtext_append_only on provenance_sealedtext;
create trigger provenance_sealedtext_append_only before update or delete on provenance_sealedtext
    for each row execute function refuse_change();
drop function provenance_sealedtext_guarded();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("provenance", "0320_papers_about_people"),
    ]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
