"""Whether an output may be handed on: where a profile asks for a visible label, that label is on record first.

A profile that binds may say ``PLATFORM_LABEL``: before the work goes to a large platform, people are shown a label. To
which channels that applies stands in the profile, a dated file; a text that was struck down has no rules and holds
nothing. What is asked is read from the profiles that the licence's own terms name, as they bind on the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock
from common.errors import Conflict
from common.language import core
from licensing.models import LicenceToken
from licensing.services.profiles import judge_terms
from provenance.labelled import VisibleLabelRecord
from provenance.models import Asset
from trustcore.policy.terms import parse_terms

PLATFORM_LABEL = "PLATFORM_LABEL"


@dataclass(frozen=True, slots=True)
class LabelAsked:
    """One rule that asks for a label: any of ``labels`` will do."""

    jti: UUID
    profile: str
    labels: tuple[str, ...]
    because: str

    def is_met_by(self, shown: Iterable[str]) -> bool:
        """Whether one of the labels on record is one that the rule accepts."""
        return not set(self.labels).isdisjoint(shown)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How an output stands: what is asked, what is on record, what is still missing."""

    asked: tuple[LabelAsked, ...]
    labels: tuple[VisibleLabelRecord, ...]

    @property
    def missing(self) -> tuple[LabelAsked, ...]:
        """Rules that nothing on record meets."""
        shown = {one.label for one in self.labels}
        return tuple(one for one in self.asked if not one.is_met_by(shown))

    @property
    def is_held(self) -> bool:
        """Whether it must not be handed on yet."""
        return bool(self.missing)


def distribution_of(asset: Asset, *, at: datetime | None = None) -> Distribution:
    """How ``asset`` stands at a moment. Labels count that were recorded of the file as it is now."""
    asked = tuple(_asked(asset, at or clock.now()))
    rows = VisibleLabelRecord.objects.filter(asset=asset).select_related(
        "person", "credential", "organisation"
    )
    return Distribution(asked, tuple(rows.filter(asset_sha256=asset.sha256).order_by("created_at")))


def require_open(asset: Asset) -> None:
    """Refuse to hand on what still lacks its label.

    Raises:
        Conflict: ``VISIBLE_LABEL_MISSING`` with each rule, its profile and why.
    """
    missing = distribution_of(asset).missing
    if missing:
        raise Conflict(
            "VISIBLE_LABEL_MISSING",
            "A label that people see must be on record before this output is handed on.",
            " ".join(dict.fromkeys(core().say(one.because) for one in missing)),
            {"asked": [asked_told(one) for one in missing]},
        )


def asked_told(one: LabelAsked) -> dict[str, object]:
    """A rule as answers carry it."""
    return {"jti": str(one.jti), "profile": one.profile, "labels": list(one.labels), "because": one.because}


def _asked(asset: Asset, at: datetime) -> Iterable[LabelAsked]:
    rows = LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("terms", "talent")
    for token in rows.order_by("created_at"):
        judged = judge_terms(parse_terms(token.terms.terms), token.talent, at)
        for limit in judged.limits:
            if limit.name == PLATFORM_LABEL and isinstance(limit.value, tuple):
                yield LabelAsked(token.jti, limit.profile, limit.value, limit.because)
