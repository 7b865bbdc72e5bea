"""Work without a server: a token read offline, against the bare library call under it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from bench import farms
from bench.figures import Ratio, Room, Sample, say, timed
from common import clock, keys
from trustcore import tokens


def offline_room(*, number: int, turns: int) -> Room:
    """A token decided on at a node without a server, against one decode by PyJWT."""
    farm = farms.new_farm()
    jws, now = farm.jws(), int(clock.now().timestamp())
    verifiers, audience = keys.public_keys("TOKEN"), _audience(jws)
    kid = jwt.get_unverified_header(jws)["kid"]
    key: Ed25519PublicKey = verifiers[kid]

    def pyjwt() -> None:
        for _ in range(number):
            jwt.decode(jws, key, algorithms=["EdDSA"], issuer=settings.BASE_URL, audience=audience)

    def cold() -> None:
        for _ in range(number):
            tokens.verify_token(jws, keys=verifiers, issuer=settings.BASE_URL, audience=audience, now=now)

    room = Room(
        "Offline",
        "One process, no server: a token verified by `trustcore`, against one EdDSA decode by PyJWT.",
        "tokens",
    )
    calls: dict[str, Callable[[], Sample]] = {
        "PyJWT decode": lambda: timed(number, pyjwt),
        "trustcore, cold": lambda: timed(number, cold),
    }
    room.ratios.append(Ratio("trustcore cold to PyJWT", "trustcore, cold", "PyJWT decode", "CPU cost", 1.3))
    gate = _gate(jws, farm, now)
    if gate is not None:
        opened, may_begin = gate

        def frames() -> None:
            for frame in range(number * 10):
                may_begin(frame % farms.LEASE, now)

        calls["trustcore, token and lease, cold"] = lambda: timed(
            number, lambda: [opened() for _ in range(number)]
        )
        calls["trustcore, with a verified lease"] = lambda: timed(number * 10, frames)
        room.ratios.append(
            Ratio(
                "with a verified lease to PyJWT",
                "trustcore, with a verified lease",
                "PyJWT decode",
                "CPU cost",
                0.1,
            )
        )
    else:
        room.notes.append(
            "`trustcore` of this checkout has no offline gate: the verified lease is not measured"
        )
    room.play(turns, calls)
    return room


def _audience(jws: str) -> str:
    """For whom a token was made."""
    return str(jwt.decode(jws, options={"verify_signature": False})["aud"])


def _gate(jws: str, farm: Any, now: int) -> tuple[Callable[[], Any], Callable[[int, int], Any]] | None:
    """How to open the offline gate, and to ask an open one; None where ``trustcore`` has none.

    The lease is the one that the server signs beside the answer to a check.
    """
    try:
        from trustcore import offline
    except ImportError:
        return None
    answer = farm.check(token=jws).json()
    lease = next(
        (value for value in _texts(answer) if value.count(".") == 2 and value.startswith("ey")), None
    )
    if lease is None:
        return None
    known = {
        "token": jws,
        "lease": lease,
        "keys": keys.public_keys("TOKEN"),
        "token_keys": keys.public_keys("TOKEN"),
        "decision_keys": keys.public_keys("DECISION"),
        "lease_keys": keys.public_keys("DECISION"),
        "issuer": settings.BASE_URL,
        "audience": _audience(jws),
        "now": now,
    }
    wanted = inspect.signature(offline.open_gate).parameters
    given = {name: known[name] for name in wanted if name in known}
    lacking = [n for n, p in wanted.items() if p.default is p.empty and n not in given]
    if lacking:
        say(f"the offline gate wants {lacking}, which this room does not know")
        return None
    gate = offline.open_gate(**given)
    return lambda: offline.open_gate(**given), lambda frame, at: gate.may_begin(frame=frame, now=at)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [value] if isinstance(value, str) else []
