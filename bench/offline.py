"""What a node pays to check offline, against one PyJWT EdDSA decode of the same token in the same run.

python bench/offline.py            # some seconds; no server, no database
python bench/offline.py --quick

Rounds of all contestants are interleaved, so that a noisy neighbour disturbs all of them; the minimum and the
median of each are compared with PyJWT's. Keys, claims and lease are those of the tests.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

import jwt  # noqa: E402

from tests.trustcore import samples  # noqa: E402
from trustcore.lease import encode_lease, verify_lease  # noqa: E402
from trustcore.offline import open_gate  # noqa: E402
from trustcore.tokens import LICENCE_TYP, encode_token, verify_token  # noqa: E402

BASELINE = "PyJWT decode, EdDSA"
COLD, WARM = "verify_token, cold", "gate, lease verified before"
BAR_COLD, BAR_WARM = 1.3, 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """Microseconds of one call: the best round and the median round."""

    least: float
    median: float


def interleave(calls: Mapping[str, Callable[[], object]], *, rounds: int, each: int) -> dict[str, Span]:
    """Time every call ``each`` times a round, round after round, in turn."""
    spans: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begun = time.perf_counter()
            for _ in range(each):
                call()
            spans[name].append((time.perf_counter() - begun) / each * 1e6)
    return {name: Span(min(found), statistics.median(found)) for name, found in spans.items()}


def contestants() -> dict[str, Callable[[], object]]:
    """The baseline, and what a node does instead."""
    token = encode_token(samples.claims(), samples.SIGNER, LICENCE_TYP)
    claims = samples.lease_claims()
    lease = encode_lease(claims, samples.DECISION_SIGNER)
    key, now = samples.SIGNER.public_key, samples.EPOCH + 10
    known = {"issuer": samples.ISSUER, "audience": samples.AUDIENCE}
    keys = {"token_keys": samples.KEYS, "decision_keys": samples.DECISION_KEYS}
    gate = open_gate(token, lease, **keys, **known, now=now)
    # the sample's dates are fixed, so PyJWT is spared their comparison
    off = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return {
        BASELINE: lambda: jwt.decode(
            token, key, algorithms=["EdDSA"], issuer=samples.ISSUER, audience=samples.AUDIENCE, options=off
        ),
        COLD: lambda: verify_token(token, keys=samples.KEYS, **known, now=now),
        "verify_lease, cold": lambda: verify_lease(lease, keys=samples.DECISION_KEYS, **known),
        "open_gate: token and lease, cold": lambda: open_gate(token, lease, **keys, **known, now=now),
        WARM: lambda: gate.may_begin(1001, now=now),
        "encode_lease, signing included": lambda: encode_lease(claims, samples.DECISION_SIGNER),
    }


def measure(*, quick: bool = False) -> dict[str, Span]:
    """All figures of one run."""
    calls = contestants()
    interleave(calls, rounds=1, each=50)  # warm
    return interleave(calls, rounds=7 if quick else 41, each=50 if quick else 100)


def main() -> int:
    """Print the figures and their ratios; 1 if a bar is missed by the best rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sixth of the work")
    figures = measure(quick=parser.parse_args().quick)
    base = figures[BASELINE]
    print("| what | us, min | us, median | x PyJWT, min | x PyJWT, median |")
    print("| --- | --- | --- | --- | --- |")
    for name, span in figures.items():
        ratios = f"{span.least / base.least:.3f} | {span.median / base.median:.3f}"
        print(f"| {name} | {span.least:.1f} | {span.median:.1f} | {ratios} |")
    met = figures[COLD].least <= BAR_COLD * base.least and figures[WARM].least <= BAR_WARM * base.least
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
