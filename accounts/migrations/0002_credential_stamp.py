"""A text that changes whenever anything changes on which the standing of an API key depends."""

from django.db import migrations

STAMP = """
create view accounts_credential_standing as
select c.id as credential, concat_ws('|',
    coalesce(date_part('epoch', c.revoked_at)::text, 'live'), date_part('epoch', c.expires_at), c.scopes, c.jkt,
    c.organisation_id, u.is_active,
    exists (
        select from accounts_membership m
        where m.user_id = c.created_by_id and m.organisation_id = c.organisation_id and m.ended_at is null
    )) as stamp
from accounts_apicredential c join accounts_user u on u.id = c.created_by_id;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(STAMP, "drop view accounts_credential_standing")]
