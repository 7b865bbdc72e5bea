"""The shape of licence terms: closed, frozen structs, one for each group of TAXONOMY 12.

A field that is not named here is refused; a group left out has the default written here, and the
canonical form writes every field. ``0`` in a quota means none; an empty list of shots, sequences,
characters, models or engines means that nothing of the kind is restricted.

A field younger than the first licences (:data:`YOUNGER_FIELDS`) is left out where nothing is agreed, so that the
hashes of older terms stand.

Source: TAXONOMY sections 9, 11 and 12.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from trustcore.policy.clauses import (
    Assignability,
    ChangeOfControl,
    Checkpoint,
    ConsentForm,
    ContentRule,
    Counsel,
    Exclusivity,
    MarkLayer,
    OnEnd,
    PayBasis,
    ProjectKind,
    RatingSystem,
    RenewalTerms,
    ReportCadence,
    ReportReader,
    VisibleLabel,
)
from trustcore.policy.vocabulary import ApprovalMode, Channel, Construct, ReplicaClass, UseType

SCHEMA = "trustmark.terms/1"

Ident = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}\Z")]
"""An id: a UUID, a hash, an EIDR or ISNI, a shot or model name."""
Label = Annotated[str, Meta(min_length=1, max_length=200)]
"""A short text for people."""
Remark = Annotated[str, Meta(min_length=1, max_length=2_000)]
"""A few sentences for people."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Timestamp = Annotated[str, Meta(max_length=40)]
"""RFC 3339; the canonical form is UTC in whole seconds, ``2026-01-31T09:30:00Z``."""
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Days = Annotated[int, Meta(ge=1, le=36_525)]
Money = Annotated[int, Meta(ge=0, le=10**15)]
"""Minor units of the currency; never a float."""
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Territory = Annotated[str, Meta(max_length=16)]
Cap = Annotated[int, Meta(ge=1, le=1_000_000_000)]
"""A number that is only written where one is agreed."""
Multiple = Annotated[int, Meta(ge=1, le=10_000_000)]
"""A multiple of a scale in basis points: 15,000 is one and a half times."""


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the terms."""


class Project(_Group, frozen=True, kw_only=True):
    """The one production, project or campaign the licence is locked to."""

    id: Ident
    kind: ProjectKind = ProjectKind.PRODUCTION
    title: Label
    eidr: Ident | None = None


class ScriptRef(_Group, frozen=True, kw_only=True):
    """A version of the written work the use is described by."""

    ref: Ident
    version: Ident
    sha256: Sha256
    dated: Timestamp | None = None


class Scope(_Group, frozen=True, kw_only=True):
    """Where in the work, and how much: frames, lines, seconds of sound, runs or outputs.

    ``words_max`` and ``max_screen_seconds`` bound what the lines and frames may add up to, and are looked at in each
    render check: words are named with the lines asked for; a second on screen is 24 frames, each of a shot once.
    """

    sequences: tuple[Ident, ...] = ()
    shots: tuple[Ident, ...] = ()
    characters: tuple[Label, ...] = ()
    frames_max: Count = 0
    lines_max: Count = 0
    runs_max: Count = 0
    seconds_max: Count = 0
    resolution_max: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}\Z")] | None = None
    words_max: Cap | msgspec.UnsetType | None = msgspec.UNSET
    max_screen_seconds: Cap | msgspec.UnsetType | None = msgspec.UNSET


class Window(_Group, frozen=True, kw_only=True):
    """When work may be done. Both ends are set, or neither is: then it opens on issue for ``days``.

    ``production_end_event`` names what ends the work before that, as "picture lock".
    """

    not_before: Timestamp | None = None
    not_after: Timestamp | None = None
    days: Days | None = None
    production_end_event: Label | msgspec.UnsetType | None = msgspec.UNSET


class Exploitation(_Group, frozen=True, kw_only=True):
    """Where the finished work may be shown, and until when (``None``: as long as the work lives)."""

    until: Timestamp | None = None
    channels: tuple[Channel, ...]
    distribution_territory: tuple[Territory, ...]
    edit_rights: tuple[Annotated[str, Meta(max_length=40)], ...] = ("FULL_WORK",)


class Tools(_Group, frozen=True, kw_only=True):
    """Models and engines, each as ``name`` or ``name@version``."""

    models_allowed: tuple[Ident, ...] = ()
    models_denied: tuple[Ident, ...] = ()
    engines: tuple[Ident, ...] = ()


class ExclusiveRight(_Group, frozen=True, kw_only=True):
    """How far the licence keeps others out."""

    kind: Exclusivity = Exclusivity.NONE
    categories: tuple[Label, ...] = ()
    territory: tuple[Territory, ...] = ()
    until: Timestamp | None = None
    most_favoured_nation: bool = False


class Approvals(_Group, frozen=True, kw_only=True):
    """Who says yes, and when the work comes back for review."""

    mode: ApprovalMode = ApprovalMode.TALENT_ONLY
    quorum: Annotated[int, Meta(ge=1, le=100)] | None = None
    final_review_hours: Annotated[int, Meta(ge=0, le=8_760)] = 72
    checkpoints: tuple[Checkpoint, ...] = ()


class Compensation(_Group, frozen=True, kw_only=True):
    """What is owed; computed and reported here, never moved. Money is in minor units.

    Attributes:
        use_fee_minor, holding_fee_minor: owed for each further use, and for keeping oneself free.
        scale_multiple_bps: of ``SCALE_MULTIPLE``; ``share_bps``: of a royalty or revenue share.
        equivalent_days_author, equivalent_days_dated: whose good-faith estimate it is, and when it was made.
        audit_rights: who may look into the books, and how.
    """

    basis: PayBasis = PayBasis.NO_FEE_CONSENTED
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")] = "USD"
    amount_minor: Money = 0
    overage_rate_minor: Money = 0
    minimum_guarantee_minor: Money = 0
    kill_fee_minor: Money = 0
    scale_reference: Label | None = None
    equivalent_days_estimated: Count | None = None
    equivalent_days_method: Label | None = None
    pension_health_bps: BasisPoints = 0
    agent_commission_bps: BasisPoints = 0
    residuals: bool = False
    payee: Ident | None = None
    due: Label | None = None
    late_terms: Label | None = None
    use_fee_minor: Money | msgspec.UnsetType | None = msgspec.UNSET
    holding_fee_minor: Money | msgspec.UnsetType | None = msgspec.UNSET
    scale_multiple_bps: Multiple | msgspec.UnsetType | None = msgspec.UNSET
    share_bps: BasisPoints | msgspec.UnsetType | None = msgspec.UNSET
    equivalent_days_author: Label | msgspec.UnsetType | None = msgspec.UNSET
    equivalent_days_dated: Timestamp | msgspec.UnsetType | None = msgspec.UNSET
    audit_rights: Label | msgspec.UnsetType | None = msgspec.UNSET
    tax_withholding_bps: BasisPoints | msgspec.UnsetType | None = msgspec.UNSET


class Reporting(_Group, frozen=True, kw_only=True):
    """How often use is reported, and to whom."""

    cadence: ReportCadence = ReportCadence.WEEKLY
    to: tuple[ReportReader, ...] = (ReportReader.AGENT, ReportReader.GUILD)


class Marking(_Group, frozen=True, kw_only=True):
    """What every output must carry."""

    watermark: tuple[MarkLayer, ...] = (MarkLayer.AUDIO, MarkLayer.PIXEL)
    c2pa: bool = True
    visible_label: VisibleLabel = VisibleLabel.NONE
    iptc: Ident | None = None


class Security(_Group, frozen=True, kw_only=True):
    """How the material is kept while it is worked on."""

    storage_class: Ident | None = None
    encryption: Ident | None = None
    tpn_level: Ident | None = None


class Retention(_Group, frozen=True, kw_only=True):
    """What becomes of scans, replica models and outputs when the licence ends."""

    on_end: OnEnd = OnEnd.DESTROY
    scan: OnEnd = OnEnd.DESTROY
    replica_model: OnEnd = OnEnd.DESTROY
    outputs: OnEnd = OnEnd.KEEP


class Training(_Group, frozen=True, kw_only=True):
    """Training is never part of render terms, and always needs a token of its own."""

    allowed: bool = False
    separate_token_required: bool = True


class Renewal(_Group, frozen=True, kw_only=True):
    """When the licensee is reminded, and on what footing the licence may go on."""

    notify_days_before: tuple[Days, ...] = (30, 14, 7, 1)
    terms: RenewalTerms = RenewalTerms.RENEGOTIATE


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a request declares beside its terms, because some agreement or statute asks for it.

    Attributes:
        counsel_name: named where counsel advised.
        scan_reason: the business reason to make a scan.
        value_justification: what a synthetic performer adds that a person could not.
        struck_work: the work is under a strike.
        consent_written: a written release, or an explicit consent under Article 9, is on file.
        authority_ref: the estate's or guardian's document on file.
        deletion: how and when the replica is deleted.
        exemption: a code of an exemption that is claimed, as ``EXPRESSIVE_WORK``.
        product_category: what is advertised; exclusive categories are compared with it.
    """

    consent_form: ConsentForm | None = None
    represented_by: Counsel | None = None
    counsel_name: Label | None = None
    bargaining_agreement: Ident | None = None
    scan_reason: Remark | None = None
    value_justification: Remark | None = None
    union_notice_at: Ident | None = None
    struck_work: bool = False
    consent_written: bool = False
    authority_ref: Ident | None = None
    deletion: Remark | None = None
    purpose: Remark | None = None
    exemption: Ident | None = None
    rider_id: Ident | None = None
    advertiser: Label | None = None
    product_line: Label | None = None
    product_category: Label | None = None
    ad_id: Ident | None = None
    brand_approved: bool = False
    recognisable: bool = True
    prompt_names_performer: bool = False
    tool_record: Ident | None = None
    provider: Label | None = None


