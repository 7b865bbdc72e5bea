"""A guild's default is loosened for a member by the member's own word alone."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function licensing_guard_member() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or new.guild_id <> old.guild_id or new.talent_id <> old.talent_id
       or new.accepted_version < old.accepted_version then
        raise exception 'a member is not moved' using errcode = 'restrict_violation';
    end if;
    if (new.accepted_version, new.own_limits) is distinct from (old.accepted_version, old.own_limits)
       and (new.word_at is not distinct from old.word_at
            or not coalesce(licensing_word_of(new.talent_id, new.word_by_id, new.word_at), false)) then
        raise exception 'only the member loosens what binds them' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger licensing_member_guarded after update or delete on licensing_guildmember
    for each row execute function licensing_guard_member();
"""
_UNMADE = """
drop trigger licensing_member_guarded on licensing_guildmember;
drop function licensing_guard_member();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0140_guild_rolls")]
    operations = [*append_only("licensing_guilddefault"), migrations.RunSQL(_MADE, _UNMADE)]
