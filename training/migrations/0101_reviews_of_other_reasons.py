"""What was let in for one reason and is isolated for another waits for a person again: several reviews, one open."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("training", "0100_imports_that_end_otherwise")]
    operations = [
        migrations.AlterField(
            "review", "asset",
            models.ForeignKey("training.trainingasset", django.db.models.deletion.PROTECT, related_name="reviews"),
        ),
        migrations.AddConstraint(
            "review", models.UniqueConstraint(fields=["asset"], condition=Q(answer=""), name="review_one_open")
        ),
    ]  # fmt: skip
