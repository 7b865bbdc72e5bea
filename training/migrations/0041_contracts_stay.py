"""A contract says what it said; it is put into force once, retired once, and its hold over a class ends once."""

from django.db import migrations

_MADE = """
create function training_guard_contract() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'activated_by_id', 'activated_at', 'retired_by_id', 'retired_at',
                                      'retire_reason'];
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move)
       or old.state = 'RETIRED' or new.state = 'DRAFT'
       or (old.activated_at is not null and (new.activated_at, new.activated_by_id)
                                            is distinct from (old.activated_at, old.activated_by_id)) then
        raise exception 'a contract says what it said, and never goes back' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_contract_guarded after update or delete on training_datacontract
    for each row execute function training_guard_contract();

create function training_guard_binding() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (to_jsonb(new) - 'until') is distinct from (to_jsonb(old) - 'until')
       or old.until is not null then
        raise exception 'which contract a class stood under stays as it was' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_binding_guarded after update or delete on training_contractbinding
    for each row execute function training_guard_binding();
"""
_UNMADE = """
drop trigger training_binding_guarded on training_contractbinding;
drop function training_guard_binding();
drop trigger training_contract_guarded on training_datacontract;
drop function training_guard_contract();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0040_contracts")]
    operations = [migrations.RunSQL(_MADE, _UNMADE)]
