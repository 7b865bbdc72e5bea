"""Note each new event of the trail in its own transaction, and wake who listens when that commits.

``pg_notify`` reaches listeners at the commit and says nothing but that there is something; what there is,
the rows tell. Events from before this migration were never announced and are not announced now.
"""

from django.db import migrations

_TRIGGER = """
create function notify_hear_event() returns trigger language plpgsql as $$
begin
    insert into notify_waitingevent (event_id) values (new.number);
    perform pg_notify('trustmark_events', '');
    return null;
end $$;
create trigger audit_event_is_heard after insert on audit_event
    for each row execute function notify_hear_event();
"""
_NO_TRIGGER = """
drop trigger audit_event_is_heard on audit_event;
drop function notify_hear_event();
"""


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_notices_and_webhooks"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(_TRIGGER, _NO_TRIGGER)]
