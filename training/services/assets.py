"""Admit assets: the gate first, the bytes after it. What the gate refuses leaves its decision and no asset."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.ids import new_id
from training.gate.facts import Facts, missing_capture
from training.gate.policy import Verdict
from training.lineage.writing import link, make_node
from training.models import PolicyDecision, Review, ScanJob, Source, TrainingAsset
from training.prints import keep_prints
from training.scanning import Findings, scan_file
from training.scripts import SCRIPT_UNGRANTED, keep_scripts, ungranted_files
from training.seats import require_engineer
from training.services.gate import Capture, Ground, facts_of, ground_of, judge, keep_decision
from training.services.risk import risk_of
from training.services.takedown_work import hold_bytes, require_no_case
from training.services.texts import canonical_url, clean
from training.storing import ISOLATED, ORIGINALS, checked_sha256, put, remove
from training.textprints import keep_sketch
from training.vocabulary import AssetState, CollectionMethod, Held, MediaKind, NodeKind, Outcome
from trustcore.encoding import is_sha256_hex
from trustcore.policy.territory import is_territory

# asked for each row of a bulk: made once
_KINDS, _METHODS = frozenset(MediaKind.values), frozenset(CollectionMethod.values)


@dataclass(frozen=True, slots=True)
class Admission:
    """What came of one asset at the gate: the decision always, the asset unless it was refused."""

    decision: PolicyDecision
    asset: TrainingAsset | None
    # where its bytes are here and not scanned yet: they lie apart until then
    scan: ScanJob | None = None


def register_asset(
    *, principal: Principal, source_id: UUID, capture: Capture, under: str | None = None
) -> Admission:
    """Put one asset through the gate by its captured facts, before any byte of it is stored.

    Args:
        under: hash of the contract that the ingest runs by, empty for none at all; None: whichever is in force.

    Raises:
        NotFound: no such source for this caller.
        Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``CAPTURE_INVALID``, ``CHECKSUM_INVALID``, ``URL_INVALID``, ``TERRITORY_UNKNOWN``.
        Conflict: ``ASSET_EXISTS``: this version is registered; ``CONTRACT_CHANGED``: another contract than ``under``.
    """
    require_engineer(principal)
    source = source_of(principal, source_id)
    told = clean_capture(principal, capture)
    with transaction.atomic():
        ground = ground_of(with_locked_class(source))
        require_contract(ground, under)
        facts = facts_of(
            ground, told, exact_duplicate=is_known(ground, told.sha256),
            script_ungranted=bool(ungranted_files([told.sha256], principal.organisation_id)),
        )  # fmt: skip
        verdict = judge(ground, facts)
        asset_id = new_id() if verdict.outcome != Outcome.REFUSE else None
        decision = keep_decision(
            ground=ground, facts=facts, verdict=verdict, principal=principal, subject_id=asset_id
        )
        asset = _write(principal, ground, told, verdict, decision, asset_id) if asset_id else None
        _tell("training.asset_judged", principal, ground, told, decision, asset)
        return Admission(decision, asset)


def receive_content(
    *, principal: Principal, asset_id: UUID, stream: BinaryIO, under: str | None = None
) -> Admission:
    """Take the bytes of a registered asset: hashed, scanned, judged again, and only then stored.

    A wrong checksum stores nothing and changes nothing. What a scan makes inadmissible ends as refused. Of two callers
    that send the same bytes at once, the later is told what was decided for the earlier; nothing is written twice.

    An original above ``TRAINING_SCAN_INLINE_BYTES`` is put aside unscanned, isolated, and scanned by a worker
    (:mod:`training.services.scans`); ``scan`` of the answer is that job.

    Args:
        under: as for :func:`register_asset`; asked before the first byte and again after the scan.

    Raises:
        NotFound, Forbidden: as :func:`register_asset`.
        InvalidInput: ``CHECKSUM_MISMATCH``, ``FILE_TOO_LARGE``. Conflict: ``ASSET_HAS_CONTENT``, ``ASSET_CLOSED``,
            ``ASSET_TAKEN_DOWN``, ``CONTRACT_CHANGED``.
    """
    require_engineer(principal)
    asset = asset_of(principal, asset_id)
    if refused := _refused_unread(principal, asset, under):
        return refused
    sha256, size = checked_sha256(stream, most=settings.TRAINING_FILE_BYTES_MAX)
    if (sha256, size) != (asset.sha256, asset.size_bytes):
        raise InvalidInput(
            "CHECKSUM_MISMATCH", "These are not the bytes that were registered.",
            _("Registered: %(wanted)s; sent: %(sent)s.") % {"wanted": asset.sha256, "sent": sha256},
        )  # fmt: skip
    _require_open(asset)
    if size > settings.TRAINING_SCAN_INLINE_BYTES:
        return _put_aside(principal, asset.pk, stream, under)
    before = asset
    found = scan_file(stream, kind=asset.kind, organisation_id=asset.organisation_id, but_for=asset.pk)
    with transaction.atomic():
        asset = TrainingAsset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
        if _settled_meanwhile(before, asset):
            return Admission(asset.decision, asset)
        _require_open(asset)
        ground = ground_of(with_locked_class(asset.source))
        require_contract(ground, under)
        return judge_scanned(principal, asset, ground, found, stream)


def judge_scanned(
    principal: Principal, asset: TrainingAsset, ground: Ground, found: Findings, stream: BinaryIO
) -> Admission:
    """Judge an original by what its scan found, and keep its bytes where they belong then.

    MUST be called inside the transaction that holds the asset and the class of ``ground``.
    """
    facts = facts_of(ground, as_captured(asset, found.flags), registered_at=asset.created_at, **found.facts)
    verdict = judge(ground, facts)
    decision = keep_decision(
        ground=ground, facts=facts, verdict=verdict, principal=principal, subject_id=asset.pk,
        after=asset.decision,
    )  # fmt: skip
    asset.findings = found.report
    asset.decision = decision
    asset.state = settled(asset, verdict)
    if asset.state != AssetState.REFUSED:
        hold_bytes(asset.sha256)
        part = ORIGINALS if asset.state == AssetState.ADMITTED else ISOLATED
        asset.location = put(asset.organisation_id, part, asset.sha256, stream)
        asset.held, asset.stored_at = Held.HERE, clock.now()
    asset.save(update_fields=["findings", "decision", "state", "location", "held", "stored_at"])
    if asset.state != AssetState.REFUSED:
        keep_prints(asset.organisation_id, asset.pk, found.prints)
        keep_sketch(asset.organisation_id, asset.pk, found.sketch)
        keep_scripts(asset.pk, found.scripts)
    if asset.state == AssetState.ISOLATED:
        open_review(principal, asset, ground, verdict)
    _tell("training.asset_scanned", principal, ground, as_captured(asset), decision, asset)
    return Admission(decision, asset)


def _put_aside(principal: Principal, asset_id: UUID, stream: BinaryIO, under: str | None) -> Admission:
    """Keep the bytes of a large original apart until a worker has scanned them; nothing may use it before."""
    with transaction.atomic():
        asset = TrainingAsset.objects.select_for_update(of=("self",)).get(pk=asset_id)
        if (open_job := ScanJob.objects.filter(asset=asset, finished_at=None).first()) is not None:
            return Admission(asset.decision, asset, open_job)  # sent twice at once
        _require_open(asset)
        ground = ground_of(with_locked_class(asset.source))
        require_contract(ground, under)
        job = ScanJob.objects.create(
            organisation_id=asset.organisation_id, asset=asset, asked_by=principal.person,
            credential=principal.credential, under=under, was=asset.state, was_location=asset.location,
            moved_at=clock.now(),
        )  # fmt: skip
        hold_bytes(asset.sha256)
        asset.location = put(asset.organisation_id, ISOLATED, asset.sha256, stream)
        asset.state, asset.held = AssetState.ISOLATED, Held.HERE
        asset.save(update_fields=["state", "held", "location"])
        _tell("training.scan_asked", principal, ground, as_captured(asset), asset.decision, asset)
        return Admission(asset.decision, asset, job)


def _refused_unread(principal: Principal, asset: TrainingAsset, under: str | None) -> Admission | None:
    """Refuse before a byte is read or a frame decoded what no scan could save (TP-076); None: go on."""
    with transaction.atomic():
        asset = TrainingAsset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
        _require_open(asset)
        ground = ground_of(with_locked_class(asset.source))
        require_contract(ground, under)
        told = as_captured(asset)
        facts = facts_of(ground, told, registered_at=asset.created_at)
        verdict = judge(ground, facts)
        if verdict.outcome != Outcome.REFUSE:
            return None
        decision = keep_decision(
            ground=ground, facts=facts, verdict=verdict, principal=principal, subject_id=asset.pk
        )
        asset.decision, asset.state = decision, AssetState.REFUSED
        asset.save(update_fields=["decision", "state"])
        _tell("training.asset_refused_unread", principal, ground, told, decision, asset)
        return Admission(decision, asset)


def source_of(principal: Principal, source_id: UUID) -> Source:
    """The caller's source, with its class. Raises ``NotFound``."""
    found = (
        Source.objects.select_related("source_class")
        .filter(pk=source_id, organisation=principal.organisation)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def asset_of(principal: Principal, asset_id: UUID) -> TrainingAsset:
    """The caller's asset. Raises ``NotFound``."""
    found = (
        TrainingAsset.objects.select_related("source__source_class")
        .filter(pk=asset_id, organisation=principal.organisation)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def clean_capture(principal: Principal, capture: Capture) -> Capture:
    """A capture with its text and address in one spelling; what is *missing* is the gate's to judge.

    Raises:
        InvalidInput: as :func:`register_asset`.
    """
    return in_one_spelling(capture, collector=collector_of(principal))


def collector_of(principal: Principal) -> str:
    """Who collected is who calls: a key by its name, a person by theirs."""
    key = principal.credential
    return key.name if key is not None else principal.person.full_name


def in_one_spelling(capture: Capture, *, collector: str) -> Capture:
    """A capture as it is judged and kept. Raises as :func:`clean_capture`."""
    if capture.kind not in _KINDS or capture.method not in _METHODS:
        raise InvalidInput("CAPTURE_INVALID", "The kind or the collection method is not known.")
    if not is_sha256_hex(capture.sha256):
        raise InvalidInput("CHECKSUM_INVALID", "A checksum is a SHA-256 in lower-case hexadecimal digits.")
    if not is_territory(capture.territory):
        raise InvalidInput("TERRITORY_UNKNOWN", _("%(code)s is no territory.") % {"code": capture.territory})
    url, domain = canonical_url(capture.canonical_url)
    external_id = clean(capture.external_id, most=200, code="CAPTURE_INVALID")
    claim = clean(capture.licence_claim, most=200, code="CAPTURE_INVALID", may_be_empty=True)
    was = (
        capture.canonical_url, capture.domain, capture.external_id, capture.licence_claim, capture.collector,
    )  # fmt: skip
    if was == (url, domain, external_id, claim, collector):
        return capture  # as most of a bulk are: a copy costs more than the look
    return replace(
        capture, canonical_url=url, domain=domain, external_id=external_id, licence_claim=claim, collector=collector
    )  # fmt: skip


def require_contract(ground: Ground, under: str | None) -> None:
    """Refuse what an ingest prepared for another contract than the one in force; None asks nothing.

    The class is locked by whoever asks, so that the contract cannot change between this answer and the verdict.

    Raises:
        Conflict: ``CONTRACT_CHANGED`` with ``contract_hash``, the one in force; empty where there is none.
    """
    if under is not None and under != ground.contract_hash:
        raise Conflict(
            "CONTRACT_CHANGED", "Another contract is in force over this class than the one this ingest runs by.",
            _("In force: %(hash)s. Read it, and ask again.") % {"hash": ground.contract_hash or _("none")},
            {"contract_hash": ground.contract_hash},
        )  # fmt: skip


def is_known(ground: Ground, sha256: str) -> bool:
    """Whether these very bytes came in from another source, so that two rights would answer for them (TP-057)."""
    return (
        TrainingAsset.objects.filter(sha256=sha256, organisation_id=ground.source.organisation_id)
        .exclude(source=ground.source)
        .exclude(state__in=[AssetState.REFUSED, AssetState.REMOVED])
        .exists()
    )


def open_review(principal: Principal, asset: TrainingAsset, ground: Ground, verdict: Verdict) -> None:
    """Put an isolated asset into the queue, the riskiest and the longest waiting first."""
    queue_for_review(asset, ground, verdict, principal.person)


def queue_for_review(asset: TrainingAsset, ground: Ground, verdict: Verdict, collected_by: User) -> None:
    """As :func:`open_review`, where time isolated it: ``collected_by`` does not decide about it.

    What a person let in for another reason waits anew: an answered review opens nothing that is isolated later.
    """
    Review.objects.get_or_create(
        asset=asset,
        answer="",
        defaults={
            "organisation_id": asset.organisation_id, "codes": list(verdict.codes),
            "risk": risk_of(ground.source.source_class, ground.rights, asset.method),
            "due_at": clock.now() + timedelta(hours=settings.TRAINING_REVIEW_HOURS),
            "collected_by": collected_by,
        },
    )  # fmt: skip


def _write(
    principal: Principal,
    ground: Ground,
    told: Capture,
    verdict: Verdict,
    decision: PolicyDecision,
    asset_id: UUID,
) -> TrainingAsset:
    house = principal.organisation_id
    version = TrainingAsset.objects.filter(source=ground.source, external_id=told.external_id).count() + 1
    node = make_node(organisation_id=house, kind=NodeKind.ASSET, ref=asset_id)
    is_in = verdict.outcome == Outcome.ADMIT
    rights = ground.rights
    assert rights is not None  # without rights the gate has refused
    try:
        with transaction.atomic():
            asset = TrainingAsset.objects.create(
                pk=asset_id, organisation_id=house, source=ground.source, rights=rights,
                external_id=told.external_id, version=version, kind=told.kind, media_type=told.media_type,
                sha256=told.sha256, size_bytes=told.size_bytes, canonical_url=told.canonical_url,
                method=told.method, collector=told.collector, collected_at=told.collected_at,
                licence_claim=told.licence_claim,
                capture=kept_capture(told),
                state=AssetState.ADMITTED if is_in else AssetState.ISOLATED, held=Held.ELSEWHERE,
                location=told.location, owner=ground.source.owner, decision=decision, node=node,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("ASSET_EXISTS", "This version is registered.") from error
    link(organisation_id=house, edges=[(ground.source.node_id, node.pk)])
    if not is_in:
        open_review(principal, asset, ground, verdict)
    return asset


def kept_capture(told: Capture) -> dict[str, Any]:
    """What a row keeps of a capture beside its columns."""
    return {
        **told.capture, "territory": told.territory, "content": list(told.content),
        "flags": list(told.flags), "business_unit": told.business_unit,
    }  # fmt: skip


def with_locked_class(source: Source) -> Source:
    """The source with its class held still: a stop that comes now waits for us, or we see it."""
    kind = type(source.source_class).objects.select_for_update(no_key=True).get(pk=source.source_class_id)
    source.source_class = kind
    return source


def _require_open(asset: TrainingAsset) -> None:
    if asset.held == Held.HERE:
        raise Conflict(
            "ASSET_HAS_CONTENT", "The bytes of this asset are stored; changed bytes are a new version."
        )
    if asset.state in (AssetState.REFUSED, AssetState.REMOVED):
        raise Conflict("ASSET_CLOSED", "This asset was refused or removed.")
    require_no_case(asset)


def _settled_meanwhile(before: TrainingAsset, now: TrainingAsset) -> bool:
    """Whether another scan of the same bytes, which began while it was still open, has decided it."""
    is_decided = now.held == Held.HERE or now.state == AssetState.REFUSED
    return is_decided and now.decision_id != before.decision_id


def settled(asset: TrainingAsset, verdict: Verdict) -> AssetState:
    """What a scan makes of an asset: it may end or isolate it; what a reviewer admitted stays so unless refused.

    A script is never cleared by an answer: it was given while a grant ran, and this scan found none that runs.
    """
    if verdict.outcome == Outcome.REFUSE:
        return AssetState.REFUSED
    if verdict.outcome == Outcome.ADMIT:
        return AssetState(asset.state)
    answered = Review.objects.filter(asset=asset, answer=Review.Answer.ADMIT).values_list("codes", flat=True)
    cleared = {code for codes in answered for code in codes} - {SCRIPT_UNGRANTED}
    is_cleared = set(verdict.codes) <= cleared
    return AssetState.ADMITTED if is_cleared else AssetState.ISOLATED


def as_captured(asset: TrainingAsset, flags: tuple[str, ...] = ()) -> Capture:
    """What was captured of a registered asset; ``flags`` are further ones, that a scan raised."""
    told: dict[str, Any] = asset.capture
    return Capture(
        external_id=asset.external_id, kind=asset.kind, media_type=asset.media_type, sha256=asset.sha256,
        size_bytes=asset.size_bytes, canonical_url=asset.canonical_url, method=asset.method,
        collector=asset.collector, collected_at=asset.collected_at, licence_claim=asset.licence_claim,
        territory=told["territory"], capture=told, domain=canonical_url(asset.canonical_url)[1],
        content=tuple(told["content"]), flags=(*told["flags"], *flags), business_unit=told["business_unit"],
        location=asset.location,
    )  # fmt: skip


def _tell(
    kind: str,
    principal: Principal,
    ground: Ground,
    told: Capture,
    decision: PolicyDecision,
    asset: TrainingAsset | None,
) -> None:
    """One structured event with the fields that every stage has (TP-014 to TP-022)."""
    record(
        kind=kind, principal=principal, object_type="training_asset",
        object_id=asset.pk if asset else decision.pk,
        details={
            "source_url": told.canonical_url, "source": str(ground.source.pk), "collector": told.collector,
            "checksum": f"sha256:{told.sha256}", "licence_claim": told.licence_claim,
            "verdict": decision.outcome, "codes": list(decision.codes), "decision": str(decision.pk),
            "policy_hash": decision.policy_id, "contract_hash": decision.contract_hash,
            "human_override": [str(one) for one in decision.exceptions],
            "derived_from": [str(ground.source.pk)],
        },
    )  # fmt: skip


def missing_of(capture: Capture) -> tuple[str, ...]:
    """Which captured fields the asset's kind lacks, for the answer."""
    return missing_capture(capture.kind, capture.capture)


def discard_isolated(asset: TrainingAsset) -> None:
    """Take the bytes of a refused asset out of isolation."""
    if asset.location and asset.held == Held.HERE:
        remove(asset.location)


__all__ = [
    "Admission",
    "Facts",
    "as_captured",
    "asset_of",
    "clean_capture",
    "collector_of",
    "discard_isolated",
    "in_one_spelling",
    "is_known",
    "judge_scanned",
    "kept_capture",
    "missing_of",
    "open_review",
    "receive_content",
    "register_asset",
    "require_contract",
    "settled",
    "source_of",
    "with_locked_class",
]
