"""What an import refused stays as it was said; an import that has ended does not begin again."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function training_guard_import() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'failure', 'rows_read', 'rows_admitted', 'rows_isolated', 'rows_same',
        'rows_refused', 'bytes_read', 'moved_at', 'finished_at'];
begin
    if tg_op = 'DELETE' or old.finished_at is not null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'an import stays as it was handed in, and ends once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_import_guarded after update or delete on training_materialimport
    for each row execute function training_guard_import();
"""
_UNMADE = """
drop trigger training_import_guarded on training_materialimport;
drop function training_guard_import();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0070_imports")]
    operations = [*append_only("training_importrefusal"), migrations.RunSQL(_MADE, _UNMADE)]
