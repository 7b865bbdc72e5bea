"""A licence that a talent's rule approves lies wholly inside the rule: judged by the database, clause by clause.

The first check (0101) knew uses, frames, lines and three switches; this one stands beside it and knows the rest.
What it cannot find in the rule's limits counts as beyond.
"""

from django.db import migrations

_WITHIN = """
create function licensing_places_within(asked jsonb, granted jsonb) returns boolean language sql immutable as $$
    select coalesce(jsonb_array_length(granted), 0) > 0 and not exists (
        select from jsonb_array_elements_text(asked) as place
        where not exists (select from jsonb_array_elements_text(granted) as given
                          where given = place or given = left(place, 2)))
$$;

create function licensing_terms_within_rule(terms jsonb, limits jsonb) returns boolean
language sql immutable as $$
    select coalesce(
        terms -> 'exploitation' -> 'channels' <@ (limits -> 'channels')
        and terms -> 'constructs' <@ (limits -> 'constructs')
        and terms -> 'replica_class' <@ (limits -> 'replica_classes')
        and terms -> 'vendors' <@ coalesce(limits -> 'vendors', '[]')
        and terms -> 'exploitation' -> 'edit_rights' = '["FULL_WORK"]'
        and (limits ->> 'shown_until' = 'LIFE_OF_WORK'
             or (terms -> 'exploitation' ->> 'until')::timestamptz <= (limits ->> 'shown_until')::timestamptz)
        and licensing_places_within(terms -> 'render_territory', limits -> 'render_territory')
        and licensing_places_within(
            terms -> 'exploitation' -> 'distribution_territory', limits -> 'distribution_territory')
        and (terms -> 'compensation' ->> 'amount_minor')::bigint >= (limits ->> 'fee_least_minor')::bigint
        and terms -> 'compensation' ->> 'currency' = limits ->> 'currency'
        and (terms -> 'compensation' ->> 'basis' = 'FLAT'
             or (terms -> 'compensation' ->> 'basis' = 'NO_FEE_CONSENTED'
                 and (limits ->> 'fee_least_minor')::bigint = 0))
        and (terms -> 'window' ->> 'days')::bigint <= (limits ->> 'days_max')::bigint
        and (terms -> 'scope' ->> 'seconds_max')::bigint = 0
        and (terms -> 'scope' ->> 'runs_max')::bigint = 0
        and (terms -> 'approvals' ->> 'final_review_hours')::bigint >= 72
        and terms -> 'exclusivity' ->> 'kind' = 'NONE'
        and terms ->> 'assignability' = 'NONE'
        and terms ->> 'change_of_control' = 'TERMINATE'
        and terms -> 'training' ->> 'allowed' = 'false'
        and terms ->> 'replica_class' <> 'DECEASED_DIGITAL_REPLICA'
        and not exists (select from jsonb_each_text(terms -> 'content') as switch
                        where switch.value is distinct from 'PROHIBITED'),
        false)
$$;

create function licensing_token_within_rule() returns trigger language plpgsql as $$
declare
    asked licensing_licencerequest%rowtype;
    agreed licensing_termsversion%rowtype;
    rule licensing_autorule%rowtype;
begin
    select * into asked from licensing_licencerequest where id = new.request_id;
    if asked.mode is distinct from 'AUTO_WITHIN_RULES' then
        return null;
    end if;
    select * into agreed from licensing_termsversion where id = new.terms_id;
    select * into rule from licensing_autorule where id = asked.auto_rule_id;
    if rule.id is null or new.not_before >= rule.valid_until or new.not_after > rule.valid_until
       or not licensing_terms_within_rule(agreed.terms, rule.limits) then
        raise exception 'no rule of the talent approves these terms' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_token_within_its_rule after insert on licensing_licencetoken
    for each row execute function licensing_token_within_rule();
"""
_UNDO = """
drop trigger licensing_token_within_its_rule on licensing_licencetoken;
drop function licensing_token_within_rule();
drop function licensing_terms_within_rule(jsonb, jsonb);
drop function licensing_places_within(jsonb, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0202_the_erased_are_hidden")]
    operations = [migrations.RunSQL(_WITHIN, _UNDO)]
