"""A script that is registered is looked for in texts that were admitted before; so are those registered before this."""

import django.db.models.deletion
from django.db import migrations, models

import common.clock
import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("screenplays", "0003_copies_shots_and_proofs"),
        ("training", "0120_rights_that_narrow"),
    ]
    operations = [
        migrations.CreateModel(
            name="ScriptSearch",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("after", models.UUIDField(null=True)),
                ("looks", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(default=common.clock.now)),
                ("moved_at", models.DateTimeField(default=common.clock.now)),
                ("texts_read", models.PositiveBigIntegerField(default=0)),
                ("texts_held", models.PositiveBigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                ("version", models.OneToOneField(
                    "screenplays.version", django.db.models.deletion.PROTECT, related_name="+")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("texts_held__lte", models.F("texts_read"))),
                        name="script_search_holds_what_it_read",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)), fields=["due_at"], name="script_search_unfinished"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            "trainingasset",
            models.Index(
                condition=models.Q(("kind", "TEXT"), ("state", "ADMITTED")), fields=["id"],
                name="training_asset_text_in",
            ),
        ),
    ]  # fmt: skip