class Terms(_Group, frozen=True, kw_only=True):
    """One version of a licence's terms. Made by :func:`trustcore.policy.terms.parse_terms` only."""

    schema: Annotated[str, Meta(pattern=r"^trustmark\.terms/1\Z")] = SCHEMA
    terms_version: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    supersedes: Ident | None = None
    project: Project
    licensor: Ident
    represented_by: Ident | None = None
    licensee: Ident
    vendors: tuple[Ident, ...] = ()
    assignability: Assignability = Assignability.NONE
    change_of_control: ChangeOfControl = ChangeOfControl.TERMINATE
    talent: Ident
    constructs: tuple[Construct, ...]
    anchors: tuple[Sha256, ...] = ()
    replica_class: ReplicaClass
    use_types: tuple[UseType, ...]
    consent_id: Ident | None = None
    description: Annotated[str, Meta(min_length=1, max_length=8_000)]
    script: tuple[ScriptRef, ...] = ()
    scope: Scope = Scope()
    window: Window
    exploitation: Exploitation
    render_territory: tuple[Territory, ...]
    tools: Tools = Tools()
    exclusivity: ExclusiveRight = ExclusiveRight()
    content: dict[str, Annotated[int, Meta(ge=0, le=5)] | ContentRule] = {}
    # younger than the first licences: left out it is not written, so that their hashes stand
    ratings: dict[RatingSystem, str] | msgspec.UnsetType = msgspec.UNSET
    # younger, too: what an agreement or a statute asks the licensee to say
    declared: Declared | msgspec.UnsetType = msgspec.UNSET
    approvals: Approvals = Approvals()
    compensation: Compensation = Compensation()
    reporting: Reporting = Reporting()
    marking: Marking = Marking()
    credit: Label | None = None
    security: Security = Security()
    retention: Retention = Retention()
    training: Training = Training()
    renewal: Renewal = Renewal()
    profiles: tuple[Ident, ...] = ()
    governing_law: Territory = "US-CA"
    dispute: Label | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the terms as JSON has them: dicts, lists, strings and integers, every field written.

        ``ratings`` and ``declared`` are absent where nothing is agreed or declared.
        """
        written: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return written


YOUNGER_FIELDS: Final = tuple(
    f"{group.__name__.lower()}.{one.name}"
    for group in (Scope, Window, Compensation)
    for one in msgspec.structs.fields(group)
    if one.default is msgspec.UNSET
)
"""Paths that terms have only where something is agreed, as ``scope.words_max``."""


def said(value: Any) -> Any:
    """Return a field's value; ``None`` for one that was left out."""
    return None if value is msgspec.UNSET else value
