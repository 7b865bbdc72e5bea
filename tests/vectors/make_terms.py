"""Write ``terms.json``: terms as they come in, their canonical bytes and their hash.

The canonical bytes are written by the ``rfc8785`` package, not by the code under test::

    python -m tests.vectors.make_terms > tests/vectors/terms.json
"""

import hashlib
import json
import sys

import rfc8785

from tests.trustcore.samples import STUDIO, body
from trustcore.policy.terms import Terms, parse_terms, terms_hash, with_version

CASES = {
    "the sample licence": body(),
    "a renewal": with_version(parse_terms(body()), 2, terms_hash(parse_terms(body()))).to_dict(),
    "presets, offsets and repeated members": body(
        render_territory=["UK_IE", "US_CANADA", "US-CA"],
        exploitation__distribution_territory=["WORLD"],
        use_types=["VOICE_RENDER", "FACE_RENDER", "FACE_RENDER"],
        window={"not_before": "2026-08-01T02:00:00.75+02:00", "not_after": "2026-10-29T20:00:00-04:00"},
    ),
    "words beyond ASCII": body(
        project__title="Älvdrottningen – 第二章",
        description="Ihr Gesicht in Szene 12; “nur dort”. Zoe\u0308 spricht.",
        credit="Ilse Varga‑Thorne",
    ),
    "training alone": body(
        use_types=["TRAINING_REPLICA"],
        training={"allowed": True},
        scope={"runs_max": 1},
        content={"VIOLENCE": 2, "DEATH_OF_CHARACTER": "APPROVAL_REQUIRED"},
    ),
    "a window that opens on issue": body(window={"days": 90}, vendors=[], licensee=STUDIO),
}


def vector(name: str, terms: Terms, given: dict[str, object]) -> dict[str, object]:
    """Return one vector, its canonical bytes from the independent implementation."""
    canonical = rfc8785.dumps(terms.to_dict())
    return {
        "name": name,
        "input": given,
        "canonical": canonical.decode("utf-8"),
        "terms_hash": f"sha256:{hashlib.sha256(canonical).hexdigest()}",
    }


def vectors() -> list[dict[str, object]]:
    """Return every vector, in order."""
    return [vector(name, parse_terms(given), given) for name, given in CASES.items()]


def main() -> None:
    """Print the vectors."""
    json.dump(vectors(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
