"""Holds on licences, the talent's stop that nobody else can begin or end, and the stamp of a licence.

``licensing_token_standing`` holds all that may change of a licence and that a decision depends on; its ``stamp``
changes with every such change. Everything else of a licence is locked by ``licensing_token_locked``
(0002): terms, window, parties, uses, and which licence it supersedes.
"""

import common.clock
import common.ids
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


_LOCK = """
create function licensing_lock_hold() returns trigger language plpgsql as $$
declare
    -- a generated column is not computed yet when this runs
    may_move constant text[] := array['lifted_at', 'lifted_by_id', 'lifted_for_id', 'lift_why', 'covers'];
    talents_user uuid;
begin
    if tg_op = 'DELETE' then
        raise exception 'a hold is never deleted' using errcode = 'restrict_violation';
    end if;
    if new.reason = 'EMERGENCY_STOP' then
        select user_id into talents_user from licensing_talent where id = new.talent_id;
    end if;
    if tg_op = 'INSERT' then
        if new.lifted_at is not null then
            raise exception 'a hold begins in force' using errcode = 'restrict_violation';
        end if;
        if new.reason = 'EMERGENCY_STOP' and new.placed_by_id is distinct from talents_user then
            raise exception 'only the talent stops everything' using errcode = 'restrict_violation';
        end if;
        return new;
    end if;
    if old.lifted_at is not null or new.lifted_at is null
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a hold is lifted once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    if new.reason = 'EMERGENCY_STOP' and new.lifted_by_id is distinct from talents_user then
        raise exception 'only the talent lifts the stop' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_hold_locked before insert or update or delete on licensing_hold
    for each row execute function licensing_lock_hold();
create trigger licensing_hold_no_truncate before truncate on licensing_hold
    for each statement execute function refuse_change();

create function licensing_stop_needs_talent() returns trigger language plpgsql as $$
begin
    if not exists (
        select from licensing_hold
        where covers = new.talent_id and reason = 'EMERGENCY_STOP' and lifted_at is null
    ) then
        raise exception 'no licence ends by a stop that the talent has not made'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_token_stop before update on licensing_licencetoken for each row
    when (new.revocation_kind = 'EMERGENCY_STOP' and old.revocation_kind <> 'EMERGENCY_STOP')
    execute function licensing_stop_needs_talent();
"""
_UNLOCK = """
drop trigger licensing_token_stop on licensing_licencetoken;
drop function licensing_stop_needs_talent();
drop trigger licensing_hold_no_truncate on licensing_hold;
drop trigger licensing_hold_locked on licensing_hold;
drop function licensing_lock_hold();
"""
# Times as seconds: their text must not depend on a session's time zone. Every field stands in its place; the
# holds come last, as {<id><reason>,...}. One array costs a third of an ordered aggregate.
_STANDING = """
create view licensing_token_standing as
select t.jti, t.state, t.revoked_at, t.revocation_kind,
       s.jti as successor, s.not_before as successor_not_before, s.revoked_at as successor_revoked_at,
       o.control_generation,
       concat(t.state, '|', date_part('epoch', t.revoked_at), '|', t.revocation_kind, '|',
              s.jti, '|', date_part('epoch', s.not_before), '|', date_part('epoch', s.revoked_at), '|',
              o.control_generation, '|',
              array(select id || reason from licensing_hold
                    where lifted_at is null and covers = any
                      (array[t.jti, t.talent_id, t.production_id, t.licensee_id, t.agency_id])
                    order by id)::text) as stamp
from licensing_licencetoken t
join accounts_organisation o on o.id = t.licensee_id
left join licensing_licencetoken s on s.supersedes_id = t.jti;

create function licensing_token_stamp(jti uuid) returns text language sql stable parallel safe as $$
    select stamp from licensing_token_standing standing where standing.jti = licensing_token_stamp.jti
$$;
"""
_STANDING_BACK = """
drop function licensing_token_stamp(uuid);
drop view licensing_token_standing;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('licensing', '0002_lock_what_was_agreed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('reason', models.CharField(choices=[('EMERGENCY_STOP', 'Emergency stop'), ('SUSPENDED', 'Suspended'), ('STRIKE_SUSPENSION', 'Strike suspension'), ('CONSENT_MISSING', 'Consent missing'), ('CONSENT_WITHDRAWN', 'Consent withdrawn'), ('NOTICE_PERIOD_RUNNING', 'Notice period running'), ('GUARDIAN_REQUIRED', 'Guardian required'), ('MINOR_REACHED_MAJORITY', 'Minor reached majority'), ('ESTATE_AUTHORITY_REQUIRED', 'Estate authority required'), ('REPRESENTATION_CHANGED', 'Representation changed'), ('EXCLUSIVITY_CONFLICT', 'Exclusivity conflict'), ('FINAL_REVIEW_PENDING', 'Final review pending'), ('PAYMENT_HOLD', 'Payment hold'), ('DISPUTE_HOLD', 'Dispute hold'), ('LEGAL_HOLD', 'Legal hold'), ('SECURITY_INCIDENT_HOLD', 'Security incident hold')], max_length=40)),
                ('covers', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('token'), models.F('talent'), models.F('production'), models.F('organisation'), output_field=models.UUIDField()), output_field=models.UUIDField())),
                ('side', models.CharField(choices=[('TALENT', 'Talent'), ('AGENT', 'Agent'), ('GUILD', 'Guild'), ('LICENSEE', 'Licensee'), ('ORGANISATION', 'Organisation')], max_length=40)),
                ('placed_at', models.DateTimeField()),
                ('why', models.TextField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_why', models.TextField(blank=True, default='')),
                ('credential', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.apicredential')),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lifted_for', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='accounts.organisation')),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('placed_for', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('production', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='licensing.production')),
                ('talent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='licensing.talent')),
                ('token', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='licensing.licencetoken')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('lifted_at__isnull', True)), fields=['covers'], include=('id', 'reason'), name='hold_in_force')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('organisation__isnull', True), ('production__isnull', True), ('talent__isnull', True), ('token__isnull', False)), models.Q(('organisation__isnull', True), ('production__isnull', True), ('talent__isnull', False), ('token__isnull', True)), models.Q(('organisation__isnull', True), ('production__isnull', False), ('talent__isnull', True), ('token__isnull', True)), models.Q(('organisation__isnull', False), ('production__isnull', True), ('talent__isnull', True), ('token__isnull', True)), _connector='OR'), name='hold_covers_one_thing'), models.CheckConstraint(condition=models.Q(models.Q(('reason', 'EMERGENCY_STOP'), _negated=True), models.Q(('credential__isnull', True), ('side', 'TALENT'), ('talent__isnull', False)), _connector='OR'), name='stop_is_the_talents_in_person'), models.CheckConstraint(condition=models.Q(models.Q(('lifted_at__isnull', True), ('lifted_by__isnull', True), ('lifted_for__isnull', True)), models.Q(('lifted_at__isnull', False), ('lifted_by__isnull', False), ('lifted_for__isnull', False)), _connector='OR'), name='hold_end_is_whole'), models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('covers', 'reason', 'side'), name='one_hold_in_force_per_side')],
            },
        ),
        migrations.RunSQL(_LOCK, _UNLOCK),
        migrations.RunSQL(_STANDING, _STANDING_BACK),
    ]
