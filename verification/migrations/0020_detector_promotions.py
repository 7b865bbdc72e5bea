"""Detectors that operators let out of shadow, and what they said of it."""

import common.clock
import common.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('verification', '0002_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DetectorPromotion',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('ensemble', models.CharField(max_length=64)),
                ('calibration_set', models.CharField(max_length=600)),
                ('holdout', models.CharField(max_length=200)),
                ('policy', models.CharField(max_length=64)),
                ('evaluation', models.JSONField()),
                ('figures', models.JSONField()),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PromotionWord',
            fields=[
                ('id', models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=common.clock.now, editable=False)),
                ('verdict', models.CharField(choices=[('CONFIRMED', 'confirmed'), ('WITHDRAWN', 'withdrawn')], max_length=9)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('promotion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='words', to='verification.detectorpromotion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('promotion', 'verdict'), name='one_word_of_each_kind_on_a_promotion')],
            },
        ),
    ]
