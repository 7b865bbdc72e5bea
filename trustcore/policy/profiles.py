"""Compliance profiles: what an agreement or a statute asks of a licence, as dated, versioned data.

A profile is a file in ``profile_data``. Its rules are of a few closed kinds; a new law is a new file or a
new version, never a branch in code. What is here is not legal advice: each profile says where it comes
from and how sure that is, and a deployment activates one only after counsel signed off its hash.

    >>> profile_named("SAG_TVT_2026@1").status
    <Status.IN_FORCE: 'IN_FORCE'>

Source: TAXONOMY sections 18 and 19.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Final, Union

import msgspec
from msgspec import Meta

from trustcore.encoding import canonical_json, sha256_hex
from trustcore.older import UTC, StrEnum
from trustcore.policy.clauses import Checkpoint, MarkLayer, OnEnd, ProjectKind, VisibleLabel
from trustcore.policy.shape import Days, Ident, Label
from trustcore.policy.vocabulary import Channel, Construct, ReplicaClass, UseType

SCHEMA: Final = "trustmark.profile/1"
Hours = Annotated[int, Meta(ge=0, le=8_760)]
Sentence = Annotated[str, Meta(min_length=10, max_length=400)]


class Status(StrEnum):
    """Whether the text behind a profile binds anybody."""

    IN_FORCE = "IN_FORCE"
    PENDING = "PENDING"
    UNCONFIRMED = "UNCONFIRMED"
    STRUCK_DOWN = "STRUCK_DOWN"


class Confidence(StrEnum):
    """How the profile is known: from the text's owner, a law firm or trade summary, or the press."""

    A = "A"
    B = "B"
    C = "C"


class Kind(StrEnum):
    """What the text is."""

    AGREEMENT = "AGREEMENT"
    STATUTE = "STATUTE"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed part of a profile."""


class When(_Part, frozen=True, kw_only=True):
    """To which licences a rule applies; an empty list is no restriction, all lists must be met."""

    use_types: tuple[UseType, ...] = ()
    constructs: tuple[Construct, ...] = ()
    replica_classes: tuple[ReplicaClass, ...] = ()
    channels: tuple[Channel, ...] = ()
    project_kinds: tuple[ProjectKind, ...] = ()
    minor: bool | None = None
    deceased: bool | None = None


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """One rule: to what it applies, how sure it is, and why, in a sentence that people read."""

    because: Sentence
    confidence: Confidence
    when: When = When()


class NoticeHours(_Rule, frozen=True, kw_only=True, tag="NOTICE_HOURS"):
    """So many hours lie between the notice and the first use."""

    hours: Hours


class Require(_Rule, frozen=True, kw_only=True, tag="REQUIRE"):
    """These terms or declarations must say something: ``script``, ``declared.scan_reason``."""

    fields: Annotated[tuple[Ident, ...], Meta(min_length=1)]


class Refuse(_Rule, frozen=True, kw_only=True, tag="REFUSE"):
    """This declaration, if made, rules the licence out: ``declared.struck_work``."""

    fields: Annotated[tuple[Ident, ...], Meta(min_length=1)]


class WindowDaysMax(_Rule, frozen=True, kw_only=True, tag="WINDOW_DAYS_MAX"):
    """No licence is longer."""

    days: Days


class Checkpoints(_Rule, frozen=True, kw_only=True, tag="CHECKPOINTS"):
    """The work comes back to the talent's side at these moments."""

    checkpoints: Annotated[tuple[Checkpoint, ...], Meta(min_length=1)]


class FinalReviewHours(_Rule, frozen=True, kw_only=True, tag="FINAL_REVIEW_HOURS"):
    """The talent's side has at least so many hours for the final shots."""

    hours: Hours


class DistributionHold(_Rule, frozen=True, kw_only=True, tag="DISTRIBUTION_HOLD"):
    """Nothing is distributed before this checkpoint is passed."""

    until: Checkpoint


class TrainingApart(_Rule, frozen=True, kw_only=True, tag="TRAINING_APART"):
    """Training has its own consent; where capped, no longer than so many days."""

    days_max: Days | None = None


class Marks(_Rule, frozen=True, kw_only=True, tag="MARKS"):
    """Outputs carry these machine-readable layers."""

    watermark: tuple[MarkLayer, ...] = ()
    c2pa: bool = False


class VisibleMark(_Rule, frozen=True, kw_only=True, tag="VISIBLE_MARK"):
    """Outputs carry one of these labels, unless the named declaration exempts them."""

    labels: Annotated[tuple[VisibleLabel, ...], Meta(min_length=1)]
    unless: Ident | None = None


class PlatformLabel(_Rule, frozen=True, kw_only=True, tag="PLATFORM_LABEL"):
    """Before the work goes to a large platform, one of these labels is on record of the file that goes there.

    Which channels are large platforms stands in ``when.channels``. It holds the delivery, not the licence.
    """

    labels: Annotated[tuple[VisibleLabel, ...], Meta(min_length=1)]


