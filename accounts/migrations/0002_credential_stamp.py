"""A text that changes whenever anything changes on which the standing of an API key depends."""

from django.db import migrations

STAMP = """
create function accounts_credential_stamp(credential uuid) returns text language sql stable as $$
    select concat_ws('|',
        coalesce(c.revoked_at::text, 'live'), c.expires_at, c.scopes, c.jkt, c.organisation_id, u.is_active,
        exists (
            select from accounts_membership m
            where m.user_id = c.created_by_id and m.organisation_id = c.organisation_id and m.ended_at is null
        ))
    from accounts_apicredential c join accounts_user u on u.id = c.created_by_id
    where c.id = credential
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(STAMP, "drop function accounts_credential_stamp(uuid)")]
