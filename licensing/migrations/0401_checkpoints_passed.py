"""That the work passed a checkpoint: said once by the talent's side, and never taken back or written over."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only

_CHECKPOINTS = ["ROLE", "SCRIPT", "FINAL"]


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0400_rules_hold_every_clause"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="CheckpointPass",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("checkpoint", models.CharField(choices=[(one, one) for one in _CHECKPOINTS], max_length=6)),
                ("side", models.CharField(max_length=12)),
                (
                    "passed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkpoints_passed",
                        to="licensing.licencetoken",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("token", "checkpoint"), name="checkpoint_passed_once"),
                    models.CheckConstraint(
                        condition=models.Q(("checkpoint__in", _CHECKPOINTS)), name="checkpoint_known"
                    ),
                ],
            },
        ),
        *append_only("licensing_checkpointpass"),
    ]
