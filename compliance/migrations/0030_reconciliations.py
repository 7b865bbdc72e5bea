
import common.clock
import common.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0011_incidents_are_kept'),
        ('licensing', '0171_shadows_never_change'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReconciliationReport',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('summary', models.JSONField()),
                ('blob', models.CharField(max_length=255)),
                ('production', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reconciliations', to='licensing.production')),
            ],
            options={
                'indexes': [models.Index(fields=['production', '-created_at'], name='reconciliation_by_production')],
            },
        ),
    ]
