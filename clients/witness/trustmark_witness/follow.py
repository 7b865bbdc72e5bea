"""Cosign a checkpoint if it extends the last one; keep both if it does not.

Two ways in. *Submitted*: somebody sends checkpoint and proof (``add-checkpoint``). *Pulled*: we read the log's
checkpoint and make the proof from its tiles, which need not be believed: the proof holds or it does not.
Either way one turn, under the state's lock: read what was signed last, decide, sign, store, and only then let it go.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import Note, NoteVerifier
from trustcore.log.compare import (
    Comparison,
    SignedCheckpoint,
    Verdict,
    compare_checkpoints,
    open_checkpoint,
)
from trustcore.log.cosignature import cosign
from trustcore.log.tiles import ReadTiles
from trustcore.log.witness import KnownLogs, Submission, WitnessRefused, judge_submission
from trustcore.signing import Signer
from trustmark_witness.source import FileMissing, LogSource, LogUnreachable
from trustmark_witness.state import WitnessState


class Outcome(StrEnum):
    """What became of one look at a log."""

    COSIGNED = "COSIGNED"
    UNCHANGED = "UNCHANGED"
    OLDER = "OLDER"
    UNREACHABLE = "UNREACHABLE"
    INVALID = "INVALID"
    UNPROVEN = "UNPROVEN"
    FORKED = "FORKED"


ALARMS = frozenset({Outcome.INVALID, Outcome.UNPROVEN, Outcome.FORKED})


@dataclass(frozen=True, slots=True)
class Result:
    """What a look at a log led to, in a sentence; ``evidence`` is the report on disk, where one was written."""

    outcome: Outcome
    detail: str
    evidence: Path | None = None


@dataclass(slots=True)
class _Reading:
    """A log's files while two checkpoints are compared; remembers whether the network failed."""

    source: LogSource
    failure: LogUnreachable | None = None

    def fetch(self, path: str) -> bytes:
        try:
            return self.source.fetch(path)
        except FileMissing:
            raise
        except LogUnreachable as error:
            self.failure = error
            raise


@dataclass(slots=True)
class Follower:
    """One witness: its name, key and memory, and the logs it knows."""

    name: str
    signer: Signer
    state: WitnessState
    logs: KnownLogs
    now: Callable[[], float] = time.time

    def submit(self, submission: Submission) -> Note:
        """Decide on ``add-checkpoint``; return the checkpoint with our line, already stored.

        Raises:
            WitnessRefused: with the status to answer; a contradiction is on disk by then.
        """
        origin = submission.note.text.partition("\n")[0]
        with self.state.turn():
            last = self.state.last(origin) if origin in self.logs else None
            try:
                judge_submission(submission, logs=self.logs, seen=last.checkpoint if last else None)
            except WitnessRefused as refusal:
                if refusal.suspect and last is not None:
                    other = open_checkpoint(submission.note.encode(), self._keys_in(origin, submission.note))
                    self._keep(compare_checkpoints(last, other, proof=submission.proof))
                raise
            return self._cosign(origin, submission.note)

    def pull(self, origin: str, source: LogSource) -> Result:
        """Look at a log once: read its checkpoint, check it, cosign and bring the line back."""
        try:
            note = source.checkpoint()
            new = open_checkpoint(note, self.logs[origin])
        except LogUnreachable as error:
            return Result(Outcome.UNREACHABLE, str(error))
        except InvalidEvidence as error:
            return Result(Outcome.INVALID, f"{origin}: the checkpoint: {error.detail}")
        if new.checkpoint.origin != origin:
            return Result(Outcome.INVALID, f"{source.url} shows {new.checkpoint.origin}, not {origin}")
        with self.state.turn():
            result, cosigned = self._judge(origin, new, source)
        if cosigned is not None:
            try:
                source.push(cosigned.encode())
            except LogUnreachable as error:
                return Result(Outcome.UNREACHABLE, f"{result.detail}; not brought to the log: {error}")
        return result

    def _judge(self, origin: str, new: SignedCheckpoint, source: LogSource) -> tuple[Result, Note | None]:
        last = self.state.last(origin)
        if last is not None and last.checkpoint == new.checkpoint:
            return Result(Outcome.UNCHANGED, f"{origin} at {new.size}"), last.note
        if last is None or last.size < new.size:
            submission = self._submission(origin, last, new, source)
            if isinstance(submission, Result):
                return submission, None
            try:
                judge_submission(submission, logs=self.logs, seen=last.checkpoint if last else None)
                note = self._cosign(origin, new.note)
                return Result(Outcome.COSIGNED, f"{origin} at {new.size}"), note
            except WitnessRefused as refusal:
                if last is None:
                    return Result(Outcome.INVALID, f"{origin}: {refusal.detail}"), None
        reading = _Reading(source)
        comparison = compare_checkpoints(last, new, fetch=reading.fetch, log_keys=self.logs[origin])
        if comparison.verdict is Verdict.UNPROVEN and reading.failure is not None:
            return Result(Outcome.UNREACHABLE, str(reading.failure)), None
        if comparison.verdict is Verdict.CONSISTENT:  # an older one, from a cache or a server behind
            return Result(Outcome.OLDER, f"{origin} shows {new.size}, {last.size} were seen"), None
        path = self._keep(comparison)
        return Result(Outcome(comparison.verdict.value), f"{origin}: {comparison.detail}", path), None

    def _submission(
        self, origin: str, last: SignedCheckpoint | None, new: SignedCheckpoint, source: LogSource
    ) -> Submission | Result:
        if last is None or not last.size:
            return Submission(last.size if last else 0, (), new.note)
        try:
            proof = ReadTiles(source.fetch, new.size).consistency_proof(last.size)
        except FileMissing as error:
            return Result(Outcome.UNPROVEN, f"{origin} at {new.size}: {error}")
        except LogUnreachable as error:
            return Result(Outcome.UNREACHABLE, str(error))
        except (InvalidEvidence, ValueError) as error:
            return Result(Outcome.UNPROVEN, f"{origin} at {new.size}: damaged tiles: {error}")
        return Submission(last.size, tuple(proof), new.note)

    def _cosign(self, origin: str, note: Note) -> Note:
        own = Note(note.text, tuple(one for one in note.signatures if one.name == origin))
        cosigned = cosign(own, name=self.name, signer=self.signer, now=int(self.now()))
        self.state.remember(origin, cosigned.encode())
        return cosigned

    def _keep(self, comparison: Comparison) -> Path:
        known, other = comparison.older, comparison.newer
        if self.state.last(known.checkpoint.origin) != known:
            known, other = other, known
        return self.state.keep_evidence(
            known.checkpoint.origin,
            known=known.note.encode(),
            other=other.note.encode(),
            report=comparison.report(),
        )

    def _keys_in(self, origin: str, note: Note) -> Sequence[NoteVerifier]:
        return [key for key in self.logs[origin] if note.signature_of(key) is not None]
