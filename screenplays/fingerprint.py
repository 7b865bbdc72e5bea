"""Find a script again, or a large part of it: exact by its wording, near by shingles.

Three registered fingerprints, all of the *words* alone, so that format, layout and case do not matter:

* the SHA-256 of the wording: the same script in another file format;
* the ISCC text code (ISO 24138): a public content identifier that may be handed out, whose distance tells versions of
  one whole text from other texts;
* a *scaled sketch*: every shingle of five words is hashed under a secret of the deployment, and the hashes in the
  lowest sixteenth are kept (Irber et al. 2022, FracMinHash). The share of a passage's hashes that a script's sketch
  holds is an unbiased estimate of how much of the passage stands in the script, whatever their lengths; an ordinary
  MinHash measures likeness of wholes and loses ten pages of a hundred.

The secret matters: without it a sketch that leaks cannot be asked whether it holds a guessed line.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import iscc_lib

from common.keys import derive_secret
from screenplays.reading import Script, wording_of
from screenplays.reading.shape import text_of

SHINGLE_WORDS: Final = 5
SCALE: Final = 16
_SIGN: Final = 2**63
# below so many kept hashes nothing is claimed: about half a page
LEAST_HASHES: Final = 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a text is known by.

    Attributes:
        wording_sha256: hex, of its words joined by spaces.
        iscc: its ISCC text code, 256 bits; empty for a text without words.
        sketch: kept hashes in ascending order, as signed 64-bit numbers.
        words: how many words.
    """

    wording_sha256: str
    iscc: str
    sketch: tuple[int, ...]
    words: int


def fingerprint_of(script: Script) -> Fingerprint:
    """The fingerprints of a script."""
    return fingerprint_of_text(text_of(script))


def fingerprint_of_text(text: str) -> Fingerprint:
    """The fingerprints of any text."""
    words = wording_of(text)
    wording = " ".join(words)
    iscc = str(iscc_lib.gen_text_code_v0(wording, bits=256)["iscc"]) if words else ""
    return Fingerprint(
        hashlib.sha256(wording.encode()).hexdigest(), iscc, sketch_of(words, scale=SCALE), len(words)
    )


def sketch_key() -> bytes:
    """The key that shingles are hashed under: 32 bytes derived from the deployment's secret, which opens nothing."""
    return derive_secret("screenplay sketch")


def sketch_of(words: Sequence[str], *, scale: int, key: bytes = b"") -> tuple[int, ...]:
    """The shingles' hashes that lie in the lowest ``1 / scale`` of all, ascending, as signed 64-bit numbers.

    A sketch of a larger scale is a part of that of a smaller one: two of different scales are compared by the larger.

    Args:
        key: :func:`sketch_key`, where the process has no secret to derive it from.
    """
    return tuple(sorted(set(_kept(words, kept_below(scale), key or sketch_key()))))


def kept_below(scale: int) -> int:
    """The number below which a sketch of this scale keeps every hash."""
    return 2**64 // scale - _SIGN


def _kept(words: Sequence[str], limit: int, key: bytes) -> Iterator[int]:
    keyed = hashlib.blake2b(key=key, digest_size=8)
    for at in range(max(len(words) - SHINGLE_WORDS + 1, 0)):
        one = keyed.copy()
        one.update(" ".join(words[at : at + SHINGLE_WORDS]).encode())
        value = int.from_bytes(one.digest(), "big") - _SIGN
        if value < limit:
            yield value
