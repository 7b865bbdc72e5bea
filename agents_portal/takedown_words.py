"""Takedowns and manifests in words: their states, what a case reaches, and the gate's reasons against a release."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.material_words import REASONS, Why
from agents_portal.words import Badge, figure, later, lower_words
from common import clock
from training.models import Takedown, TakedownItem, TrainingManifest
from training.services.releasing import Against
from training.vocabulary import NodeKind, TakedownState

NODE_ICONS: Final[dict[str, str]] = {
    NodeKind.CONSENT: "signature",
    NodeKind.LICENCE: "file-check",
    NodeKind.RIGHTS: "scale",
    NodeKind.SOURCE: "book-open",
    NodeKind.ASSET: "image",
    NodeKind.DERIVATIVE: "layers",
    NodeKind.MANIFEST: "list",
    NodeKind.RUN: "rotate-cw",
    NodeKind.MODEL: "box",
}
_AGAINST: Final[dict[str, Why]] = {
    **REASONS,
    "MANIFEST_NOT_RELEASED": Why(later("Nobody has released it"), later("Counsel releases it.")),
    "MANIFEST_WITHDRAWN": Why(later("It was withdrawn"), later("For good. Freeze another.")),
    "RIGHTS_ENDED": Why(later("The rights have ended"), later("What came of it is a matter for a takedown.")),
    "SOURCE_MISSING": Why(later("A source is not there any more")),
    "DERIVATIVES_NOT_PERMITTED": Why(later("The licence does not permit derivatives"), later("Only its holder can grant that.")),
    "ASSET_NOT_ADMITTED": Why(later("An original does not stand admitted"), later("It was isolated, refused or removed since.")),
    "DERIVATIVE_REMOVED": Why(later("A derivative was removed")),
    "PARENT_REMOVED": Why(later("Something that a row was made of was removed")),
    "ROW_MISSING": Why(later("A row leads to nothing")),
    "EXCEPTION_ENDED": Why(later("An exception that let a row in has ended"), later("The rule holds again.")),
    "POLICY_CHANGED": Why(later("The policy has changed since it was frozen"), later("Freeze it again under the one in force.")),
    "POLICY_NOT_APPLIED": Why(later("What is there has not been judged by counsel’s rules of now"), later("That takes minutes; ask again.")),
    "LOG_NOT_SYNCHRONISED": Why(later("The audit trail has no word of a source or a right"), later("An operator has to look.")),
}  # fmt: skip


class Reason(NamedTuple):
    """A reason against a release, in words; ``much`` says how many rows it stops."""

    code: str
    found: str
    remedy: str
    much: str


def case_badge(case: Takedown) -> Badge:
    """How a case stands; one whose clock has run out is said before everything else that is open."""
    if case.is_drill:
        return Badge("search-check", _("Drill"))
    if case.state == TakedownState.CLOSED:
        return Badge("circle-check", _("Closed, certified"), "permit")
    if case.state == TakedownState.CALLED_OFF:
        return Badge("undo-2", _("Called off"), "absent")
    if case.due_at <= clock.now():
        return Badge("clock-alert", _("Overdue"), "expire")
    if case.state == TakedownState.REMOVED:
        return Badge("circle-minus", _("Material removed"), "unsure")
    return Badge("circle-pause", _("Contained"), "unsure")


def case_lead(case: Takedown, left: int) -> str:
    """Where a case stands, in a sentence."""
    if case.is_drill:
        return _("A drill: nothing was changed. This is what a real one would reach, and how long it took.")
    if case.state == TakedownState.CLOSED:
        return _("Everything is done, and the certificate says so.")
    if case.state == TakedownState.CALLED_OFF:
        return _("It was called off. What it held stands as before.")
    told = ngettext("%(n)s thing is left to do.", "%(n)s things are left to do.", left) % {"n": figure(left)}
    return (
        _("Nothing of it may be used.")
        + " "
        + (told if left else _("Nothing is left to do: it can be closed."))
    )


def item_badge(item: TakedownItem) -> Badge:
    """How one piece of work stands."""
    if item.done_at is not None:
        return Badge("circle-check", item.get_action_display(), "permit")
    if item.due_at <= clock.now():
        return Badge("clock-alert", _("Overdue"), "expire")
    return Badge("hourglass", _("To do"))


def count_lines(counts: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """What is reached: icon, kind and number, in the order in which one thing leads to the next."""
    return [
        (NODE_ICONS[kind], str(NodeKind(kind).label), figure(counts[kind]))
        for kind in NodeKind.values
        if counts.get(kind)
    ]


def seconds_words(milliseconds: int) -> str:
    """A measured time."""
    if milliseconds < 1000:
        return _("%(n)s ms") % {"n": figure(milliseconds)}
    return _("%(n)s s") % {"n": f"{milliseconds / 1000:.1f}"}


def manifest_badge(row: TrainingManifest) -> Badge:
    """How a manifest stands."""
    if row.withdrawn_at is not None:
        return Badge("circle-x", _("Withdrawn"), "deny")
    if row.released_at is None:
        return Badge("signature", _("Waits for counsel"), "yours")
    return Badge("circle-check", _("Released"), "permit")


def against_words(against: Iterable[Against], rows: int) -> list[Reason]:
    """Every reason against a release, with how many of ``rows`` it stops."""
    told = []
    for one in against:
        why = _AGAINST.get(one.code, Why(lower_words(one.code).capitalize()))
        much = (
            ngettext("%(n)s row of %(all)s", "%(n)s rows of %(all)s", one.rows)
            % {"n": figure(one.rows), "all": figure(rows)}
            if one.rows
            else _("All of it")
        )
        told.append(Reason(one.code, str(why.found), str(why.remedy), much))
    return told
