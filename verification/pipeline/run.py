"""Verify one file: every stage in its order, every failure in the report, then the decision.

1. ingest; 2. canonicalise; 3. credentials; 4. marks; 5. detectors; 6. decide. A stage that fails leaves its place in the
report with the reason, and the next one runs: no layer gates another. Only what was never a medium is not read on.

The order is that of the report. Marks need nothing that another stage finds: they are read from the beginning, beside
the others, and detectors as soon as the credentials are known; each in its own process, as ever.

A verification of stored evidence is decided again by :func:`decided`, without the file.
"""

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from common.warmed import Warmed
from trustcore.verification.decide import Evidence, Risk, decide
from trustcore.verification.policy import Policy
from trustcore.verification.report import (
    SCHEMA,
    Audit,
    Decided,
    Deepfake,
    Media,
    Provenance,
    Report,
    Sampling,
    StageRun,
    Watermark,
)
from trustcore.verification.words import (
    Binding,
    DetectionState,
    ErrorState,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    SignerTrust,
    Stage,
    StageState,
    WatermarkReason,
    WatermarkStatus,
)
from verification.pipeline.case import Case
from verification.pipeline.confined import CHILD, Confined, Outcome, not_started
from verification.pipeline.contracts import (
    DECISION,
    Canonical,
    Ingested,
    StageContract,
    contract_of,
    versions,
)
from verification.pipeline.nearest import nearest_original

OnStage = Callable[[StageRun], None]
# what a medium that cannot be read at all is called in its own code
_UNREADABLE = frozenset({"MEDIA_UNREADABLE", "MEDIA_EMPTY"})


@dataclass
class _Course:
    """What a verification has come to so far."""

    case: Case
    policy: Policy
    child: str
    seconds: float | None
    tell: OnStage
    warmed: Warmed | None = None
    runs: list[StageRun] = field(default_factory=list)
    errors: set[ErrorState] = field(default_factory=set)
    only_binding_fails: bool = False
    # a stage that takes long to load is started before its turn
    early: dict[Stage, Confined] = field(default_factory=dict)
    # what runs beside the others, and who waits for it
    beside: dict[Stage, Future[Outcome]] = field(default_factory=dict)
    waiters: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def start(self, stage: Stage) -> None:
        """Start a stage before its turn; where there is no process to be had now, it is tried again in its turn."""
        with suppress(OSError):
            self.early[stage] = self._confined(contract_of(stage))

    def begin(self, stage: Stage, given: dict[str, Any]) -> None:
        """Let a stage that was started work beside the others; :meth:`run` takes its outcome in its turn."""
        if stage in self.early:
            with suppress(RuntimeError):  # no thread to be had: it runs in its turn
                self.beside[stage] = self.waiters.submit(self.early[stage].run, given)

    def end(self) -> None:
        for one in self.early.values():
            one.end()
        self.waiters.shutdown()

    def run(self, stage: Stage, given: dict[str, Any]) -> Outcome:
        contract = contract_of(stage)
        if (under_way := self.beside.pop(stage, None)) is not None:
            outcome = under_way.result()
            self.early.pop(stage, None)  # it has ended and was waited for: its number may be another's by now
        else:
            outcome = self._alone(contract, given)
        if outcome.state is not StageState.DONE:
            self.errors.add(contract.error)
        self._note(contract, outcome.state, outcome.milliseconds, _why(outcome), outcome)
        return outcome

    def _alone(self, contract: StageContract, given: dict[str, Any]) -> Outcome:
        try:
            process = self._confined(contract)
        except OSError as error:
            return not_started(error)
        return process.run(given)

    def _confined(self, contract: StageContract) -> Confined:
        return Confined(contract, child=self.child, seconds=self.seconds, warmed=self.warmed)

    def skip(self, stage: Stage, reason: str) -> None:
        self._note(contract_of(stage), StageState.SKIPPED, 0.0, reason)

    def decided(self, milliseconds: float) -> None:
        contract, version = DECISION
        self._tell(
            StageRun(
                name=Stage.DECISION,
                contract=contract,
                version=version,
                state=StageState.DONE,
                milliseconds=milliseconds,
            )
        )

    def _note(
        self,
        contract: StageContract,
        state: StageState,
        took: float,
        why: str,
        outcome: Outcome | None = None,
    ) -> None:
        self._tell(
            StageRun(
                name=contract.stage,
                contract=contract.contract,
                version=contract.version,
                state=state,
                milliseconds=took,
                reason=why,
                error=outcome.error if outcome else None,
                isolated=outcome.isolated if outcome else (),
            )
        )

    def _tell(self, run: StageRun) -> None:
        self.runs.append(run)
        self.tell(run)


