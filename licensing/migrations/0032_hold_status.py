"""A hold that begins or ends changes the status lists of the licences that it covers."""

from django.db import migrations

_MADE = """
create function note_hold_in_status() returns trigger language plpgsql as $$
begin
    insert into licensing_statuschange (status_list, xact)
    select status_list, pg_current_xact_id() from (
        select status_list from licensing_licencetoken where jti = new.token_id
        union select status_list from licensing_licencetoken where talent_id = new.talent_id
        union select status_list from licensing_licencetoken where production_id = new.production_id
        union select status_list from licensing_licencetoken where licensee_id = new.organisation_id
        union select status_list from licensing_licencetoken where agency_id = new.organisation_id) lists
    on conflict do nothing;
    return null;
end $$;
create trigger hold_status_noted after insert or update of lifted_at on licensing_hold
    for each row execute function note_hold_in_status();
"""
_UNMADE = """
drop trigger hold_status_noted on licensing_hold;
drop function note_hold_in_status();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0031_grant_reissues")]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
