"""What a farm sets in the environment of its nodes, and the loop, question and exit status that follow from it.

The same variables as ``trustmark gate`` reads: ``TRUSTMARK_URL``, ``TRUSTMARK_API_KEY`` (or ``_FILE``),
``TRUSTMARK_PROOF_KEY_FILE``, ``TRUSTMARK_LICENCE``, ``TRUSTMARK_PROJECT``, ``TRUSTMARK_SHOT``,
``TRUSTMARK_USE_TYPE``, ``TRUSTMARK_RENDER_TERRITORY``, ``TRUSTMARK_CONSTRUCT``, ``TRUSTMARK_PURPOSE``,
``TRUSTMARK_OUTBOX``. A renderer's adapter needs no more than ``Node.of_environment()``.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trustmark_client.asks import Ask
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError, Denied
from trustmark_client.frames import BLOCK, FrameLoop
from trustmark_client.gate_options import default_outbox
from trustmark_client.keys import ProofKey

DONE, FAILED, MISUSE, DENIED = 0, 1, 2, 3


@dataclass(frozen=True)
class Node:
    """One worker of a farm, with the question that its job asks."""

    server: str
    api_key: str
    proof_key: Path
    licence: str
    project: str
    shot: str
    use_type: str
    render_territory: str
    construct: str = "FACE_3D"
    purpose: str = "FINAL"
    outbox: Path = Path()

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] | None = None, **told: str) -> Node:
        """The node that the environment describes; ``told`` goes before it, ``shot="sh010"`` say.

        Raises:
            ValueError: a variable that must be there is not; it is named.
            OSError: a key file cannot be read.
        """
        env = os.environ if environ is None else environ

        def must(name: str) -> str:
            value = told.get(name) or env.get(f"TRUSTMARK_{name.upper()}")
            if not value:
                raise ValueError(f"TRUSTMARK_{name.upper()} is not set")
            return value

        api_key = env.get("TRUSTMARK_API_KEY") or Path(must("api_key_file")).read_text().strip()
        outbox = env.get("TRUSTMARK_OUTBOX")
        return cls(
            server=must("url"),
            api_key=api_key,
            proof_key=Path(must("proof_key_file")),
            licence=must("licence"),
            project=must("project"),
            shot=must("shot"),
            use_type=must("use_type"),
            render_territory=must("render_territory"),
            construct=told.get("construct") or env.get("TRUSTMARK_CONSTRUCT") or "FACE_3D",
            purpose=told.get("purpose") or env.get("TRUSTMARK_PURPOSE") or "FINAL",
            outbox=Path(outbox) if outbox else default_outbox(),
        )

    def client(self) -> TrustmarkClient:
        """A connection of this node's own."""
        return TrustmarkClient(self.server, self.api_key, ProofKey.read(self.proof_key))

    def ask(self, token: str, first: int | None, last: int | None, *, engine: str, version: str = "0") -> Ask:
        """The question for these frames."""
        return Ask(
            token=token,
            project=self.project,
            shot=self.shot,
            use_type=self.use_type,
            construct=self.construct,
            purpose=self.purpose,
            render_territory=self.render_territory,
            first=first,
            last=last,
            engine=engine,
            engine_version=version,
            worker=platform.node() or "worker",
            operator=os.environ.get("USER") or "farm",
        )

    def frames(
        self, client: TrustmarkClient, first: int, last: int, *, engine: str, version: str, block: int = BLOCK
    ) -> FrameLoop:
        """The loop over these frames; each of its checks fetches a fresh token of the licence."""
        return FrameLoop(
            client,
            self.ask("", None, None, engine=engine, version=version),
            first,
            last,
            outbox=self.outbox,
            block=block,
            token=lambda: client.fresh_token(self.licence),
        )


def said(error: Exception) -> int:
    """Say on one line why a job ends, as a farm's screen shows it; its exit status: 3, 1 or 2."""
    status, line = status_of(error)
    print(line, file=sys.stderr, flush=True)
    return status


def status_of(error: Exception) -> tuple[int, str]:
    """Exit status and line of an error: 3 denied, 1 receipts are missing, 2 misuse."""
    if isinstance(error, Denied):
        return DENIED, error.line
    if isinstance(error, ClientError):
        return FAILED, f"trustmark: failed: {error.screen_code} ({error.detail})"
    return MISUSE, f"trustmark: misuse: {error}"
