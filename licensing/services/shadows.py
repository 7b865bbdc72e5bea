"""Judge terms by a policy that does not bind, beside those that do, and keep what would have been different.

Nothing here acts: an outcome is stored or, where even that fails, is not. A request never fails for it.
"""

import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from common import clock
from licensing.machine import REQUIRED_SIDES
from licensing.models import LicenceRequest, PolicyRollout, ShadowOutcome, Talent, TermsVersion
from licensing.selectors.people import is_deceased, is_minor, mandate_in_force
from licensing.selectors.rollouts import shadows_over
from licensing.services.defaults import limits_of_member
from licensing.services.limits import MandateLimits, parse_limits, tightest
from licensing.services.profiles import judge_terms, parties_to
from licensing.services.routing import beyond_limits, route_request
from trustcore.policy.profiles import Profile, catalogue, profile_hash
from trustcore.policy.rollout import Difference, Outcome, Refusal
from trustcore.policy.strictest import Person, judge
from trustcore.policy.terms import Terms

logger = logging.getLogger(__name__)
CHANGED: Final = "PROFILE_CHANGED"
FAILED: Final = "NOT_JUDGED"


class ContentChanged(Exception):
    """The profile is no longer the text whose hash was recorded: it cannot be judged by."""


def note_shadows(request: LicenceRequest, version: TermsVersion, terms: Terms) -> int:
    """Judge a new version of a request's terms by every policy on its way; returns by how many.

    Whatever goes wrong is written down or logged, and the request goes on as if nobody had looked.
    """
    try:
        with transaction.atomic():
            rollouts = shadows_over(
                parties_to(request.production, request.talent, request.agency_id), request.talent
            )
    except Exception:
        logger.exception("shadow policies of request %s were not read", request.pk)
        return 0
    for rollout in rollouts:
        try:
            with transaction.atomic():
                _note(rollout, request, version, terms)
        except Exception:
            logger.exception("shadow policy %s was not kept for request %s", rollout.pk, request.pk)
    return len(rollouts)


def difference_of(rollout: PolicyRollout, terms: Terms, talent: Talent, *, at: datetime) -> Difference:
    """What a policy alone would add to the outcome of ``terms`` at ``at``.

    Raises:
        ContentChanged: the profile's text is not the one that was recorded.
    """
    if rollout.kind == PolicyRollout.Kind.PROFILE:
        return _by_profile(rollout, terms, talent, at)
    return _by_limits(parse_limits(rollout.limits or {}), terms, talent, at)


def _note(rollout: PolicyRollout, request: LicenceRequest, version: TermsVersion, terms: Terms) -> None:
    failure, found = "", Difference()
    try:
        with transaction.atomic():
            found = difference_of(rollout, terms, request.talent, at=clock.now())
    except ContentChanged:
        failure = CHANGED
    except Exception:
        logger.exception("shadow policy %s could not judge request %s", rollout.pk, request.pk)
        failure = FAILED
    ShadowOutcome.objects.create(
        rollout=rollout,
        request=request,
        version=version,
        differs=not found.is_empty,
        difference=found.to_dict() if not found.is_empty else {},
        failure=failure,
    )


def _by_profile(rollout: PolicyRollout, terms: Terms, talent: Talent, at: datetime) -> Difference:
    known = catalogue()
    candidate = known.get(rollout.profile)
    if candidate is None or profile_hash(candidate) != rollout.content_hash:
        raise ContentChanged
    named = [known[ref] for ref in terms.profiles if ref in known and ref != candidate.ref]
    person = Person(minor=is_minor(talent, at), deceased=is_deceased(talent, at))
    return _judged(terms, [*named, candidate], at, person).beyond(_judged(terms, named, at, person))


def _judged(terms: Terms, profiles: list[Profile], at: datetime, person: Person) -> Outcome:
    found = judge(terms, profiles, at=at, person=person)
    return Outcome(
        refused=frozenset(Refusal(one.rule, one.field, one.profile) for one in found.unmet),
        notice_hours=found.hours("NOTICE_HOURS"),
    )


def _by_limits(candidate: MandateLimits, terms: Terms, talent: Talent, at: datetime) -> Difference:
    if not beyond_limits(
        terms, candidate
    ):  # what is within it is beyond nothing for its sake; most requests are
        return Difference()
    now = limits_of_member(talent)
    if now is None:  # no member of a guild any more
        return Difference()
    then = tightest([now, candidate])
    return _routed(terms, talent, at, then).beyond(_routed(terms, talent, at, now))


def _routed(terms: Terms, talent: Talent, at: datetime, limits: MandateLimits) -> Outcome:
    mandate = mandate_in_force(talent.pk, at)
    by_rule = not judge_terms(terms, talent, at).unmet
    route = route_request(
        terms, talent, mandate, licensee_id=UUID(terms.licensee), at=at, by_rule=by_rule, guild=limits
    )
    return Outcome(
        asked=frozenset(str(side) for side in REQUIRED_SIDES[route.mode] if side != "LICENSEE"),
        beyond_limits=beyond_limits(terms, limits),
    )
