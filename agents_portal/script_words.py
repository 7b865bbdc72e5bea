"""Scripts in words: what is granted, how a grant stands, what became of an access."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.grants import Grant as Line
from agents_portal.words import Badge, figure, opening, spelled
from common import clock
from common.language import later
from screenplays.models import Access, Grant, Outcome, Purpose
from trustcore.policy.reasons import DenyReason

KINDS: Final = {
    "SCREENPLAY": later("Screenplay"),
    "STORY_BIBLE": later("Story bible"),
    "TREATMENT": later("Treatment"),
}
FORMATS: Final = {
    "FOUNTAIN": "Fountain",
    "FINAL_DRAFT": "Final Draft",
    "PDF": "PDF",
    "TEXT": later("Plain text"),
}
PURPOSES: Final = {
    Purpose.TRAIN: later("Train a model with it"),
    Purpose.READ: later("Read it"),
    Purpose.ANALYSE: later("Analyse it by machine"),
    Purpose.SUMMARISE: later("Summarise it by machine"),
}
_OUTCOMES: Final = {
    Outcome.PERMITTED: Badge("circle-check", later("Permitted"), "permit"),
    Outcome.DELIVERED: Badge("download", later("Handed out"), "permit"),
    Outcome.REFUSED: Badge("octagon-x", later("Refused"), "deny"),
}
_AUTHORITIES: Final = {
    "KEEPER": later("as its own house"),
    "WRITER": later("as its writer"),
    "GRANT": later("under a grant"),
    "NONE": "",
}
_PARTS: Final = {"TEXT": later("the text"), "FILE": later("the file"), "COPY": later("a marked copy")}


@dataclass(frozen=True)
class Columns:
    """What is granted of a work now, and what is not: for the part ``grants.html``."""

    granted: tuple[Line, ...]
    not_granted: tuple[Line, ...]
    count_words: str


def columns(grants: Iterable[Grant]) -> Columns:
    """Both columns of the grants in force; training is the first line of either."""
    live = [one for one in grants if _is_live(one)]
    yes, no = [], []
    for purpose, words in PURPOSES.items():
        people = sum(one.purpose == purpose and one.person_id is not None for one in live)
        machines = sum(one.purpose == purpose and one.credential_id is not None for one in live)
        if people + machines:
            yes.append(Line(str(words), holders(people, machines)))
        else:
            no.append(Line(str(words), _("To nobody and to no machine.")))
    if not yes:
        yes.append(
            Line(_("Nothing beyond its own house"), _("Whoever keeps it, and its writer, may read it."))
        )
    number = len(yes) if live else 0
    count = ngettext("%(n)s use", "%(n)s uses", number) % {"n": spelled(number)} if number else _("nothing")
    return Columns(tuple(yes), tuple(no), count)


def holders(people: int, machines: int) -> str:
    """How many hold something."""
    persons = ngettext("%(n)s person", "%(n)s people", people) % {"n": figure(people)}
    keys = ngettext("%(n)s machine", "%(n)s machines", machines) % {"n": figure(machines)}
    if people and machines:
        return _("%(people)s and %(machines)s.") % {"people": persons, "machines": keys}
    return f"{persons if people else keys}."


def grant_badge(grant: Grant) -> Badge:
    """How a grant stands now."""
    now = clock.now()
    if grant.ended_at is not None:
        return Badge("circle-x", _("Ended"), "deny")
    if now < grant.not_before:
        return Badge("circle-dashed", _("Not begun"), "unsure")
    if now >= grant.not_after:
        return Badge("calendar-x", _("Over"))
    if grant.training_licence_id:
        return Badge("circle-dot", _("With its licence"))
    return Badge("circle-check", _("In force"), "permit")


def grant_row(grant: Grant) -> dict[str, Any]:
    """A grant as a row of the page."""
    return {
        "grant": grant,
        "badge": grant_badge(grant),
        "purpose": PURPOSES[Purpose(grant.purpose)],
        "is_live": grant.ended_at is None and clock.now() < grant.not_after,
    }


def access_row(access: Access) -> dict[str, Any]:
    """An access as a row of the page."""
    return {
        "access": access,
        "badge": _OUTCOMES[Outcome(access.outcome)],
        "purpose": PURPOSES[Purpose(access.purpose)],
        "under": _AUTHORITIES[access.authority],
        "part": _PARTS.get(access.part, ""),
        "why": [(code, DenyReason[code].explanation) for code in access.reasons],
    }


def lead(versions: int, grants: Iterable[Grant]) -> str:
    """The one sentence of a work: how much of it there is, and who may train."""
    live = [one for one in grants if _is_live(one)]
    if not versions:
        return _("No version has come in yet.")
    first = opening(
        ngettext("%(n)s version is here, sealed.", "%(n)s versions are here, sealed.", versions)
        % {"n": spelled(versions)}
    )
    training = sum(one.purpose == Purpose.TRAIN for one in live)
    if not training:
        return f"{first} {_('Nobody may train with it.')}"
    trained = ngettext("%(n)s may train with it.", "%(n)s may train with it.", training) % {
        "n": opening(holders(*_split(live)).rstrip("."))
    }
    return f"{first} {trained}"


def _split(live: Iterable[Grant]) -> tuple[int, int]:
    training = [one for one in live if one.purpose == Purpose.TRAIN]
    people = sum(one.person_id is not None for one in training)
    return people, len(training) - people


def _is_live(grant: Grant) -> bool:
    return grant.ended_at is None and grant.not_before <= clock.now() < grant.not_after
