"""Registrations and reports are evidence: no role updates, deletes or truncates them."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("watermarking", "0001_registry")]
    operations = [
        *append_only("watermarking_markregistration"),
        *append_only("watermarking_markreport"),
    ]
