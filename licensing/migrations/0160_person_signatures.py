"""Signatures that people give with their own passkeys: each of one act, of its person and over its terms."""

import common.clock
import common.ids
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


from common.append_only import append_only

_OF_ITS_ACT = """
create function licensing_guard_signature() returns trigger language plpgsql as $$
begin
    if (new.action_id is not null and not exists (
            select from licensing_requestaction a where a.id = new.action_id
            and a.actor_id = new.person_id and a.terms_hash = new.terms_hash and a.method = 'PASSKEY'))
       or (new.consent_id is not null and not exists (
            select from licensing_trainingconsent c where c.id = new.consent_id
            and c.given_by_id = new.person_id and c.terms_hash = new.terms_hash)) then
        raise exception 'a signature is of the act of its own person, over the same terms'
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_signature_guarded after insert on licensing_personsignature
    for each row execute function licensing_guard_signature();
"""
_UNGUARD = """
drop trigger licensing_signature_guarded on licensing_personsignature;
drop function licensing_guard_signature();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('licensing', '0151_members_by_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='requestaction',
            name='method',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
        migrations.CreateModel(
            name='PersonSignature',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('terms_hash', models.CharField(max_length=71, validators=[django.core.validators.RegexValidator('^sha256:[0-9a-f]{64}$', 'sha256: and 64 lower-case hexadecimal digits')])),
                ('credential_id', models.CharField(max_length=1400)),
                ('thumbprint', models.CharField(max_length=43)),
                ('sign_count', models.PositiveBigIntegerField()),
                ('kept', models.JSONField()),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('action', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='signature', to='licensing.requestaction')),
                ('consent', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='signature', to='licensing.trainingconsent')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['thumbprint'], name='licensing_p_thumbpr_391389_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(('action__isnull', True), ('consent__isnull', True), _connector='XOR'), name='signature_is_of_one_act')],
            },
        ),
        *append_only("licensing_personsignature"),
        migrations.RunSQL(_OF_ITS_ACT, _UNGUARD),
    ]
