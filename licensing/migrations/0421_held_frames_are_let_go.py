"""Held frames are let go by the talent's side, asked by another house; a licence waits for role and script."""

import accounts.sealed_fields
import common.clock
import common.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_GUARD = """
create function licensing_guard_release() returns trigger language plpgsql as $$
declare
    ended licensing_licencetoken%rowtype;
begin
    if tg_op = 'DELETE' or old.decided_at is not null
       or to_jsonb(new) - array['is_granted', 'decided_at', 'decided_by_id', 'decided_for_id', 'side', 'answer']
          is distinct from
          to_jsonb(old) - array['is_granted', 'decided_at', 'decided_by_id', 'decided_for_id', 'side', 'answer'] then
        raise exception 'a release is decided once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    if new.is_granted then
        select * into ended from licensing_licencetoken where jti = new.token_id;
        if ended.revocation_kind = 'EMERGENCY_STOP'
           and (new.side <> 'TALENT' or not exists (
                select from licensing_talent t where t.id = ended.talent_id and t.user_id = new.decided_by_id)) then
            raise exception 'what the talent stopped only the talent lets go' using errcode = 'restrict_violation';
        end if;
    end if;
    return null;
end $$;
create constraint trigger licensing_release_guarded after update or delete on licensing_framerelease
    for each row execute function licensing_guard_release();
"""
_UNDO = """
drop trigger licensing_release_guarded on licensing_framerelease;
drop function licensing_guard_release();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0201_destroyed_keys_stay_destroyed'),
        ('licensing', '0420_counsel_signs_off'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='hold',
            name='reason',
            field=models.CharField(choices=[('EMERGENCY_STOP', 'Emergency stop'), ('SUSPENDED', 'Suspended'), ('STRIKE_SUSPENSION', 'Strike suspension'), ('CONSENT_MISSING', 'Consent missing'), ('CONSENT_WITHDRAWN', 'Consent withdrawn'), ('NOTICE_PERIOD_RUNNING', 'Notice period running'), ('GUARDIAN_REQUIRED', 'Guardian required'), ('MINOR_REACHED_MAJORITY', 'Minor reached majority'), ('ESTATE_AUTHORITY_REQUIRED', 'Estate authority required'), ('REPRESENTATION_CHANGED', 'Representation changed'), ('EXCLUSIVITY_CONFLICT', 'Exclusivity conflict'), ('CONTENT_APPROVAL_REQUIRED', 'Content approval required'), ('FINAL_REVIEW_PENDING', 'Final review pending'), ('PAYMENT_HOLD', 'Payment hold'), ('DISPUTE_HOLD', 'Dispute hold'), ('LEGAL_HOLD', 'Legal hold'), ('SECURITY_INCIDENT_HOLD', 'Security incident hold')], max_length=40),
        ),
        migrations.CreateModel(
            name='FrameRelease',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('why', accounts.sealed_fields.SealedTextField(subject='told_about')),
                ('is_granted', models.BooleanField(blank=True, null=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('side', models.CharField(blank=True, choices=[('LICENSEE', 'Licensee'), ('AGENT', 'Agent'), ('TALENT', 'Talent'), ('SIGNER', 'Signer'), ('GUARDIAN', 'Guardian'), ('SERVER', 'Server')], default='', max_length=12)),
                ('answer', accounts.sealed_fields.SealedTextField(blank=True, default='', subject='told_about')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_for', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_for', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='frame_releases', to='licensing.licencetoken')),
            ],
            options={
                'indexes': [models.Index(fields=['token', 'created_at'], name='release_by_licence')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('token',), name='one_open_release_per_licence'), models.UniqueConstraint(condition=models.Q(('is_granted', True)), fields=('token',), name='frames_let_go_once_per_licence'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('decided_for', None), ('is_granted', None), ('side', '')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decided_for__isnull', False), ('is_granted__isnull', False), ('side__in', ['TALENT', 'GUARDIAN', 'AGENT'])), _connector='OR'), name='release_decision_is_whole'), models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(models.Q(('decided_by', models.F('asked_by')), _negated=True), models.Q(('decided_for', models.F('asked_for')), _negated=True)), _connector='OR'), name='release_has_four_eyes')],
            },
        ),
        migrations.RunSQL(_GUARD, _UNDO),
    ]