def verify(
    case: Case,
    policy: Policy,
    *,
    at: datetime,
    child: str = CHILD,
    seconds: float | None = None,
    warmed: Warmed | None = None,
    lead: Callable[[str], dict[str, Any] | None] = lambda payload: None,
    tell: OnStage = lambda run: None,
) -> Report:
    """Verify a file; never raises for what is in it.

    Args:
        at: the moment that the report states.
        seconds: wall clock of each stage, instead of the contracts' own.
        warmed: forks the stages' processes where many files are verified; None: each loads for itself.
        lead: what a mark that was found leads to, where the asker may be told.
        tell: told of each stage as it ends.
    """
    course = _Course(case, policy, child, seconds, tell, warmed)
    try:
        if Stage.WATERMARK in case.layers and case.keys:
            course.start(Stage.WATERMARK)
            course.begin(Stage.WATERMARK, _asked_of_marks(case))
        if Stage.DETECTION in case.layers:
            course.start(Stage.DETECTION)
        ingested = _ingest(course)
        canonical = _canonicalise(course)
        provenance = _credentials(course, canonical)
        if _has_detection(course, provenance):
            course.begin(Stage.DETECTION, _asked_of_detectors(course, ingested, canonical))
        watermark = _marks(course, lead)
        deepfake = _detection(course, ingested, canonical, provenance)
    finally:
        course.end()
    if provenance.status is ProvenanceStatus.MISSING and provenance.reason is ProvenanceReason.MISSING:
        course.errors.add(ErrorState.MISSING_PROVENANCE)
    if provenance.reason is ProvenanceReason.BINDING_MISMATCH:
        course.errors.add(ErrorState.BINDING_MISMATCH)
    if provenance.reason in {ProvenanceReason.EXTRACT_FAILED, ProvenanceReason.MALFORMED}:
        course.errors.add(ErrorState.PROVENANCE_EXTRACT_FAILED)
    if deepfake.state is DetectionState.OUT_OF_CONTRACT:
        course.errors.add(ErrorState.DETECTOR_OUT_OF_CONTRACT)
    began = time.monotonic()
    errors = tuple(str(one) for one in ErrorState if one in course.errors)
    decision = decided(provenance, watermark, deepfake, errors, policy, case.impact)
    course.decided(round((time.monotonic() - began) * 1000, 1))
    audit = Audit(
        verified_at=at.isoformat().replace("+00:00", "Z"),
        pipeline_versions=versions() | {"c2pa": provenance.sdk or ""},
        input_canonical_hash=f"sha256:{canonical.canonical_sha256}"
        if canonical.canonical_sha256
        else f"sha256:{ingested.sha256}",
        input_sha256=f"sha256:{ingested.sha256}",
        input_pointer=case.pointer,
        stages=tuple(course.runs),
        sampling=canonical.sampling,
        iscc=canonical.iscc,
        frame_hashes=canonical.frame_codes,
        transport=dict(case.transport),
        errors=errors,
    )
    return Report(
        schema=SCHEMA, asset_id=case.asset_id, media=ingested.media, provenance=provenance, watermark=watermark,
        deepfake=deepfake, decision=decision, audit=audit,
    )  # fmt: skip


