"""Refuse changes of the event trail, for every role."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [*append_only("audit_event")]
