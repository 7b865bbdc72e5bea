"""The database's check of a licence that a rule approves, closed over every clause of the terms.

The check of 0400 named the clauses it looked at; this one also refuses what it has no name for, so that a clause that
is younger than the check is beyond every rule until the check is told of it. What only narrows the licence, pays the
talent more or describes the work may be said; all else stands at its default.
"""

from django.db import migrations

_CLOSED = """
create function licensing_terms_at_default(terms jsonb) returns boolean language sql immutable as $$
    select coalesce(
        terms - array[
            'schema', 'terms_version', 'supersedes', 'project', 'licensor', 'represented_by', 'licensee', 'vendors',
            'assignability', 'change_of_control', 'talent', 'constructs', 'anchors', 'replica_class', 'use_types',
            'consent_id', 'description', 'script', 'scope', 'window', 'exploitation', 'render_territory', 'tools',
            'exclusivity', 'content', 'ratings', 'declared', 'approvals', 'compensation', 'reporting', 'marking',
            'credit', 'security', 'retention', 'training', 'renewal', 'profiles', 'governing_law', 'dispute'
        ] = '{}'
        and (terms -> 'scope') - array[
            'sequences', 'shots', 'characters', 'frames_max', 'lines_max', 'resolution_max', 'words_max',
            'max_screen_seconds'
        ] = '{"runs_max": 0, "seconds_max": 0}'
        and (terms -> 'window') - array['not_before', 'not_after', 'days', 'production_end_event'] = '{}'
        and (terms -> 'exploitation') - array['until', 'channels', 'distribution_territory']
            = '{"edit_rights": ["FULL_WORK"]}'
        and (terms -> 'approvals') - array['mode', 'quorum', 'final_review_hours', 'checkpoints'] = '{}'
        and (terms -> 'compensation') - array[
            'basis', 'currency', 'amount_minor', 'minimum_guarantee_minor', 'kill_fee_minor', 'scale_reference',
            'equivalent_days_estimated', 'equivalent_days_method', 'equivalent_days_author',
            'equivalent_days_dated', 'pension_health_bps', 'residuals', 'use_fee_minor', 'holding_fee_minor',
            'audit_rights'
        ] = '{"overage_rate_minor": 0, "agent_commission_bps": 0, "payee": null, "due": null, "late_terms": null}'
        and terms -> 'exclusivity' = '{"kind": "NONE", "categories": [], "territory": [], "until": null,
            "most_favoured_nation": false}'
        and terms -> 'reporting' = '{"cadence": "WEEKLY", "to": ["AGENT", "GUILD"]}'
        and terms -> 'marking' = '{"watermark": ["AUDIO", "PIXEL"], "c2pa": true, "visible_label": "NONE",
            "iptc": null}'
        and terms -> 'retention' = '{"on_end": "DESTROY", "scan": "DESTROY", "replica_model": "DESTROY",
            "outputs": "KEEP"}'
        and terms -> 'renewal' = '{"notify_days_before": [30, 14, 7, 1], "terms": "RENEGOTIATE"}'
        and terms -> 'training' = '{"allowed": false, "separate_token_required": true}'
        and terms -> 'credit' = 'null'
        and terms -> 'dispute' = 'null'
        and terms ->> 'governing_law' = 'US-CA'
        and not coalesce(terms -> 'declared', '{}') ? 'exemption',
        false)
$$;

create function licensing_token_says_the_usual() returns trigger language plpgsql as $$
declare
    asked licensing_licencerequest%rowtype;
    agreed licensing_termsversion%rowtype;
begin
    select * into asked from licensing_licencerequest where id = new.request_id;
    if asked.mode is distinct from 'AUTO_WITHIN_RULES' then
        return null;
    end if;
    select * into agreed from licensing_termsversion where id = new.terms_id;
    if not licensing_terms_at_default(agreed.terms) then
        raise exception 'no rule of the talent approves a clause that it has no limit for'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_token_says_the_usual after insert on licensing_licencetoken
    for each row execute function licensing_token_says_the_usual();
"""
_UNDO = """
drop trigger licensing_token_says_the_usual on licensing_licencetoken;
drop function licensing_token_says_the_usual();
drop function licensing_terms_at_default(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0401_checkpoints_passed")]
    operations = [migrations.RunSQL(_CLOSED, _UNDO)]