def decided(
    provenance: Provenance,
    watermark: Watermark,
    deepfake: Deepfake,
    errors: tuple[str, ...],
    policy: Policy,
    impact: Impact,
) -> Decided:
    """Decide on the evidence of a report; a replay calls it with what was stored."""
    layers = _answered(provenance, watermark, deepfake)
    statuses = {one.status for one in watermark.segments}
    risk = None
    if deepfake.status is not None:
        risk = Risk(deepfake.status, deepfake.confidence or 0.0, deepfake.disagree, deepfake.acting)
    decision = decide(
        Evidence(
            provenance=provenance.status,
            provenance_reason=provenance.reason,
            binding=provenance.binding,
            watermark=watermark.status,
            watermark_confidence=watermark.confidence,
            risk=risk,
            impact=impact,
            errors=frozenset(ErrorState(one) for one in errors),
            layers=len(layers),
            licensed=provenance.licensed or watermark.leads_to is not None,
            partial=WatermarkStatus.PRESENT in statuses and len(statuses) > 1,
        ),
        policy,
    )
    return Decided(
        action=decision.action,
        rationale_codes=decision.rationale_codes,
        conclusion=decision.conclusion,
        headline=decision.headline,
        policy=decision.policy,
        policy_sha256=decision.policy_sha256,
        impact=impact,
        layers=layers,
    )


def _ingest(course: _Course) -> Ingested:
    outcome = course.run(Stage.INGEST, course.case.given())
    if outcome.state is StageState.DONE:
        found: Ingested = outcome.value
        return found
    if outcome.code in _UNREADABLE:
        course.errors.add(ErrorState.STREAM_CORRUPTED)
    size = course.case.path.stat().st_size if course.case.path.is_file() else 0
    return Ingested(
        media=Media(name=course.case.name, bytes=size, kind="unknown"), sha256=_sha256(course.case)
    )


def _canonicalise(course: _Course) -> Canonical:
    outcome = course.run(Stage.CANONICALISE, course.case.given(reduced=course.case.reduced))
    if outcome.state is StageState.DONE:
        found: Canonical = outcome.value
        if found.corrupted:
            course.errors.add(ErrorState.STREAM_CORRUPTED)
        return found
    if outcome.code in _UNREADABLE:
        course.errors.add(ErrorState.STREAM_CORRUPTED)
    return Canonical(canonical_sha256="", sampling=Sampling(frames=0, strategy="none"))


def _credentials(course: _Course, canonical: Canonical) -> Provenance:
    case = course.case
    if Stage.PROVENANCE not in case.layers:
        course.skip(Stage.PROVENANCE, "disabled")
        return Provenance(
            status=ProvenanceStatus.MISSING, reason=ProvenanceReason.NOT_EXAMINED, binding=Binding.UNKNOWN
        )
    given = case.given(
        anchors=case.anchors, crls=case.crls, timestamp_roots=case.timestamp_roots,
        actor_anchors=case.actor_anchors, actor_crls=case.actor_crls, sidecar=str(case.sidecar) if case.sidecar else None,
    )  # fmt: skip
    outcome = course.run(Stage.PROVENANCE, given)
    if outcome.state is not StageState.DONE:
        return Provenance(
            status=ProvenanceStatus.INVALID, reason=ProvenanceReason.EXTRACT_FAILED, binding=Binding.UNKNOWN,
            error=outcome.error,
        )  # fmt: skip
    return _bound(course, outcome.value.provenance, canonical, only_binding=outcome.value.only_binding_fails)


def _bound(
    course: _Course, provenance: Provenance, canonical: Canonical, *, only_binding: bool
) -> Provenance:
    """Say which original a copy is nearest to; by policy, take one as bound that is near enough."""
    near = nearest_original(canonical, course.case.originals)
    if near is None or provenance.binding is Binding.MATCH:
        return provenance
    original, score = near
    changed = msgspec.structs.replace(provenance, nearest_original=original.asset_id, binding_score=score)
    if provenance.causes:
        cause = "re-wrapping" if score == 1.0 else "transcoding"
        changed = msgspec.structs.replace(changed, causes=(cause,))
    if provenance.status is ProvenanceStatus.MISSING and provenance.reason is ProvenanceReason.MISSING:
        # an original had credentials, and this copy of it has none
        lost = ("metadata stripping",) if score == 1.0 else ("metadata stripping", "transcoding")
        changed = msgspec.structs.replace(changed, causes=lost)
    tolerance = course.policy.provenance.binding_tolerance
    if (
        only_binding
        and provenance.signer_trust is SignerTrust.TRUSTED
        and tolerance < 1.0
        and score >= tolerance
    ):
        return msgspec.structs.replace(
            changed, status=ProvenanceStatus.VALID, reason=ProvenanceReason.BINDING_TOLERATED,
            binding=Binding.TOLERATED,
        )  # fmt: skip
    return changed


