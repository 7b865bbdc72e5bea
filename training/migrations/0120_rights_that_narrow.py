"""Later rights are held against what stood under the earlier ones, once; what they do not permit any more is a case."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0113_sketches_name_their_key"),
    ]
    operations = [
        migrations.CreateModel(
            name="RightsComparison",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("codes", django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=60), default=list, size=None)),
                ("organisation", models.ForeignKey(
                    "accounts.organisation", django.db.models.deletion.PROTECT, related_name="+", db_index=False)),
                ("rights", models.OneToOneField(
                    "training.rightsrecord", django.db.models.deletion.PROTECT, related_name="comparison")),
                ("takedown", models.OneToOneField(
                    "training.takedown", django.db.models.deletion.PROTECT, null=True, related_name="comparison")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("codes__len", 0), ("takedown", None))
                        | models.Q(("codes__len__gt", 0), ("takedown__isnull", False)),
                        name="rights_that_narrow_open_a_case",
                    ),
                ],
            },
        ),
        *append_only("training_rightscomparison"),
    ]  # fmt: skip
