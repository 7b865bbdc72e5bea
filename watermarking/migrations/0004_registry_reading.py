"""Read the registered ids of a key, their number and the newest from one index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watermarking", "0002_append_only")]
    operations = [
        migrations.AddIndex(
            model_name="markregistration",
            index=models.Index(fields=["key_id", "created_at"], include=("mark_id",), name="mark_ids_by_key"),
        ),
    ]
