"""What counsel defines for a house, version by version; a version never changes."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import common.clock
import common.ids
from common.append_only import append_only
from training.vocabulary import CollectionMethod, LicenceClass, SourceType

_list = django.contrib.postgres.fields.ArrayField


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0103_scans_as_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="HouseRules",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("version", models.PositiveIntegerField()),
                ("licence_classes", _list(models.CharField(choices=LicenceClass.choices, max_length=24))),
                ("prohibited_source_types", _list(
                    models.CharField(choices=SourceType.choices, max_length=20), default=list)),
                ("prohibited_methods", _list(
                    models.CharField(choices=CollectionMethod.choices, max_length=12), default=list)),
                ("territories", _list(models.CharField(max_length=6))),
                ("retention_days", models.PositiveIntegerField(null=True)),
                ("takedowns", models.JSONField()),
                ("text", models.TextField()),
                ("note", models.CharField(max_length=500)),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+")),
                ("set_by", models.ForeignKey(
                    settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="+")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["organisation", "version"], name="house_rules_version_once"),
                    models.CheckConstraint(
                        condition=Q(licence_classes__len__gt=0, territories__len__gt=0),
                        name="house_rules_permit_something"),
                ],
            },
        ),
        *append_only("training_houserules"),
    ]  # fmt: skip
