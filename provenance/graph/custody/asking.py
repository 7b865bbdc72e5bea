"""Have a paper read in a process of its own, bounded in time, memory and what it answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from common.errors import InvalidInput
from provenance.graph.models import DocumentKind

READ_KINDS = frozenset({DocumentKind.IMAGE_HEADER, DocumentKind.EDL, DocumentKind.ALE, DocumentKind.OTIO})
TAKE_KINDS = frozenset({DocumentKind.CAMERA_METADATA, DocumentKind.DAILIES})
"""Read where they are tables of takes; papers otherwise, which people read."""
_SECONDS = 30
_ANSWER_MOST = 2_000_000


def facts_of(kind: str, path: Path) -> dict[str, Any]:
    """What the field's reader finds; nothing for papers that people read.

    Raises:
        InvalidInput: ``DOCUMENT_UNREADABLE``: the file is not of its kind.
    """
    if kind not in READ_KINDS | TAKE_KINDS:
        return {}
    command = [sys.executable, "-m", "provenance.graph.custody.reading", kind, str(path)]
    inherited = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "HOME") if name in os.environ
    }
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, env=inherited, check=False, cwd=_root()
        )
    except subprocess.TimeoutExpired as error:
        if kind in TAKE_KINDS:
            return {}
        raise _unreadable(kind) from error
    if kind in TAKE_KINDS and done.returncode != 0:
        return {}
    if done.returncode != 0 or len(done.stdout) > _ANSWER_MOST:
        raise _unreadable(kind)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def _root() -> Path:
    return Path(__file__).resolve().parents[3]


def _unreadable(kind: str) -> InvalidInput:
    return InvalidInput("DOCUMENT_UNREADABLE", "This file cannot be read as what it is said to be.", kind)
