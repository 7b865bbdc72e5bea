"""Refuse changes of reports, replays and people's words, for every role."""

from django.db import migrations

from common.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("verification", "0001_verifications")]
    operations = [
        *append_only("verification_verificationrecord"),
        *append_only("verification_replay"),
        *append_only("verification_review"),
    ]
