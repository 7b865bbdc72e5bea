"""Who runs the server is a member of no party: refused by the database, whoever writes the row."""

from django.db import migrations, models

_FUNCTION = """
create or replace function accounts_operators_apart() returns trigger language plpgsql as $$
begin
    if new.ended_at is not null then
        return new;
    end if;
    -- two memberships of one person are written one after another
    perform 1 from accounts_user where id = new.user_id for update;
    if exists (
        select 1 from accounts_membership m
          join accounts_organisation o on o.id = m.organisation_id
          join accounts_organisation mine on mine.id = new.organisation_id
         where m.user_id = new.user_id and m.ended_at is null and m.id <> new.id
           and (o.kind = 'OPERATOR') <> (mine.kind = 'OPERATOR')
    ) then
        raise exception 'who runs the server is a member of no party' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger accounts_operators_apart before insert or update on accounts_membership
    for each row execute function accounts_operators_apart();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0030_user_language")]

    operations = [
        migrations.AddIndex(
            "organisation", models.Index(fields=["kind", "created_at"], name="organisation_by_kind")
        ),
        migrations.RunSQL(
            _FUNCTION,
            "drop trigger accounts_operators_apart on accounts_membership;"
            "drop function accounts_operators_apart();",
        )
    ]
