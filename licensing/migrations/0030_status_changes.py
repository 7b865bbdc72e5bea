"""Note which status list changed in which transaction, so that a list is built once for each state of its tokens.

A row by (list, transaction): nobody waits for anybody, and what is visible says exactly what a built list saw.
A change of a token touches the list of the one it supersedes too, whose state depends on it.
"""

from django.db import migrations

_MADE = """
create table licensing_statuschange (
    status_list integer not null,
    xact xid8 not null,
    primary key (status_list, xact)
);
create function note_status_change() returns trigger language plpgsql as $$
begin
    insert into licensing_statuschange (status_list, xact)
    select distinct status_list, pg_current_xact_id()
      from licensing_licencetoken where jti in (new.jti, new.supersedes_id)
    on conflict do nothing;
    return null;
end $$;
create trigger token_status_noted
    after insert or update of state, revoked_at, not_before, not_after, supersedes_id
    on licensing_licencetoken for each row execute function note_status_change();
"""
_UNMADE = """
drop trigger token_status_noted on licensing_licencetoken;
drop function note_status_change();
drop table licensing_statuschange;
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0010_holds")]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
