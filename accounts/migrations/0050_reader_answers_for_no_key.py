"""A key whose maker only reads in the organisation has nobody who answers for it: its stamp says so."""

from django.db import migrations

STAMP = """
create or replace view accounts_credential_standing as
select c.id as credential, concat_ws('|',
    coalesce(date_part('epoch', c.revoked_at)::text, 'live'), date_part('epoch', c.expires_at), c.scopes, c.jkt,
    c.organisation_id, u.is_active,
    exists (
        select from accounts_membership m
        where m.user_id = c.created_by_id and m.organisation_id = c.organisation_id and m.ended_at is null
            {readers}
    )) as stamp
from accounts_apicredential c join accounts_user u on u.id = c.created_by_id;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0031_operators_apart")]
    operations = [
        migrations.RunSQL(
            STAMP.format(readers="and m.role <> 'LEGAL'"), STAMP.format(readers="")
        )
    ]
