"""Rows of releases and blocks are kept as they were written; no rule approves words on who sees the books.

A release begins undecided, so that its decision is always judged (0421 judges changes). ``compensation.audit_rights`` is
free text, and may say less than the law: it leaves what a rule may let through (0410).
"""

from django.db import migrations

_KEPT = """
create function licensing_release_begins_open() returns trigger language plpgsql as $$
begin
    if new.decided_at is not null then
        raise exception 'a release begins undecided' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_release_begins_open before insert on licensing_framerelease
    for each row execute function licensing_release_begins_open();
create trigger licensing_framerelease_no_truncate before truncate on licensing_framerelease
    for each statement execute function refuse_change();
create trigger licensing_studioblock_no_truncate before truncate on licensing_studioblock
    for each statement execute function refuse_change();
"""
_UNKEPT = """
drop trigger licensing_studioblock_no_truncate on licensing_studioblock;
drop trigger licensing_framerelease_no_truncate on licensing_framerelease;
drop trigger licensing_release_begins_open on licensing_framerelease;
drop function licensing_release_begins_open();
"""
_CLOSED = """
create or replace function licensing_terms_at_default(terms jsonb) returns boolean language sql immutable as $$
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
            'equivalent_days_dated', 'pension_health_bps', 'residuals', 'use_fee_minor', 'holding_fee_minor'
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
"""
_AS_BEFORE = _CLOSED.replace("'holding_fee_minor'\n", "'holding_fee_minor',\n            'audit_rights'\n")


class Migration(migrations.Migration):
    dependencies = [("licensing", "0422_studios_blocked")]
    operations = [migrations.RunSQL(_KEPT, _UNKEPT), migrations.RunSQL(_CLOSED, _AS_BEFORE)]
