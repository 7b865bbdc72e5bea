"""What a farm node does, on whatever Python its renderer ships; run by that Python, which has the wheels alone.

Reads from standard input what a server gave, and says what it found as JSON.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import msgspec
import trustmark_client
from trustmark_client import FrameReceipt, ProofKey
from trustmark_client.answers import BatchAnswer, RunAnswer
from trustmark_client.outbox import Outbox
from trustmark_client.pixels import file_sha256, pixel_sha256

import trustcore
from trustcore.dpop import make_proof
from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidToken, TrustError
from trustcore.offline import open_gate
from trustcore.older import StrEnum, bits_set, moment_of, pairwise, zipped
from trustcore.policy.rules import POLICY_HASH
from trustcore.signing import keys_from_jwks

NEEDS_MORE = (
    "trustmark_client.clearance",
    "trustmark_client.mlflow_runs",
)  # OpenTimelineIO, MLflow: extras of their own


def modules() -> int:
    """Load every module of both packages."""
    names = [
        found.name
        for package in (trustcore, trustmark_client)
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=print)
        if not found.name.startswith(NEEDS_MORE) and not found.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    return len(names)


def offline(given: dict) -> dict:
    """Open the gate by token and lease; one flipped letter keeps it shut."""
    trust = {
        "token_keys": keys_from_jwks(given["token_keys"]),
        "decision_keys": keys_from_jwks(given["decision_keys"]),
        "issuer": given["issuer"],
        "audience": given["audience"],
        "now": given["now"],
    }
    gate = open_gate(given["token"], given["lease"], **trust)
    frames = {
        frame: str(gate.may_begin(frame, now=given["now"]).reason or "yes") for frame in given["frames"]
    }
    token = given["token"]
    forged = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    try:
        open_gate(forged, given["lease"], **trust)
        refused = "no"
    except InvalidToken as refusal:
        refused = str(refusal.reason)
    return {"frames": frames, "forged": refused}


def queue(folder: Path) -> list[int]:
    """Keep receipts on disk as a kill leaves them, with a torn last line; send them from a second outbox."""
    at = "2026-11-22T08:05:00.250Z"
    first = Outbox(folder / "q.ndjson", batch_rows=10)
    first.add([FrameReceipt("lease", frame, "1" * 64, "2" * 64, at, at) for frame in range(25)])
    first._file.write(b'{"frame": 25, "fil')
    first._file.close()
    sent: list[int] = []

    def send(rows: list[bytes], key: str) -> BatchAnswer:
        sent.extend(msgspec.json.decode(row)["frame"] for row in rows)
        return BatchAnswer("b", len(rows), 0, 0, [RunAnswer(0, len(rows), "ACCEPTED")])

    second = Outbox(folder / "q.ndjson", batch_rows=10)
    second.send(send, everything=True)
    second.close()
    return sent


def refuses(step) -> bool:
    try:
        step()
    except (ValueError, TrustError):
        return True
    return False


class Word(StrEnum):
    YES = "yes"


def main() -> None:
    given, folder = json.load(sys.stdin), Path(sys.argv[1])
    key = ProofKey.generate()
    key.write(folder / "proof.pem")
    key = ProofKey.read(folder / "proof.pem")
    proof = make_proof(
        private_key=key.private_key, method="POST", url="https://licences.example/x", now=given["now"],
        jti="a-proof-of-one-request", access_token=given["token"],
    )  # fmt: skip
    frame = Path(given["frame"])
    print(json.dumps({
        "python": sys.version_info[:2],
        "modules": modules(),
        "policy": POLICY_HASH,
        "offline": offline(given),
        "proof": proof,
        "jwk": key.jwk,
        "queue": queue(folder),
        "file": file_sha256(frame),
        "pixels": pixel_sha256(frame),
        "older": [
            f"{Word.YES}", str(Word.YES), repr(Word.YES), list(pairwise([1, 2, 3])), bits_set(0b1011),
            moment_of("2026-11-22T08:05:00Z").isoformat(), moment_of("2026-11-22T08:05:00.25Z").isoformat(),
            moment_of("2026-11-22T08:05:00.123456789+02:00").isoformat(),
            refuses(lambda: moment_of("yesterday")), refuses(lambda: moment_of("2026-13-01T00:00:00Z")),
            list(zipped([1, 2], "ab")), refuses(lambda: list(zipped([1], "ab"))),
            refuses(lambda: parse_json_strict(b'"' + b'\\"[' * 1000)),
        ],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
