"""Layer 1: who may know that a talent is here. Set by the talent alone; seeing never grants a use."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from licensing.models import LicenceToken, Talent, VisibilityRule
from licensing.selectors.people import VisibleTalent, speaks_for, visible_constructs
from licensing.selectors.productions import production_for
from licensing.selectors.tokens import effective_state, tokens
from trustcore.policy.vocabulary import Construct, TokenState, Visibility


@dataclass(frozen=True, slots=True)
class VisibilityAnswer:
    """What a pipeline may know. ``talent`` is None for hidden and unknown alike.

    ``use_types_granted`` is layer 2: what live licences allow in this one production; often nothing.
    """

    talent: VisibleTalent | None
    use_types_granted: tuple[str, ...]


def set_visibility(
    *,
    principal: Principal,
    talent: Talent,
    level: str,
    construct: str = "",
    organisations: Iterable[Organisation] = (),
) -> VisibilityRule:
    """Say who may see the talent, or one kind of construct; the talent alone may (TAXONOMY 10).

    Args:
        construct: a kind of construct, or empty for the default of all.
        organisations: for ``LISTED_TO``: to whom.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        InvalidInput: ``VISIBILITY_UNKNOWN``, ``CONSTRUCT_UNKNOWN``, ``ORGANISATIONS_MISSING`` or
            ``ORGANISATIONS_UNEXPECTED``.
    """
    named = list(organisations)
    if level not in set(Visibility):
        raise InvalidInput("VISIBILITY_UNKNOWN", _("%(level)s is not a visibility.") % {"level": level})
    if construct and construct not in set(Construct):
        raise InvalidInput(
            "CONSTRUCT_UNKNOWN", _("%(construct)s is not an identity construct.") % {"construct": construct}
        )
    if level == Visibility.LISTED_TO and not named:
        raise InvalidInput("ORGANISATIONS_MISSING", "Name the organisations that may see this.")
    if level != Visibility.LISTED_TO and named:
        raise InvalidInput("ORGANISATIONS_UNEXPECTED", "Only LISTED_TO names organisations.")
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent decides who may see them.")
    with transaction.atomic():
        rule, _made = VisibilityRule.objects.select_for_update().get_or_create(
            talent=talent, construct=construct
        )
        before = {"level": rule.level}
        rule.level = level
        rule.listed_ids = sorted(one.pk for one in named)
        rule.set_by, rule.set_at = principal.person, clock.now()
        rule.save()
        rule.organisations.set(named)
        record(
            kind="visibility.set",
            principal=principal,
            organisation_id=talent.organisation_id,
            object_type="talent",
            object_id=talent.pk,
            before=before,
            after={"level": level, "organisations": sorted(str(one.pk) for one in named)},
            details={"construct": construct or "all", "level": level},
        )
        return rule


def check_visibility(*, principal: Principal, handle: str, production_id: UUID) -> VisibilityAnswer:
    """Answer whether the caller's pipeline may know of the talent called ``handle``.

    Every question is recorded, answered or not. Hidden and unknown run the same statements (the last one
    looks for licences of nobody) and leave the same event.

    Raises:
        NotFound: the production is not the caller's to ask for.
    """
    production = production_for(principal, production_id)
    if production is None:
        raise NotFound
    with transaction.atomic():
        talent = visible_constructs(handle, principal.organisation_id)
        granted = _granted(principal, production_id, talent)
        record(
            kind="visibility.checked",
            principal=principal,
            object_type="talent_handle",
            object_id=handle[:64],
            production_id=production_id,
            details={"answer": "VISIBLE" if talent else "NOT_FOUND"},
        )
    return VisibilityAnswer(talent, granted)


def _granted(principal: Principal, production_id: UUID, talent: VisibleTalent | None) -> tuple[str, ...]:
    rows = tokens().filter(
        production=production_id, talent=talent.talent_id if talent else UUID(int=0), state=TokenState.ACTIVE
    )
    at = clock.now()
    live = [
        row for row in rows if _may_present(principal, row) and effective_state(row, at) == TokenState.ACTIVE
    ]
    return tuple(sorted({use for row in live for use in row.use_types}))


def _may_present(principal: Principal, token: LicenceToken) -> bool:
    return principal.organisation_id in {token.licensee_id, *token.vendor_ids}
