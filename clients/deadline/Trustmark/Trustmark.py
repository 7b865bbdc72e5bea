"""Deadline 10 event plug-in: a job whose licence says no is suspended when it is submitted, and failed when it starts.

The licence stands in the job's extra info (``ExtraInfoKeyValue0=trustmark_licence=0197...``), with
``trustmark_project``, ``trustmark_shot``, ``trustmark_use_type`` and ``trustmark_render_territory``.

An event is an early no, and no gate: Deadline starts tasks without waiting for one. What no frame passes is
``trustmark gate exec`` before the command of each task (docs/integrations/deadline10.md). This file is read by
Deadline's own interpreter, whatever its version: it imports nothing of ours, and asks by the command line tool.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from Deadline.Events import DeadlineEventListener
from Deadline.Scripting import RepositoryUtils

if TYPE_CHECKING:
    from Deadline.Jobs import Job

TOLD = ("licence", "project", "shot", "use_type", "render_territory", "construct", "purpose")
PATIENCE_SECONDS = 10


def GetDeadlineEventListener() -> TrustmarkListener:  # noqa: N802 - Deadline calls it so
    """Deadline asks for the listener."""
    return TrustmarkListener()


def CleanupDeadlineEventListener(listener: TrustmarkListener) -> None:  # noqa: N802 - Deadline calls it so
    """Deadline lets go of it."""
    listener.Cleanup()


class TrustmarkListener(DeadlineEventListener):
    """Asks when a job is submitted, resumed and started."""

    def __init__(self) -> None:
        super().__init__()
        self.OnJobSubmittedCallback += self.OnJobSubmitted
        self.OnJobResumedCallback += self.OnJobSubmitted
        self.OnJobStartedCallback += self.OnJobStarted

    def Cleanup(self) -> None:  # noqa: N802 - Deadline calls it so
        """Deadline's .NET side counts references."""
        del self.OnJobSubmittedCallback
        del self.OnJobResumedCallback
        del self.OnJobStartedCallback

    def OnJobSubmitted(self, job: Job) -> None:  # noqa: N802
        """Suspend a job that may not begin: it stays, and may be resumed when its licence is there."""
        refusal = self._refusal(job)
        if refusal:
            RepositoryUtils.SuspendJob(job)
            self._tell(job, refusal)

    def OnJobStarted(self, job: Job) -> None:  # noqa: N802
        """Fail a job whose licence ended while it waited in the queue."""
        refusal = self._refusal(job)
        if refusal:
            RepositoryUtils.FailJob(job)
            self._tell(job, refusal)

    def _refusal(self, job: Job) -> str:
        """Why nothing may be rendered, on one line; nothing where it may, or where no likeness is in the job."""
        told = {name: job.GetJobExtraInfoKeyValue(f"trustmark_{name}") for name in TOLD}
        if not told["licence"]:
            required = self.GetBooleanConfigEntryWithDefault("RequireLicence", False)
            return "trustmark gate: denied: LICENCE_MISSING (the job names none)" if required else ""
        command = [
            self.GetConfigEntryWithDefault("Executable", "trustmark"),
            "gate", "ask", "--engine", "deadline", "--frames", str(next(iter(job.JobFramesList))),
        ]  # fmt: skip
        try:
            asked = subprocess.run(
                command,
                env=self._environment(told),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"trustmark gate: denied: OFFLINE ({type(error).__name__}: the question could not be put)"
        if asked.returncode == 0:
            return ""
        lines = asked.stdout.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"trustmark gate: denied: FAILED (status {asked.returncode})"

    def _environment(self, told: dict[str, str]) -> dict[str, str]:
        job_says = {f"TRUSTMARK_{name.upper()}": value for name, value in told.items() if value}
        server = self.GetConfigEntryWithDefault("Server", "")
        return {**os.environ, **job_says, **({"TRUSTMARK_URL": server} if server else {})}

    def _tell(self, job: Job, refusal: str) -> None:
        """The line stands in the log of the event, and as the job's comment, which the Monitor lists."""
        self.LogWarning(refusal)
        job.JobComment = refusal
        RepositoryUtils.SaveJob(job)
