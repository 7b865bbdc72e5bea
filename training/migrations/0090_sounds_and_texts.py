import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0201_destroyed_keys_stay_destroyed"),
        ("training", "0080_reach_is_lean"),
    ]

    operations = [
        migrations.AddField(
            "fingerprint",
            "of",
            models.CharField(
                choices=[("PICTURE", "Picture"), ("SOUND", "Sound")], db_default="PICTURE", max_length=8
            ),
        ),
        migrations.CreateModel(
            name="TextSketch",
            fields=[
                ("asset", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True,
                                               related_name="sketch", serialize=False, to="training.trainingasset")),
                ("scale", models.PositiveIntegerField()),
                ("hashes", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("organisation", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT,
                                                   related_name="+", to="accounts.organisation")),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["hashes"], name="training_text_by_hash")],
            },
        ),
        *append_only("training_textsketch"),
    ]  # fmt: skip
