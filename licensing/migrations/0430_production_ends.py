"""A production comes to the end that terms may name; a licence that ended by it stays ended."""

from django.db import migrations, models

_MADE = """
create function licensing_token_stays_expired() returns trigger language plpgsql as $$
begin
    raise exception 'a licence that ended with its production stays ended' using errcode = 'restrict_violation';
end $$;
create trigger licensing_token_expired before update on licensing_licencetoken for each row
    when (old.state = 'EXPIRED' and new.state <> old.state)
    execute function licensing_token_stays_expired();
"""
_UNMADE = """
drop trigger licensing_token_expired on licensing_licencetoken;
drop function licensing_token_stays_expired();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0423_what_only_the_talent_says")]
    operations = [
        migrations.AlterField(
            model_name="declaredevent",
            name="kind",
            field=models.CharField(
                max_length=20,
                choices=[
                    ("STRIKE", "Strike"),
                    ("DISPUTE", "Dispute"),
                    ("MAJORITY", "A minor comes of age"),
                    ("DEATH", "Death"),
                    ("REPRESENTATION", "Change of representation"),
                    ("CHANGE_OF_CONTROL", "Change of control"),
                    ("PRODUCTION_END", "End of production"),
                ],
            ),
        ),
        migrations.RunSQL(_MADE, _UNMADE),
    ]
