"""``trustmark token verify``: at a node without a network, may work under this token and lease go on?

Exit codes: 0 it may, 2 misuse, 3 it may not (one line with the reason), 4 a text is broken or not ours.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.claims import Confirmation, LicenceClaims
from trustcore.encoding import b64url_decode, parse_json_strict
from trustcore.errors import InvalidKey, InvalidToken, TrustError
from trustcore.offline import OfflineAnswer, open_gate
from trustcore.signing import keys_from_jwks
from trustcore.tokens import check_times, read_token

DONE: Final = 0
MISUSE: Final = 2
DENIED: Final = 3
NOT_VERIFIED: Final = 4
_MAX_FILE: Final = 4 * 1024 * 1024


def main(argv: Sequence[str]) -> int:
    """Run ``token verify``; return its exit code."""
    try:
        options = _parser().parse_args(argv)
        files = _Files(options)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MISUSE
    except (TrustError, OSError, UnicodeDecodeError) as error:
        print(f"trustmark token: {error}", file=sys.stderr)
        return MISUSE
    now = int(time.time()) if options.at is None else options.at
    try:
        if files.lease is None:
            return _token_alone(files, now)
        answer = _under_lease(files, options, now)
    except InvalidToken as refusal:
        where = f"{refusal.path}: " if refusal.path else ""
        print(f"Not verified. {where}{refusal.detail} ({refusal.code})", file=sys.stderr)
        return DENIED if refusal.code in {"EXPIRED", "NOT_YET_VALID"} else NOT_VERIFIED
    return _say(answer)


class _Files:
    """The texts as files hold them, and the keys to read them with."""

    def __init__(self, options: argparse.Namespace) -> None:
        if options.lease and not options.decision_jwks:
            raise InvalidKey("a lease is verified with the decision keys", "--decision-jwks")
        self.token = _text(options.token)
        self.lease = _text(options.lease) if options.lease else None
        self.status = _text(options.status) if options.status else None
        self.token_keys = _keys(options.jwks)
        self.decision_keys = _keys(options.decision_jwks) if options.decision_jwks else {}
        # who issued it is told by the keys that were brought; --issuer pins the name as well
        self.issuer = options.issuer or _claimed_issuer(self.token)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark token", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verify = parser.add_subparsers(required=True, metavar="ACTION").add_parser(
        "verify", help="verify a token, and a lease under it; no network is used"
    )
    verify.add_argument("--token", required=True, metavar="FILE", help="the licence token")
    verify.add_argument("--lease", metavar="FILE", help="the signed lease; without it, the token alone")
    verify.add_argument("--jwks", required=True, metavar="FILE", help="the server's jwks.json")
    verify.add_argument("--decision-jwks", metavar="FILE", help="its decision-jwks.json; needed for a lease")
    verify.add_argument("--status", metavar="FILE", help="the signed status list that the token names")
    verify.add_argument("--issuer", help="the server's address, compared with the token's")
    verify.add_argument("--jkt", help="thumbprint of the key that this node holds")
    verify.add_argument("--x5t", help="thumbprint of the client certificate that this node holds")
    verify.add_argument("--frame", type=int, help="a frame about to be begun")
    verify.add_argument("--after-end", type=int, default=0, help="frames finished after the lease's end")
    verify.add_argument("--at", type=int, help="seconds since 1970 to judge by; the node's clock by default")
    verify.add_argument("--not-before", type=int, default=0, help="the latest time that this node has seen")
    return parser


def _token_alone(files: _Files, now: int) -> int:
    claims = _read(files)
    check_times(claims, now=now)
    print(f"The token {claims.jti} is {claims.iss}'s, for {claims.aud}, until {claims.exp}.")
    print("Without a lease it says what may be asked for, not that work may go on.")
    return DONE


def _read(files: _Files) -> LicenceClaims:
    return read_token(files.token, keys=files.token_keys, issuer=files.issuer, audience=None)


def _under_lease(files: _Files, options: argparse.Namespace, now: int) -> OfflineAnswer:
    held = Confirmation(jkt=options.jkt, x5t_s256=options.x5t) if options.jkt or options.x5t else None
    gate = open_gate(
        files.token,
        files.lease or "",
        token_keys=files.token_keys,
        decision_keys=files.decision_keys,
        issuer=files.issuer,
        now=now,
        holder=held,
        status_list=files.status,
    )
    return gate.may_begin(options.frame, now=now, not_before=options.not_before, after_end=options.after_end)


def _say(answer: OfflineAnswer) -> int:
    bound = f"until {answer.ends_at}"
    if answer.frames_left is not None:
        bound += f", {answer.frames_left} frames"
    if answer.reason is not None:
        print(f"Denied: {answer.reason} ({answer.reason.explanation} Status list: {answer.status_list}.)")
        return DENIED
    print(f"Work may go on ({answer.standing}, {bound}). Status list: {answer.status_list}.")
    return DONE


def _text(path: str) -> str:
    with Path(path).open("rb") as file:
        return file.read(_MAX_FILE).decode("ascii").strip()


def _keys(path: str) -> dict[str, Ed25519PublicKey]:
    return keys_from_jwks(parse_json_strict(Path(path).read_bytes()))


def _claimed_issuer(token: str) -> str:
    """The issuer that a token names, believed only once the signature holds."""
    try:
        payload = msgspec.json.decode(b64url_decode(token.split(".")[1]), type=dict)
        return str(payload.get("iss"))
    except (TrustError, msgspec.MsgspecError, IndexError):
        return ""
