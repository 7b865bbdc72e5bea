"""What a look at the house found is kept, so that everybody of it reads the same."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0121_scripts_looked_for_in_old_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="InspectionLook",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("findings", models.JSONField()),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("asked_by", models.ForeignKey(
                    settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-created_at"], name="inspection_look_newest"),
                ],
            },
        ),
        *append_only("training_inspectionlook"),
    ]  # fmt: skip
