"""Provisional."""

from django.db import migrations

STAMP = """
create function licensing_token_stamp(token uuid) returns text language sql stable as $$
    select concat_ws('|', t.state, coalesce(t.revoked_at::text, '-'), t.revocation_kind,
        coalesce(s.jti::text, '-'), coalesce(s.not_before::text, '-'), coalesce(s.revoked_at::text, '-'), o.control_generation)
    from licensing_licencetoken t
    join accounts_organisation o on o.id = t.licensee_id
    left join licensing_licencetoken s on s.supersedes_id = t.jti
    where t.jti = token
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0002_lock_what_was_agreed"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(STAMP, "drop function licensing_token_stamp(uuid)")]
