"""Refuse changes of what happened to an output and of the manifests written into it, for every role."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("provenance", "0001_outputs")]
    operations = [*append_only("provenance_assetevent"), *append_only("provenance_manifestrecord")]
