"""What other systems say they hold of the house's manifests."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only
from training.models.fields import SHA256


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0111_scripts_in_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="SystemReport",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("system", models.SlugField(max_length=80)),
                ("told_sha256", models.CharField(max_length=64, validators=[SHA256])),
                ("held_sha256", models.CharField(max_length=64, validators=[SHA256])),
                ("differs", models.PositiveIntegerField()),
                ("differences", models.JSONField(default=list)),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("reported_by", models.ForeignKey(
                    settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "system", "-created_at"], name="system_report_newest"),
                ],
            },
        ),
        *append_only("training_systemreport"),
    ]  # fmt: skip
