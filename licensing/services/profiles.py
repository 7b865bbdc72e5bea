"""Bring compliance profiles into force after counsel's sign-off, and judge requests by those that bind them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.language import core
from licensing.models import Production, ProfileAdoption, Talent
from licensing.selectors.people import is_deceased, is_minor
from licensing.selectors.rollouts import profiles_in_force
from licensing.services.sign_offs import profile_to_bind, sign_off_by_another
from trustcore.policy.profiles import catalogue, profile_hash
from trustcore.policy.strictest import Judgement, Person, judge
from trustcore.policy.terms import Terms


def adopt_profile(*, principal: Principal, profile: str, profile_hash_read: str) -> ProfileAdoption:
    """Let a profile bind the caller's organisation, after counsel signed its text off.

    Args:
        profile: as ``SAG_TVT_2026@1``.
        profile_hash_read: the hash of the text that counsel signed off.

    Raises:
        Forbidden: ``ADMIN_ONLY``; ``FOUR_EYES``: the caller alone signed it off.
        InvalidInput: ``PROFILE_UNKNOWN`` or ``PROFILE_STRUCK_DOWN``.
        Conflict: ``PROFILE_CHANGED``: that is not the hash of this version; ``SIGN_OFF_MISSING``; ``PROFILE_ADOPTED``.
    """
    if not principal.is_role("ADMIN"):
        raise Forbidden("ADMIN_ONLY", "An administrator brings a profile into force, signed in.")
    require_presence(principal)
    profile_to_bind(profile, profile_hash_read)
    sign_off = sign_off_by_another(principal, profile=profile, text_hash=profile_hash_read)
    counsel = sign_off.signed_by.full_name
    try:
        with transaction.atomic():
            row = ProfileAdoption.objects.create(
                organisation=principal.organisation,
                profile=profile,
                profile_hash=profile_hash_read,
                sign_off=sign_off,
                counsel_name=counsel,
                signed_by=principal.person,
            )
            record(
                kind="profile.adopted",
                principal=principal,
                object_type="profile",
                object_id=profile,
                after={"profile": profile, "hash": profile_hash_read, "sign_off": str(sign_off.pk)},
                details={
                    "profile": profile,
                    "hash": profile_hash_read,
                    "counsel": counsel,
                    "sign_off": str(sign_off.pk),
                },
            )
            return row
    except IntegrityError as error:
        if "one_adoption_in_force" not in str(error):
            raise
        raise Conflict("PROFILE_ADOPTED", "This profile is in force here already.") from error


def end_adoption(*, principal: Principal, profile: str) -> ProfileAdoption:
    """Stop applying a profile to later requests of the caller's organisation.

    Raises:
        Forbidden: ``ADMIN_ONLY``.
        NotFound: it is not in force here.
    """
    if not principal.is_role("ADMIN"):
        raise Forbidden("ADMIN_ONLY", "An administrator ends it, signed in.")
    require_presence(principal)
    with transaction.atomic():
        rows = ProfileAdoption.objects.select_for_update().filter(organisation=principal.organisation)
        row = rows.filter(profile=profile, ended_at=None).first()
        if row is None:
            raise NotFound
        row.ended_at, row.ended_by = clock.now(), principal.person
        row.save(update_fields=["ended_at", "ended_by"])
        record(
            kind="profile.ended",
            principal=principal,
            object_type="profile",
            object_id=profile,
            details={"profile": profile},
        )
        return row


def binding_profiles(
    production: Production,
    talent: Talent,
    agency_id: UUID | None,
    wanted: Iterable[str] = (),
    *,
    request_id: UUID | None = None,
) -> tuple[str, ...]:
    """Every profile that one of the parties adopted: whoever is stricter binds both.

    Args:
        wanted: profiles that the terms name; each must be among those adopted.
        request_id: of the request, so that a profile in canary binds those that it chose.

    Raises:
        InvalidInput: ``PROFILE_NOT_ACTIVE``: named without a sign-off of any party.
        Conflict: ``PROFILE_CHANGED``: the text is no longer the one that was signed off.
    """
    parties = parties_to(production, talent, agency_id)
    adopted = profiles_in_force(parties, request_id=request_id, production_id=production.pk)
    if missing := sorted(set(wanted) - set(adopted)):
        raise InvalidInput("PROFILE_NOT_ACTIVE", "No party has signed this profile off.", ", ".join(missing))
    known = catalogue()
    for ref, signed in adopted.items():
        if ref not in known or profile_hash(known[ref]) != signed:
            raise Conflict("PROFILE_CHANGED", "A profile changed since counsel signed it off.", ref)
    return tuple(sorted(adopted))


def parties_to(production: Production, talent: Talent, agency_id: UUID | None) -> list[UUID]:
    """Whose policies bind a request: licensee, guild, talent and agency."""
    several = (production.organisation_id, production.guild_id, talent.organisation_id, agency_id)
    return [one for one in several if one is not None]


def judge_terms(terms: Terms, talent: Talent, at: datetime) -> Judgement:
    """What the profiles that the terms name say of them."""
    known = catalogue()
    named = [known[ref] for ref in terms.profiles if ref in known]
    person = Person(minor=is_minor(talent, at), deceased=is_deceased(talent, at))
    return judge(terms, named, at=at, person=person)


def require_met(terms: Terms, talent: Talent, at: datetime) -> Judgement:
    """Refuse terms that a profile in force stands against.

    Raises:
        Conflict: ``PROFILE_UNMET`` with each rule, its field, its profile and why.
    """
    judged = judge_terms(terms, talent, at)
    if judged.unmet:
        raise Conflict(
            "PROFILE_UNMET",
            "An agreement or a statute stands against these terms.",
            " ".join(dict.fromkeys(core().say(one.because) for one in judged.unmet)),
            {
                "unmet": [
                    {"rule": one.rule, "field": one.field, "profile": one.profile, "because": one.because}
                    for one in judged.unmet
                ]
            },
        )
    return judged
