"""A text's sketch says under which key it is, and changes only with it.

Texts above the limit for scans at once were sketched under a placeholder by releases before this one: nothing was found to
be like them. A job (``sketch_texts_again``) sketches every text whose key nobody wrote down again, fifty at a time.
"""

from django.db import migrations, models

_MADE = """
drop trigger training_textsketch_append_only on training_textsketch;
create function training_guard_sketch() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or new.asset_id <> old.asset_id or new.organisation_id <> old.organisation_id
       or new.key_id = old.key_id then
        raise exception 'a sketch changes only with its key' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger training_textsketch_guarded before update or delete on training_textsketch
    for each row execute function training_guard_sketch();
"""
_UNMADE = """
drop trigger training_textsketch_guarded on training_textsketch;
drop function training_guard_sketch();
create trigger training_textsketch_append_only before update or delete on training_textsketch
    for each row execute function refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0112_reports_of_systems")]
    operations = [
        migrations.AddField("textsketch", "key_id", models.CharField(db_default="", default="", max_length=16)),
        migrations.RunSQL(_MADE, _UNMADE),
    ]
