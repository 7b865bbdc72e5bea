"""The log tells of the provenance graph's events, by batch."""

from django.db import migrations, models

_KINDS = [
    (1, "authorised"), (2, "checked"), (3, "frame"), (4, "marked"), (5, "verified"), (6, "revoked"),
    (7, "exported"), (8, "key"), (9, "suspended"), (10, "resumed"), (11, "recorded"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("receipts", "0061_leases_by_time")]
    operations = [
        migrations.AlterField(model, "kind", models.SmallIntegerField(choices=_KINDS))
        for model in ("logentry", "pendingentry")
    ]
