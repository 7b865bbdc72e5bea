"""One gated run: check, lease, command, receipts; fail closed at every turn.

1. Check. Denied or no answer: one line with the reason codes, exit 3, and the command was never started.
2. Start the command in a process group of its own, with the lease in its environment.
3. While it runs: beat for the lease, hash frames as they appear, write receipts to disk, send full batches.
   A server that cannot be reached is waited for: work goes on within the seconds and frames that the signed
   lease allows without it, and receipts wait on disk.
4. A lease that ends, or whose bounds are passed, stops the command, which may finish the frame in hand; frames
   finished before that keep their receipts and their names. What it writes afterwards loses its name to
   ``frame.0007.png.discarded`` and is then reported as discarded; what the server calls unauthorised becomes
   ``.unauthorised``. A gate that is killed has a warden that does the same (:mod:`trustmark_client.warden`).
5. When it has ended: the last frames, all receipts sent, the lease given back. Receipts that could not be sent
   wait for the next run or flush, and keep their lease from being given back before they are reconciled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from trustcore.older import dataclass
from trustmark_client.answers import Decision, Lease
from trustmark_client.asks import Ask
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError, OutboxFull, ServerRefused, ServerUnreachable
from trustmark_client.gate_options import Announce
from trustmark_client.leases import LeaseKeeper
from trustmark_client.outbox import Outbox
from trustmark_client.reporting import Reporter
from trustmark_client.warden import Warden
from trustmark_client.watch import FrameWatch

EXIT_FAILED, EXIT_DENIED = 1, 3
POLL_SECONDS = 0.1
TERM_PATIENCE_SECONDS = 5.0
# together under the ten seconds after which a farm's people look for what hangs
TOKEN_SECONDS, ASK_SECONDS = 3.0, 6.0


@dataclass(frozen=True, slots=True)
class Work:
    """What to run and where its frames appear."""

    command: list[str]
    outbox: Path
    output: Path | None = None
    own_folder: bool = False
    take: int = 1


def quiet(line: str) -> None:
    """Tell nobody but the terminal."""


def within_patience(client: TrustmarkClient, seconds: float = ASK_SECONDS) -> AbstractContextManager[None]:
    """What a task may spend on hearing yes or no: a job that waits for ever looks like one that runs."""
    return client.transport.hurried(seconds)


def run_gated(client: TrustmarkClient, ask: Ask, work: Work, announce: Announce = quiet) -> int:
    """Run ``work`` if ``ask`` is permitted; the exit status of ``gate exec``."""
    try:
        with within_patience(client):
            decision = client.check(ask)
    except ClientError as error:
        return denied([error.code], str(error), announce)
    if not decision.permitted or decision.lease is None:
        return denied(decision.reason_codes or ["NO_LEASE"], f"decision {decision.decision_id}", announce)
    return _run(client, ask, work, decision, decision.lease, announce)


def would_permit(client: TrustmarkClient, ask: Ask, announce: Announce = quiet) -> int:
    """Ask and give back at once what was reserved; the exit status of ``gate ask``."""
    try:
        with within_patience(client):
            decision = client.check(ask)
            if not decision.permitted or decision.lease is None:
                codes = decision.reason_codes or ["NO_LEASE"]
                return denied(codes, f"decision {decision.decision_id}", announce)
            client.end_lease(decision.lease.id)
    except ClientError as error:
        return denied([error.code], str(error), announce)
    return 0


def _run(
    client: TrustmarkClient, ask: Ask, work: Work, decision: Decision, lease: Lease, announce: Announce
) -> int:
    outbox = Outbox(work.outbox / f"{lease.id}.ndjson")
    report = Reporter(client, outbox, _watch(ask, work, lease))
    stopper = _Stopper()
    try:
        with Warden(report.watch, outbox) as warden:
            try:
                keeper = client.keep_lease(lease, on_end=stopper)
            except ClientError as error:
                warden.settled()
                outbox.close()
                return denied([error.code], str(error), announce)
            with keeper:
                process, stopped = _run_command(ask, work, decision, lease, stopper, keeper, report, warden)
                waiting = report.send_rest(keeper, stopped=bool(stopped), settled=warden.settled)
    finally:
        outbox.let_go()  # of what failed all stays on disk as it was, after the warden's look too
    if not waiting:  # else it ends by itself, and what it did not use returns to the quota then
        with suppress(ClientError):
            client.end_lease(lease.id)
    _say_what_is_stuck(report)
    if stopped:
        said = f"the leave ended while the command ran; it was stopped{waiting}"
        return denied(stopped, said, announce)
    return _status_of(process, report, waiting)


def _run_command(
    ask: Ask,
    work: Work,
    decision: Decision,
    lease: Lease,
    stopper: _Stopper,
    keeper: LeaseKeeper,
    report: Reporter,
    warden: Warden,
) -> tuple[subprocess.Popen[bytes], list[str]]:
    """Run it to its end, or to that of its leave: then with the reason codes. It never outlives this call."""
    process = _start(work.command, _environment(ask, work, decision, lease))
    with _forwarded_signals(process):
        try:
            warden.guard(process.pid)
            stopper.process = process
            stopped = _attend(process, stopper, keeper, report)
        finally:
            _end(process)
            warden.relieve()
    return process, stopped


class _Stopper:
    """Asks the command to stop the moment its leave ends, whatever this thread is waiting for."""

    process: subprocess.Popen[bytes] | None = None
    has_asked = False

    def __call__(self, reason_codes: list[str]) -> None:
        if self.process is not None and self.process.poll() is None:
            self.has_asked = True
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)


def _start(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the command in a session and process group of its own, bound to our life."""
    bound = [sys.executable, "-I", "-S", str(Path(__file__).with_name("bound.py")), str(os.getpid())]
    return subprocess.Popen([*bound, *command], env=env, start_new_session=True)


