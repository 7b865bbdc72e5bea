"""Counsel signs a compliance profile off in person; without it no profile comes into force, and none binds a share."""

import django.db.models.deletion
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import migrations, models

import common.clock
import common.ids
from common.append_only import append_only

_HASH = RegexValidator("^sha256:[0-9a-f]{64}$", "sha256: and 64 lower-case hexadecimal digits")

_GUARDS = """
create function licensing_sign_off_is_counsels() returns trigger language plpgsql as $$
begin
    if not exists (select from accounts_membership m
                    where m.user_id = new.signed_by_id and m.organisation_id = new.organisation_id
                      and m.role = 'LEGAL' and m.ended_at is null) then
        raise exception 'only the counsel of an organisation signs a profile off' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_sign_off_guarded before insert on licensing_profilesignoff
    for each row execute function licensing_sign_off_is_counsels();

create function licensing_adoption_needs_sign_off() returns trigger language plpgsql as $$
begin
    if not exists (select from licensing_profilesignoff s
                    where s.id = new.sign_off_id and s.organisation_id = new.organisation_id
                      and s.profile = new.profile and s.profile_hash = new.profile_hash
                      and s.signed_by_id <> new.signed_by_id) then
        raise exception 'no profile is in force without a sign-off of its text by somebody else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_adoption_signed before insert on licensing_profileadoption
    for each row execute function licensing_adoption_needs_sign_off();

create function licensing_canary_needs_sign_off() returns trigger language plpgsql as $$
begin
    if new.kind = 'PROFILE' and new.stage = 'CANARY'
       and not exists (select from licensing_profilesignoff s
                        where s.organisation_id = new.organisation_id and s.profile = new.profile
                          and s.profile_hash = new.content_hash and s.signed_by_id <> new.recorded_by_id) then
        raise exception 'no profile binds a share without a sign-off of its text by somebody else'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger licensing_canary_signed before insert on licensing_policyrollout
    for each row execute function licensing_canary_needs_sign_off();
"""
_UNDO = """
drop trigger licensing_canary_signed on licensing_policyrollout;
drop function licensing_canary_needs_sign_off();
drop trigger licensing_adoption_signed on licensing_profileadoption;
drop function licensing_adoption_needs_sign_off();
drop trigger licensing_sign_off_guarded on licensing_profilesignoff;
drop function licensing_sign_off_is_counsels();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_operators_and_counsel"),
        ("licensing", "0410_rules_are_closed_over_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="ProfileSignOff",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=common.clock.now, editable=False)),
                ("profile", models.CharField(max_length=60)),
                ("profile_hash", models.CharField(max_length=71, validators=[_HASH])),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile_sign_offs",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "profile", "profile_hash", "signed_by"),
                        name="text_signed_off_once_by_each",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="profileadoption",
            name="sign_off",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="adoptions",
                to="licensing.profilesignoff",
            ),
        ),
        *append_only("licensing_profilesignoff"),
        migrations.RunSQL(_GUARDS, _UNDO),
    ]
