"""Who was erased is hidden from everybody, and nobody else's word is needed for that."""

from django.db import migrations

_GUARD = """
create or replace function licensing_guard_visibility() returns trigger language plpgsql as $$
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
    %s
    if (tg_op = 'UPDATE' and new.set_at is not distinct from old.set_at)
       or not coalesce(licensing_word_of(new.talent_id, new.set_by_id, new.set_at), false) then
        raise exception 'only the talent decides who may see them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
"""
_ERASED = """
    if tg_op = 'UPDATE' and new.level = 'HIDDEN' and new.listed_ids = '{}' and new.talent_id = old.talent_id
       and exists (select from accounts_subjectkey where subject_id = new.talent_id and sealed_key is null) then
        return null;
    end if;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("licensing", "0201_seal_what_was_written"),
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
    ]

    operations = [migrations.RunSQL(_GUARD % _ERASED, _GUARD % "")]
