"""Count how often the reading of a file was begun."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watermarking", "0006_registrar_of_earlier_marks")]
    operations = [
        migrations.AddField("markdetection", "attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("markdetection", "is_batched", models.BooleanField(default=False)),
    ]