def _watch(ask: Ask, work: Work, lease: Lease) -> FrameWatch | None:
    if work.output is None or ask.first is None or ask.last is None:
        return None
    return FrameWatch(work.output, lease.id, ask.first, ask.last, take=work.take, alone=work.own_folder)


def _environment(ask: Ask, work: Work, decision: Decision, lease: Lease) -> dict[str, str]:
    """The command learns its lease; it does not get the token or our keys."""
    secret = {"TRUSTMARK_API_KEY", "TRUSTMARK_API_KEY_FILE", "TRUSTMARK_PROOF_KEY_FILE"}
    ours = {
        "TRUSTMARK_LEASE_ID": lease.id,
        "TRUSTMARK_DECISION_ID": decision.decision_id,
        "TRUSTMARK_FRAME_FIRST": "" if ask.first is None else str(ask.first),
        "TRUSTMARK_FRAME_LAST": "" if ask.last is None else str(ask.last),
        "TRUSTMARK_OUTPUT": str(work.output or ""),
    }
    return {name: value for name, value in os.environ.items() if name not in secret} | ours


def _attend(
    process: subprocess.Popen[bytes], stopper: _Stopper, keeper: LeaseKeeper, report: Reporter
) -> list[str]:
    """Until the command ends: hash, keep, send. Or until its leave does: the reason codes."""
    while process.poll() is None:
        if keeper.ended.is_set():
            return keeper.reason_codes
        if report.watch is not None:
            try:
                report.keep(keeper)
            except OutboxFull as full:
                return [full.code]
            if report.watch.missing and (over := keeper.bounds.why_over()):
                keeper.end(over)  # as many frames as the grace allows, and more to come
                continue
            try:
                if keeper.is_online:
                    report.send_full()
            except ServerRefused as refusal:  # our key ended, say: whoever may not report may not render
                return [refusal.code]
            except ServerUnreachable:  # it may be away for the lease's grace: rows wait on disk
                keeper.is_online = False
        time.sleep(POLL_SECONDS)
    # a command that was asked to stop did not end by itself, also when it obeyed with status 0 while we were sending
    was_stopped = keeper.ended.is_set() and (stopper.has_asked or process.returncode)
    return keeper.reason_codes if was_stopped else []


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the command and all it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(TERM_PATIENCE_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _say_what_is_stuck(report: Reporter) -> None:
    for path, why in report.watch.stuck.items() if report.watch else ():
        print(
            f"trustmark gate: {path} keeps its name, though it was given up: {why}",
            file=sys.stderr,
            flush=True,
        )


def _status_of(process: subprocess.Popen[bytes], report: Reporter, waiting: str) -> int:
    """The command's own status unless frames or receipts are missing."""
    counts, watch = report.outbox.counts, report.watch
    if waiting:
        print(f"trustmark gate: {waiting.removeprefix('; ')}", file=sys.stderr)
        return process.returncode or EXIT_FAILED
    if counts.unauthorised or counts.refused:
        print(
            f"trustmark gate: {counts.accepted} receipts accepted, {counts.unauthorised} unauthorised, "
            f"{counts.refused} refused: {' '.join(sorted(counts.codes))}",
            file=sys.stderr,
        )
        return process.returncode or EXIT_FAILED
    if watch is not None and watch.stuck:
        return process.returncode or EXIT_FAILED
    if watch is not None and watch.missing and process.returncode == 0:
        print(
            f"trustmark gate: {len(watch.missing)} frames did not appear, first {watch.missing[0]}",
            file=sys.stderr,
        )
        return EXIT_FAILED
    return _status(process.returncode)


def _status(returncode: int) -> int:
    """A command ended by a signal reports 128 and its number, as shells do."""
    return returncode if returncode >= 0 else 128 - returncode


class _forwarded_signals:  # noqa: N801 - a context manager named for how it reads
    """TERM and INT that reach us go to the command, which lives in a group of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._forward)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _forward(self, number: int, frame: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def denied(reason_codes: list[str], detail: str, announce: Announce = quiet) -> int:
    """Say why on one line, to the terminal and to the job manager."""
    print(f"trustmark gate: denied: {' '.join(reason_codes)} ({detail})", file=sys.stderr, flush=True)
    announce(f"trustmark gate: denied: {' '.join(reason_codes)}")
    return EXIT_DENIED
