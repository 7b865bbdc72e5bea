"""An index of approvals alone: whether a side has said yes to the terms that stand is asked on every page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("licensing", "0171_shadows_never_change")]
    operations = [
        migrations.AddIndex(
            model_name="requestaction",
            index=models.Index(
                condition=models.Q(("kind", "APPROVE")),
                fields=["request", "side", "terms_hash"],
                name="action_yes_by_side",
            ),
        ),
    ]
