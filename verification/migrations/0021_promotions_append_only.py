"""Refuse changes of promotions and of what was said of them, for every role."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("verification", "0020_detector_promotions")]
    operations = [
        *append_only("verification_detectorpromotion"),
        *append_only("verification_promotionword"),
    ]
