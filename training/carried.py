"""What a file says of itself: a Content Credential that refuses training is read, signed by whomever.

A refusal need not be trusted to be heeded: whoever wrote it, material that asks not to be trained on waits for a
person. Source: CAWG Training and Data Mining Assertion 1.1; C2PA 2.4.
"""

import json
from typing import Any, BinaryIO, Final

_ASSERTIONS: Final = ("cawg.training-mining", "c2pa.training-mining")
_TRAINING: Final = ("ai_training", "ai_generative_training", "data_mining")
_SNIFFED: Final = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"WAVE", 8, "audio/wav"),
    (b"ftyp", 4, "video/mp4"),
    (b"II*\x00", 0, "image/tiff"),
    (b"MM\x00*", 0, "image/tiff"),
)


def refuses_training(stream: BinaryIO) -> bool:
    """Whether a Content Credential in ``stream`` says ``notAllowed`` (or ``constrained``) of training."""
    import c2pa

    stream.seek(0)
    head = stream.read(16)
    stream.seek(0)
    kind = next((name for magic, at, name in _SNIFFED if head[at : at + len(magic)] == magic), None)
    if kind is None:
        return False
    try:
        with c2pa.Reader(kind, stream) as reader:
            store = json.loads(reader.json())
    except (c2pa.C2paError, json.JSONDecodeError):
        return False
    return any(
        _refuses(assertion.get("data"))
        for manifest in store.get("manifests", {}).values()
        for assertion in manifest.get("assertions", [])
        if str(assertion.get("label", "")).split("__")[0] in _ASSERTIONS
    )


def _refuses(data: Any) -> bool:
    entries = data.get("entries", {}) if isinstance(data, dict) else {}
    return any(
        str(name).rpartition(".")[2] in _TRAINING
        and isinstance(entry, dict)
        and entry.get("use") in ("notAllowed", "constrained")
        for name, entry in entries.items()
    )
