"""A checkpoint is passed by as many yeses as the mode of approval demands: each a row of its own, never taken back.

Who passed a checkpoint before counts as having said yes to it. From now on the database judges both: in whose name a yes
is said, and whether those said suffice for the pass.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only

_CHECKPOINTS = ["ROLE", "SCRIPT", "FINAL"]
_SIDES = ["AGENT", "TALENT", "SIGNER", "GUARDIAN"]

_SAID = """
insert into licensing_checkpointyes (id, created_at, token_id, checkpoint, side, said_by_id)
select id, created_at, token_id, checkpoint, side, passed_by_id from licensing_checkpointpass;
set constraints all immediate;
set constraints all deferred;
"""
_JUDGED = """
create function licensing_yes_of_its_side() returns trigger language plpgsql as $$
declare
    asked record;
begin
    select r.mode, r.mandate_id, t.talent_id, p.user_id into asked
    from licensing_licencetoken t
    join licensing_licencerequest r on r.id = t.request_id
    join licensing_talent p on p.id = t.talent_id
    where t.jti = new.token_id;
    if not (case new.side
        when 'TALENT' then new.said_by_id is not distinct from asked.user_id
        when 'GUARDIAN' then exists (
            select 1 from licensing_authority a where a.talent_id = asked.talent_id and a.user_id = new.said_by_id)
        when 'SIGNER' then asked.mode = 'QUORUM' and exists (
            select 1 from licensing_mandatesigner s
            where s.mandate_id = asked.mandate_id and s.user_id = new.said_by_id)
        else asked.mode in ('AGENT_WITHIN_MANDATE', 'AUTO_WITHIN_RULES', 'DUAL')
    end) then
        raise exception 'this person says no yes as % under %', new.side, asked.mode
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_yes_of_its_side before insert on licensing_checkpointyes
    for each row execute function licensing_yes_of_its_side();

create function licensing_pass_has_its_yeses() returns trigger language plpgsql as $$
declare
    asked record;
    said record;
    stands boolean;
begin
    select r.mode, r.quorum, r.mandate_id, t.talent_id into asked
    from licensing_licencetoken t join licensing_licencerequest r on r.id = t.request_id
    where t.jti = new.token_id;
    select count(*) filter (where side in ('TALENT', 'GUARDIAN')) as own,
        count(*) filter (where side = 'AGENT') as agents,
        count(distinct said_by_id) filter (where side = 'SIGNER') as signers,
        count(distinct said_by_id) as persons,
        count(*) filter (where side = new.side and said_by_id = new.passed_by_id) as theirs
    into said
    from licensing_checkpointyes where token_id = new.token_id and checkpoint = new.checkpoint;
    -- who else was to agree is nobody any more once no mandate stands
    stands := exists (
        select 1 from licensing_mandate m
        where m.talent_id = asked.talent_id and (asked.mode = 'DUAL' or m.id = asked.mandate_id)
            and m.revoked_at is null and m.valid_from <= new.created_at
            and (m.valid_until is null or m.valid_until > new.created_at));
    if said.theirs = 0 or not (case asked.mode
        when 'DUAL' then said.own > 0 and (not stands or (said.agents > 0 and said.persons > 1))
        when 'QUORUM' then
            (stands and said.signers >= asked.quorum) or (not stands and said.own > 0)
        when 'AGENT_WITHIN_MANDATE' then true
        when 'AUTO_WITHIN_RULES' then true
        else said.own > 0
    end) then
        raise exception 'under % this checkpoint is not passed yet', asked.mode
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_pass_has_its_yeses before insert on licensing_checkpointpass
    for each row execute function licensing_pass_has_its_yeses();
"""
_UNJUDGED = """
drop trigger licensing_pass_has_its_yeses on licensing_checkpointpass;
drop function licensing_pass_has_its_yeses();
drop trigger licensing_yes_of_its_side on licensing_checkpointyes;
drop function licensing_yes_of_its_side();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0430_production_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="CheckpointYes",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("checkpoint", models.CharField(choices=[(one, one) for one in _CHECKPOINTS], max_length=6)),
                ("side", models.CharField(max_length=12)),
                (
                    "said_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkpoint_yeses",
                        to="licensing.licencetoken",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("token", "checkpoint", "side", "said_by"), name="one_yes_per_side_and_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("checkpoint__in", _CHECKPOINTS)), name="yes_checkpoint_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("side__in", _SIDES)), name="yes_side_known"
                    ),
                ],
            },
        ),
        migrations.RunSQL(_SAID, migrations.RunSQL.noop),
        *append_only("licensing_checkpointyes"),
        migrations.RunSQL(_JUDGED, _UNJUDGED),
    ]
