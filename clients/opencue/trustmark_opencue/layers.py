"""Before a frame: the question. Around its command: ``trustmark gate exec``. After it: receipts that still wait.

Why not outline's event listeners: what a listener raises is logged and swallowed, unless it is one exception
(``outline.event.EventHandler.emit``), and no listener hears of a frame that failed. The layer's own methods are heard.
Outline also promises to call ``after_execute`` for a frame that failed, and does not: receipts and the discarding of
frames are the work of ``gate exec``, which outlives its command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import outline
from outline.modules.shell import Shell
from trustmark_client import ClientError, Denied
from trustmark_client.node import Node, said
from trustmark_client.session import ASK_SECONDS, TOKEN_SECONDS

TOLD = ("licence", "project", "shot", "use_type", "render_territory", "construct", "purpose")
FLUSH_SECONDS = 8


class Licensed(outline.layer.Layer):
    """A layer whose commands run under a licence.

    Args of the layer: ``output``, the folder in which a file per frame appears; and, where the job and not the
    worker's environment says it, ``licence``, ``project``, ``shot``, ``use_type``, ``render_territory``,
    ``construct``, ``purpose``. Keys are the worker's and no part of a job.
    """

    def __init__(self, name: str, **args: Any) -> None:
        """A layer that must be told its output."""
        super().__init__(name, **args)
        self.require_arg("output")
        self._frame = 0

    def execute(self, frame: int) -> None:
        """Remember which frame, or first frame of a chunk, this process was started for."""
        self._frame = int(frame)
        super().execute(frame)

    def _before_execute(self) -> None:
        """An early no: ask as for the first frame of the chunk, and give back at once what that reserved.

        Raises:
            ShellCommandFailureException: denied; the frame ends with status 3 and the line that names the reason.
        """
        super()._before_execute()
        os.environ.update(self._environment())
        try:
            self._ask()
        except (ClientError, ValueError, OSError) as error:
            status = said(error)  # pycuerun prints nothing of the exception, and ends with its status
            raise outline.exception.ShellCommandFailureException(str(error), status) from error

    def _ask(self) -> None:
        node = Node.of_environment()
        frame = self._frame
        with node.client() as client:
            try:
                with client.transport.hurried(TOKEN_SECONDS + ASK_SECONDS):
                    ask = node.ask(client.fresh_token(node.licence), frame, frame, engine="opencue")
                    decision = client.check(ask)
                    if not decision.permitted or decision.lease is None:
                        codes = decision.reason_codes or ["NO_LEASE"]
                        raise Denied(codes, f"decision {decision.decision_id}")
                    client.end_lease(decision.lease.id)
            except Denied:
                raise
            except ClientError as error:
                raise Denied([error.screen_code], str(error)) from error

    def system(self, cmd: Any, ignore_error: bool = False, frame: int | None = None) -> None:
        """Run a command under a lease of its own; a refusal is no error that a layer may ignore.

        Raises:
            ShellCommandFailureException: with the command's own status, or with 3 where it was denied or ended.
        """
        command = outline.io.prep_shell_command(cmd, frame)
        if frame is None:
            raise outline.exception.LayerException("a licensed command needs the frame that it renders")
        gate = [
            sys.executable, "-m", "trustcore.cli", "gate", "exec", "--frames", str(frame),
            "--output", str(self.get_arg("output")), "--engine", "opencue", "--",
        ]  # fmt: skip
        outline.io.system([*gate, *command], False, frame)

    def _after_execute(self) -> None:
        """Send what still waits on this worker, of this frame or of those before it; it may wait longer."""
        super()._after_execute()
        flush = [sys.executable, "-m", "trustcore.cli", "gate", "flush"]
        try:
            subprocess.run(flush, check=False, timeout=FLUSH_SECONDS)
        except subprocess.TimeoutExpired:
            print("trustmark: receipts still wait on this worker", file=sys.stderr, flush=True)

    def _environment(self) -> dict[str, str]:
        """What the job says, as the variables that everything of ours reads."""
        told = {name: self.get_arg(name, None) for name in TOLD}
        return {f"TRUSTMARK_{name.upper()}": str(value) for name, value in told.items() if value}


class LicensedShell(Licensed, Shell):
    """A command per frame, under a licence."""
