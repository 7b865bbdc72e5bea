"""A render farm for tests: asks, renders, reports, through the services that the HTTP API calls.

>>> farm = Farm(token, credential, proof_key)         # doctest: +SKIP
>>> lease = farm.check(0, 23).lease                   # doctest: +SKIP
>>> farm.report(lease.uid, range(24))                 # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.models import ApiCredential
from common import clock
from licensing.models import LicenceToken
from receipts.requests import parse_check
from receipts.services.check import CheckAnswer, check_render
from receipts.services.intake import take_receipts
from receipts.services.lease import end_lease
from tests import factories
from trustcore.dpop import make_proof

URL = "https://render.example/api/v1/render/checks"


@dataclass
class Farm:
    """One worker with one API key, rendering under one licence."""

    token: LicenceToken
    credential: ApiCredential
    proof_key: Ed25519PrivateKey

    @property
    def desk(self) -> Any:
        """The key as a caller."""
        return factories.desk_of_key(self.credential)

    def check(self, first: int, last: int, **changes: Any) -> CheckAnswer:
        """Ask to render frames ``first`` to ``last``."""
        jws = factories.minted(self.token.jti, self.credential)
        body: dict[str, Any] = {
            "token": jws,
            "project": str(self.token.production_id),
            "shot": "0410_0020",
            "task": "comp",
            "use_type": "FACE_RENDER",
            "construct": "FACE_3D",
            "frame_range": {"first": first, "last": last},
            "worker": "node-1",
            "render_territory": "US",
            "requested_at": clock.rfc3339(clock.now()),
        }
        proof = make_proof(
            private_key=self.proof_key,
            method="POST",
            url=URL,
            now=int(clock.now().timestamp()),
            jti=str(uuid4()),
            access_token=jws,
        )
        asked = parse_check(json.dumps(body | changes).encode())
        return check_render(principal=self.desk, asked=asked, proof=proof, method="POST", url=URL)

    def report(self, lease: UUID, frames: Iterable[int], *, take: int = 0, outcome: str = "RENDERED") -> Any:
        """Send the receipts of ``frames``."""
        at = clock.rfc3339(clock.now())
        rows = [
            {
                "lease": str(lease),
                "frame": frame,
                "take": take,
                "file_sha256": hashlib.sha256(f"file {lease} {frame} {take}".encode()).hexdigest(),
                "pixel_sha256": hashlib.sha256(f"pixels {frame}".encode()).hexdigest(),
                "outcome": outcome,
                "started_at": at,
                "finished_at": at,
            }
            for frame in frames
        ]
        lines = [json.dumps(row, sort_keys=True, separators=(",", ":")).encode() for row in rows]
        return take_receipts(
            principal=self.desk, batch_key=str(uuid4()), lines=lines, project=self.token.production_id
        )

    def render(self, first: int, last: int) -> Any:
        """Check, render and report frames ``first`` to ``last``, and give the lease back."""
        answer = self.check(first, last)
        assert answer.lease is not None, answer.check.reasons
        taken = self.report(answer.lease.uid, range(first, last + 1))
        end_lease(principal=self.desk, uid=answer.lease.uid)
        return taken


def make_farm(*args: Any, **kwargs: Any) -> Farm:
    """A farm with a live licence of its own; arguments go to :func:`tests.factories.make_live_token`."""
    return Farm(*factories.make_live_token(*args, **kwargs))
