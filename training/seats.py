"""Who has a part in training material: studios and vendors collect and train; everybody else finds nothing here."""

from accounts.models import Membership, Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from common.errors import Forbidden, NotFound
from training.models import Source

_HOUSES = (Organisation.Kind.STUDIO, Organisation.Kind.VENDOR)
_Role = Membership.Role
ENGINEERS = (_Role.ENGINEER, _Role.PRODUCER, _Role.ADMIN)
"""Seats that run the pipeline."""


def require_house(principal: Principal) -> None:
    """Let in who belongs to an organisation that trains; to others there is nothing here."""
    if principal.organisation.kind not in _HOUSES:
        raise NotFound


def require_engineer(principal: Principal) -> None:
    """Registering, transforming, freezing, reporting runs.

    Raises:
        NotFound: not an organisation that trains. Forbidden: ``ENGINEER_ONLY``.
    """
    require_house(principal)
    if not principal.acts_as(*ENGINEERS):
        raise Forbidden("ENGINEER_ONLY", "This is for the people who run the pipeline.")


def require_counsel(principal: Principal) -> None:
    """What binds in law: signing exceptions and manifests, opening a stopped class, activating contracts.

    Raises:
        NotFound: not an organisation that trains. Forbidden: ``IN_PERSON`` or ``COUNSEL_ONLY``.
        StepUpRequired: it is not shown just now who is sitting there.
    """
    require_house(principal)
    if principal.credential is not None:
        raise Forbidden("IN_PERSON", "This is for a person who is signed in.")
    if not principal.is_role(_Role.LEGAL, _Role.ADMIN):
        raise Forbidden("COUNSEL_ONLY", "This is for the house’s counsel or an administrator.")
    require_presence(principal)


def require_stopper(principal: Principal) -> None:
    """Stopping a class of sources: whoever runs the pipeline, by a key too, and counsel. Opening it is counsel's alone.

    Raises:
        NotFound: not an organisation that trains. Forbidden: ``STOPPER_ONLY``.
    """
    require_house(principal)
    if not is_counsel(principal) and not is_engineer(principal):
        raise Forbidden("STOPPER_ONLY", "This is for the people who run the pipeline, and for counsel.")


def require_rerunner(principal: Principal) -> None:
    """Making a signed report again, which reads all of it anew: whoever runs the pipeline, and counsel.

    Raises:
        NotFound: not an organisation that trains. Forbidden: ``RERUN_ONLY``.
    """
    require_house(principal)
    if not may_rerun(principal):
        raise Forbidden("RERUN_ONLY", "This is for the people who run the pipeline, and for counsel.")


def require_reviewer(principal: Principal) -> None:
    """Deciding about what the gate isolated.

    Raises:
        NotFound: not an organisation that trains. Forbidden: ``IN_PERSON`` or ``REVIEWER_ONLY``.
    """
    require_house(principal)
    if principal.credential is not None:
        raise Forbidden("IN_PERSON", "This is for a person who is signed in.")
    if not principal.is_role(_Role.LEGAL, _Role.ADMIN, _Role.PRODUCER):
        raise Forbidden("REVIEWER_ONLY", "Reviews are for counsel, producers and administrators.")


def is_counsel(principal: Principal) -> bool:
    """Whether :func:`require_counsel` would let them."""
    return principal.credential is None and principal.is_role(_Role.LEGAL, _Role.ADMIN)


def may_hand_over(principal: Principal, source: Source) -> bool:
    """Whether they may give a source to another owner: its owner in person, or counsel."""
    return is_counsel(principal) or (principal.credential is None and source.owner_id == principal.person.pk)


def may_rerun(principal: Principal) -> bool:
    """Whether :func:`require_rerunner` would let them."""
    return is_counsel(principal) or is_engineer(principal)


def may_take_down(principal: Principal) -> bool:
    """Whether they may open a takedown or a drill."""
    return is_engineer(principal) or is_counsel(principal)


def is_reviewer(principal: Principal) -> bool:
    """Whether :func:`require_reviewer` would let them."""
    return principal.credential is None and principal.is_role(_Role.LEGAL, _Role.ADMIN, _Role.PRODUCER)


def is_engineer(principal: Principal) -> bool:
    """Whether :func:`require_engineer` would let them."""
    return principal.acts_as(*ENGINEERS)
