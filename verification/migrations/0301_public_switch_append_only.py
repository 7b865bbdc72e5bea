"""Refuse changes of what operators said of the public page, for every role."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("verification", "0300_public_checks")]
    operations = [*append_only("verification_publicswitch")]
