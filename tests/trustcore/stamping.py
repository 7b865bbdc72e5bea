"""Bundles with time stamps, good and bad, each from a real key: for the command line and the page alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.timestamping import Authority, make_authority, sign_by_hand
from tests.trustcore.bundling import bag_files
from trustcore import timestamp
from trustcore.bundle.bag import encode_manifest
from trustcore.bundle.layout import SIGNATURE, SIGNATURE_STAMP, TAG_FILES, TAG_MANIFEST
from trustcore.encoding import sha256_hex

OTHER = bytes(range(32))


def with_stamp(token: bytes) -> dict[str, bytes]:
    """A bundle with this stamp: no key of the server is needed to put one there."""
    files = bag_files() | {SIGNATURE_STAMP: token}
    tags = {tag: sha256_hex(files[tag]) for tag in (*TAG_FILES, SIGNATURE_STAMP)}
    return files | {TAG_MANIFEST: encode_manifest(tags)}


@dataclass(frozen=True)
class Stamps:
    """Responses over the one bundle's signature, by name, and the roots (PEM) that they lead to."""

    tokens: dict[str, bytes]
    roots: dict[str, str]


def make_stamps(folder: Path) -> Stamps:
    """Have authorities stamp the bundle, rightly and wrongly."""
    digest = bytes.fromhex(sha256_hex(bag_files()[SIGNATURE]))
    roots = {
        name: make_authority(folder / name, name=name, **options)
        for name, options in {
            "good": {},
            "rsa": {"key": "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"},
            "mail": {"purpose": "emailProtection"},
            "stranger": {},
        }.items()
    }
    authority = Authority("", roots["good"], folder / "good")
    good, other = (authority.reply(timestamp.request(one, b"\x01" * 8)) for one in (digest, OTHER))
    info = _info_of(good)
    tokens = {
        "good": good,
        "rsa": sign_by_hand(folder / "rsa", info),
        "of something else": other,
        "imprint altered to fit": other.replace(OTHER, digest),
        "of another purpose": sign_by_hand(folder / "mail", info),
        "signature altered": good[:-1] + bytes([good[-1] ^ 1]),
        "cut short": good[:-9],
    }
    return Stamps(tokens, roots)


def _info_of(token: bytes) -> bytes:
    """The TSTInfo inside a response: version 1 and the policy begin it."""
    at = token.index(bytes.fromhex("020101 0609 2b06010401"))
    head = 3 if token[at - 2] == 0x81 else 2
    assert token[at - head] == 0x30
    return token[at - head : at + token[at - 1]]
