"""What the steps of the journey share: the server's address, the people, the keys, what was found on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from trustmark_client import ProofKey, TrustmarkClient
from trustmark_client.transport import refusal

from trustmark.demo.logins import Login
from trustmark.demo.portal import Portal

Outcome = dict[str, Any]
DAY = 86_400


class StepFailed(AssertionError):
    """The server did not do what the main job promises."""


def expect(condition: object, sentence: str) -> None:
    """Go on only if ``condition`` holds.

    Raises:
        StepFailed: with the sentence.
    """
    if not condition:
        raise StepFailed(sentence)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key of the play with the proof key its tokens are bound to, as files for the gate."""

    api_key_file: Path
    proof_key_file: Path

    @property
    def api_key(self) -> str:
        return self.api_key_file.read_text().strip()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was refused as it must be; ``decision`` is the id of the logged answer to a check."""

    what: str
    code: str
    decision: str | None = None


@dataclass(slots=True)
class Stage:
    """The state of one journey."""

    base_url: str
    out: Path
    logins: dict[str, Login]
    clock_file: Path
    tell: Callable[[str], None] = lambda _: None
    advance: Callable[[int, int], None] = lambda _done, _total: None
    keys: dict[str, Key] = field(default_factory=dict)
    project: str = ""
    other_project: str = ""
    request_id: str = ""
    jti: str = ""
    renewed_jti: str = ""
    asset_id: str = ""
    mark: str = ""
    first_tokens: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """Scratch: frames, tokens, keys, receipts that wait; removed at the end."""
        return self.out / "work"

    @property
    def delivery(self) -> Path:
        return self.out / "delivery.mp4"

    @property
    def stripped(self) -> Path:
        return self.out / "stripped.mp4"

    @property
    def bundle(self) -> Path:
        return self.out / "bundle.zip"

    def portal(self, person: str) -> Portal:
        """Sign ``person`` in at the portal."""
        return Portal(self.base_url, self.logins[person])

    def client(self, name: str) -> TrustmarkClient:
        """The Python client with the key called ``name``."""
        key = self.keys[name]
        return TrustmarkClient(self.base_url, key.api_key, ProofKey.read(key.proof_key_file))

    def api(self, name: str, method: str, path: str, **content: Any) -> Any:
        """A plain call of the public API with the key called ``name``; the JSON of its answer.

        Raises:
            ServerRefused: with the problem's code.
        """
        answer = httpx.request(
            method,
            f"{self.base_url}{path}",
            headers={"Authorization": f"Bearer {self.keys[name].api_key}", **content.pop("headers", {})},
            timeout=120,
            **content,
        )
        if not answer.is_success:
            raise refusal(answer)
        return (
            answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer
        )

    def move_clock(self, seconds: float) -> None:
        """Move the test clock on; server, workers and farm read the same file."""
        offset = float(self.clock_file.read_text() or 0) + seconds
        draft = self.clock_file.with_suffix(".next")
        draft.write_text(f"{offset:.0f}")
        draft.replace(self.clock_file)

    def wait_for(self, what: str, look: Callable[[], Any], *, seconds: float) -> Any:
        """Poll ``look`` until it answers something true, and return that.

        Raises:
            StepFailed: the time is over.
        """
        deadline = time.monotonic() + seconds
        while not (found := look()):
            expect(time.monotonic() < deadline, f"{what}: nothing after {seconds:.0f} s")
            time.sleep(0.3)
        return found


def pretty(value: Any) -> str:
    """JSON for a message."""
    return json.dumps(value, indent=1, default=str)
