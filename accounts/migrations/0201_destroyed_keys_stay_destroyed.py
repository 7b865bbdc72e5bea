"""A person's key that was destroyed never comes back, and its row never goes."""

from django.db import migrations

_MADE = """
create function accounts_subject_key_guarded() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.sealed_key is null
       or (new.sealed_key is not null and new.sealed_key is distinct from old.sealed_key)
       or new.subject_id <> old.subject_id then
        raise exception 'a key of a person is destroyed once, and nothing else happens to it'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger accounts_subject_key_guarded before update or delete on accounts_subjectkey
    for each row execute function accounts_subject_key_guarded();
"""
_UNMADE = """
drop trigger accounts_subject_key_guarded on accounts_subjectkey;
drop function accounts_subject_key_guarded();
"""


class Migration(migrations.Migration):

    dependencies = [("accounts", "0200_subject_keys")]

    operations = [migrations.RunSQL(_MADE, _UNMADE)]
