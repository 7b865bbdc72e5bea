"""What was agreed cannot be changed: append-only tables, and a token whose terms are locked at issue."""

from django.db import migrations

from common.append_only import append_only

# Columns of a token that may move after issue; every other one is locked.
_MAY_MOVE = (
    "state",
    "notice_at",
    "revoked_at",
    "revocation_kind",
    "frame_disposition",
    "revocation_reason",
)
_LOCK = f"""
create or replace function licensing_lock_token() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'an issued licence is never deleted' using errcode = 'restrict_violation';
    end if;
    if to_jsonb(new) - array[{", ".join(f"'{name}'" for name in _MAY_MOVE)}]
       is distinct from to_jsonb(old) - array[{", ".join(f"'{name}'" for name in _MAY_MOVE)}] then
        raise exception 'the terms of an issued licence are locked' using errcode = 'restrict_violation';
    end if;
    if old.state = 'REVOKED' and new.state <> 'REVOKED' then
        raise exception 'a revoked licence stays revoked' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_token_locked before update or delete on licensing_licencetoken
for each row execute function licensing_lock_token();
"""
_UNLOCK = """
drop trigger licensing_token_locked on licensing_licencetoken;
drop function licensing_lock_token();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0001_vault_requests_tokens")]
    operations = [
        *append_only("licensing_termsversion"),
        *append_only("licensing_requestaction"),
        *append_only("licensing_grantstatement"),
        migrations.RunSQL(_LOCK, _UNLOCK),
    ]
