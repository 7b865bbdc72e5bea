"""Read the registered ids of a key from one index; let strangers ask about files, each file once."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watermarking", "0003_mark_jobs"), ("accounts", "0001_initial")]
    operations = [
        migrations.AddIndex(
            model_name="markregistration",
            index=models.Index(fields=["key_id", "created_at"], include=("mark_id",), name="mark_ids_by_key"),
        ),
        migrations.AddField(
            model_name="markdetection",
            name="sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="markdetection",
            name="organisation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="markdetection",
            index=models.Index(
                condition=models.Q(("organisation", None)),
                fields=["sha256", "-created_at"],
                name="detections_of_strangers",
            ),
        ),
    ]