def _marks(course: _Course, lead: Callable[[str], dict[str, Any] | None]) -> Watermark:
    case = course.case
    if Stage.WATERMARK not in case.layers:
        course.skip(Stage.WATERMARK, "disabled")
        return Watermark(status=WatermarkStatus.UNCERTAIN, reason=WatermarkReason.NOT_EXAMINED)
    if not case.keys:
        course.skip(Stage.WATERMARK, "no_key")
        return Watermark(status=WatermarkStatus.UNCERTAIN, reason=WatermarkReason.NO_KEY)
    outcome = course.run(Stage.WATERMARK, _asked_of_marks(case))
    if outcome.state is not StageState.DONE:
        return Watermark(
            status=WatermarkStatus.UNCERTAIN, reason=WatermarkReason.EXTRACTION_FAILED, error=outcome.error
        )
    found: Watermark = outcome.value.watermark
    leads_to = lead(found.payload) if found.payload else None
    return msgspec.structs.replace(found, leads_to=leads_to)


def _detection(course: _Course, ingested: Ingested, canonical: Canonical, provenance: Provenance) -> Deepfake:
    if Stage.DETECTION not in course.case.layers:
        course.skip(Stage.DETECTION, "disabled")
        return Deepfake(state=DetectionState.DISABLED, detail="switched off for this verification")
    if not _has_detection(course, provenance):
        course.skip(Stage.DETECTION, "early_exit")
        return Deepfake(state=DetectionState.SKIPPED, detail="valid credentials with an exact binding")
    outcome = course.run(Stage.DETECTION, _asked_of_detectors(course, ingested, canonical))
    if outcome.state is not StageState.DONE:
        return Deepfake(state=DetectionState.FAILED, detail=_why(outcome), error=outcome.error)
    found: Deepfake = outcome.value.deepfake
    return found


def _asked_of_marks(case: Case) -> dict[str, Any]:
    return case.given(keys=dict(case.keys), candidates=dict(case.candidates))


def _has_detection(course: _Course, provenance: Provenance) -> bool:
    """Whether detectors are asked: not after valid credentials of this very file, where the policy says so."""
    exact = provenance.status is ProvenanceStatus.VALID and provenance.binding is Binding.MATCH
    return Stage.DETECTION in course.case.layers and not (exact and course.policy.provenance.early_exit)


def _asked_of_detectors(course: _Course, ingested: Ingested, canonical: Canonical) -> dict[str, Any]:
    media = ingested.media
    return course.case.given(
        kind=media.kind, width=media.width, height=media.height, frames=canonical.sampling.frames,
        frame_rate=media.frame_rate, reduced=course.case.reduced, promoted=course.case.promoted,
        risk=msgspec.to_builtins(course.policy.risk),
    )  # fmt: skip


def _answered(provenance: Provenance, watermark: Watermark, deepfake: Deepfake) -> tuple[Stage, ...]:
    """The layers that were examined and came to an answer."""
    silent = {ProvenanceReason.NOT_EXAMINED, ProvenanceReason.EXTRACT_FAILED}
    read = {WatermarkReason.READ, WatermarkReason.NEAR_BOUND}
    told = (
        (Stage.PROVENANCE, provenance.reason not in silent),
        (Stage.WATERMARK, watermark.reason in read),
        (Stage.DETECTION, deepfake.state is DetectionState.SCORED),
    )
    return tuple(stage for stage, has_answered in told if has_answered)


def _why(outcome: Outcome) -> str:
    return ": ".join(word for word in (outcome.reason, outcome.code, outcome.detail) if word)


def _sha256(case: Case) -> str:
    """The hash of a file that could not be taken in: bytes alone, nothing is decoded."""
    if not case.path.is_file():
        return hashlib.sha256(b"").hexdigest()
    with case.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
