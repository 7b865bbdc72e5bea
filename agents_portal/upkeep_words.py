"""Looks at the house in words: how each check came out, and the reports of other systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, figure
from training.models import InspectionLook, SystemReport
from training.upkeep import CHECKS, Check


@dataclass(frozen=True)
class Told:
    """One check with how the last look found it; ``number`` None: nobody has looked at it."""

    check: Check
    title: str
    number: int | None
    examples: tuple[str, ...]

    @property
    def slug(self) -> str:
        """As it stands in addresses."""
        return self.check.code.lower().replace("_", "-")

    @property
    def badge(self) -> Badge:
        """How it stands."""
        if self.number is None:
            return Badge("circle-question-mark", _("Not looked at"), "unsure")
        if not self.number:
            return Badge("circle-check", _("As it should be"), "permit")
        return Badge("octagon-x", _("Not as it should be"), "deny")

    @property
    def may_be_mended(self) -> bool:
        """Whether the last look found something that is mended from here."""
        return bool(self.number) and self.check.mend is not None

    @property
    def more(self) -> str:
        """How many beside the examples; empty: none."""
        left = (self.number or 0) - len(self.examples)
        return ngettext("and %(n)s more", "and %(n)s more", left) % {"n": figure(left)} if left > 0 else ""


def titles() -> Mapping[str, str]:
    """What each check is about, in a few words."""
    return {
        "ORIGINAL_BYTES_MISSING": _("Bytes of originals"),
        "DERIVATIVE_BYTES_MISSING": _("Bytes of derivatives"),
        "REMOVED_BYTES_LEFT": _("Bytes of what was removed"),
        "LINEAGE_SNAPSHOT_CORRUPT": _("The copy of the graph is whole"),
        "LINEAGE_SNAPSHOT_BEHIND": _("The copy of the graph is current"),
        "LINEAGE_EVENTS_UNSENT": _("Events for the catalogue outside"),
        "ENDS_NOT_TAKEN_DOWN": _("Rights and grants that are over"),
        "POLICY_NOT_APPLIED": _("Rules and rights of now"),
        "WORK_STALLED": _("Work that nobody is at"),
        "WORK_HANGS": _("Work that does not move"),
        "SYSTEM_BEHIND": _("Other systems"),
    }


def told(look: InspectionLook | None) -> list[Told]:
    """Every check in its order, as the last look found it."""
    found: dict[str, dict[str, Any]] = {one["code"]: one for one in look.findings} if look else {}
    named = titles()
    return [
        Told(
            check, named[check.code], found.get(check.code, {}).get("number"),
            tuple(found.get(check.code, {}).get("examples", ())),
        )
        for check in CHECKS
    ]  # fmt: skip


def lead(look: InspectionLook | None, rows: list[Told]) -> str:
    """The whole in one sentence."""
    if look is None:
        return _("Nobody has looked yet. Looking changes nothing.")
    bad = sum(bool(one.number) for one in rows)
    if not bad:
        return _("Everything that was looked at is as it should be.")
    return ngettext("%(n)s thing is not as it should be.", "%(n)s things are not as they should be.", bad) % {
        "n": figure(bad)
    }


def system_badge(row: SystemReport, now: str) -> Badge:
    """Whether a system holds what stands here at this moment; ``now``: the hash of that."""
    if row.told_sha256 == now:
        return Badge("circle-check", _("In step"), "permit")
    if row.differs:
        return Badge("octagon-x", _("Holds something else"), "deny")
    return Badge("clock-alert", _("Something moved since"), "expire")


def state_words(state: str) -> str:
    """Where a manifest stands, in words; of none: that there is none."""
    return {"FROZEN": _("Frozen"), "RELEASED": _("Released"), "WITHDRAWN": _("Withdrawn")}.get(
        state, _("Not there")
    )
