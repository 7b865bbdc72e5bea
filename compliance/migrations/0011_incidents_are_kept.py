"""What was written down about an incident stays: entries and evidence are only added, of the rest the state moves."""

from django.db import migrations

from common.append_only import append_only

_GUARD = """
create function compliance_guard_incident() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       or to_jsonb(new) - array['state', 'changed_at'] is distinct from to_jsonb(old) - array['state', 'changed_at'] then
        raise exception 'an incident changes in nothing but its state' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger compliance_incident_guarded after update or delete on compliance_incident
    for each row execute function compliance_guard_incident();
create function compliance_guard_reading() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.entry_id is not null
       or to_jsonb(new) - array['entry_id'] is distinct from to_jsonb(old) - array['entry_id'] then
        raise exception 'a reading gets its entry once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger compliance_reading_guarded after update or delete on compliance_evidencereading
    for each row execute function compliance_guard_reading();
"""
_UNDO = """
drop trigger compliance_reading_guarded on compliance_evidencereading;
drop function compliance_guard_reading();
drop trigger compliance_incident_guarded on compliance_incident;
drop function compliance_guard_incident();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0010_incidents")]
    operations = [
        *append_only("compliance_incidententry"),
        *append_only("compliance_evidence"),
        migrations.RunSQL(_GUARD, _UNDO),
    ]
