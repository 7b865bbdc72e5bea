"""A talent's side takes no requests from a studio; a request is handed up to the talent."""

import accounts.sealed_fields
import common.clock
import common.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_GUARD = """
create function licensing_guard_block() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.ended_at is not null
       or to_jsonb(new) - array['ended_at', 'ended_by_id'] is distinct from
          to_jsonb(old) - array['ended_at', 'ended_by_id'] then
        raise exception 'a block is ended once and changes in nothing else' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_block_guarded after update or delete on licensing_studioblock
    for each row execute function licensing_guard_block();
"""
_UNDO = """
drop trigger licensing_block_guarded on licensing_studioblock;
drop function licensing_guard_block();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0201_destroyed_keys_stay_destroyed'),
        ('licensing', '0421_held_frames_are_let_go'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='requestaction',
            name='kind',
            field=models.CharField(choices=[('SUBMIT', 'Submit'), ('NOTICE_OVER', 'Notice Over'), ('OPEN', 'Open'), ('COUNTER', 'Counter'), ('ACCEPT_COUNTER', 'Accept Counter'), ('REVISE', 'Revise'), ('QUESTION', 'Question'), ('ANSWER', 'Answer'), ('ESCALATE', 'Escalate'), ('APPROVE', 'Approve'), ('DECLINE', 'Decline'), ('WITHDRAW', 'Withdraw'), ('LAPSE', 'Lapse'), ('ISSUE', 'Issue')], max_length=20),
        ),
        migrations.CreateModel(
            name='StudioBlock',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('side', models.CharField(choices=[('LICENSEE', 'Licensee'), ('AGENT', 'Agent'), ('TALENT', 'Talent'), ('SIGNER', 'Signer'), ('GUARDIAN', 'Guardian'), ('SERVER', 'Server')], max_length=12)),
                ('why', accounts.sealed_fields.SealedTextField(subject='told_about')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('studio', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('talent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='studio_blocks', to='licensing.talent')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('talent', 'studio'), name='one_block_per_studio'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='block_end_is_whole')],
            },
        ),
        migrations.RunSQL(_GUARD, _UNDO),
    ]