class AtTheEnd(_Rule, frozen=True, kw_only=True, tag="AT_THE_END"):
    """What becomes of a kind of material when the licence ends; each of ``allowed`` will do."""

    material: Annotated[str, Meta(pattern=r"^(scan|replica_model|outputs)\Z")]
    allowed: Annotated[tuple[OnEnd, ...], Meta(min_length=1)]


class RevokeWithinHours(_Rule, frozen=True, kw_only=True, tag="REVOKE_WITHIN_HOURS"):
    """A revocation reaches licensee and vendors, and is acknowledged, within so many hours."""

    hours: Annotated[int, Meta(ge=1, le=8_760)]


class StrikeSuspends(_Rule, frozen=True, kw_only=True, tag="STRIKE_SUSPENDS"):
    """A strike that the guild calls suspends the consent."""


Rule = Union[
    NoticeHours,
    Require,
    Refuse,
    WindowDaysMax,
    Checkpoints,
    FinalReviewHours,
    DistributionHold,
    TrainingApart,
    Marks,
    VisibleMark,
    PlatformLabel,
    AtTheEnd,
    RevokeWithinHours,
    StrikeSuspends,
]


class Origin(_Part, frozen=True, kw_only=True):
    """Where a profile comes from."""

    title: Label
    dated: date | None = None


class InForce(_Part, frozen=True, kw_only=True):
    """The days on which the text binds; ``until`` is the last of them."""

    begins: date | None = None
    until: date | None = None


class Profile(_Part, frozen=True, kw_only=True):
    """One version of what one text asks."""

    schema: Annotated[str, Meta(pattern=r"^trustmark\.profile/1\Z")]
    code: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{2,39}\Z")]
    version: Annotated[int, Meta(ge=1, le=10_000)]
    kind: Kind
    title: Label
    status: Status
    in_force: InForce
    confidence: Annotated[tuple[Confidence, ...], Meta(min_length=1)]
    sources: Annotated[tuple[Origin, ...], Meta(min_length=1)]
    note: Annotated[str, Meta(max_length=1_000)] = ""
    rules: tuple[Rule, ...] = ()

    @property
    def ref(self) -> str:
        """How terms name it: ``SAG_TVT_2026@1``."""
        return f"{self.code}@{self.version}"

    def binds_at(self, moment: datetime) -> bool:
        """Whether the text is in force at ``moment``; what is pending or struck down binds nobody."""
        day = moment.astimezone(UTC).date()
        begun = self.in_force.begins is None or self.in_force.begins <= day
        over = self.in_force.until is not None and self.in_force.until < day
        return self.status is Status.IN_FORCE and begun and not over

    def warns_at(self, moment: datetime) -> bool:
        """Whether the text is only expected: its limits are told as warnings."""
        day = moment.astimezone(UTC).date()
        over = self.in_force.until is not None and self.in_force.until < day
        return self.status in {Status.PENDING, Status.UNCONFIRMED} and not over


def parse_profile(source: bytes) -> Profile:
    """Return a profile file, read strictly.

    Raises:
        ValueError: not the schema, or a profile that contradicts itself: one that was struck down has no
            rules, one in force says since when.
    """
    try:
        profile = msgspec.json.decode(source, type=Profile)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    begins, until = profile.in_force.begins, profile.in_force.until
    if profile.status is Status.STRUCK_DOWN and profile.rules:
        raise ValueError(f"{profile.ref} was struck down and can have no rules")
    if profile.status is Status.IN_FORCE and begins is None:
        raise ValueError(f"{profile.ref} is in force and must say since when")
    if begins is not None and until is not None and until < begins:
        raise ValueError(f"{profile.ref} ends before it begins")
    return profile


def profile_hash(profile: Profile) -> str:
    """Return ``sha256:<hex>`` over the profile's RFC 8785 form: what counsel signs off."""
    return f"sha256:{sha256_hex(profile_bytes(profile))}"


def profile_bytes(profile: Profile) -> bytes:
    """Return the profile's RFC 8785 form, which :func:`profile_hash` covers."""
    written: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(profile))
    return canonical_json(written)


@cache
def catalogue() -> Mapping[str, Profile]:
    """Return every profile that came with this version, by its ref, in order.

    Raises:
        ValueError: a file is not a profile, is named otherwise, or two have one ref.
    """
    found: dict[str, Profile] = {}
    folder = files("trustcore.policy").joinpath("profile_data")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".json"):
            continue
        profile = parse_profile(file.read_bytes())
        if file.name != f"{profile.ref}.json":
            raise ValueError(f"{file.name} holds {profile.ref}")
        found[profile.ref] = profile
    return MappingProxyType(found)


def profile_named(ref: str) -> Profile:
    """Return the profile that terms name.

    Raises:
        KeyError: there is none.
    """
    return catalogue()[ref]
