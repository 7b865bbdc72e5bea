"""What ``trustmark gate`` is told, by options or by the environment that a job manager sets for its tasks."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path

_FRAMES = re.compile(r"(\d+)(?:-(\d+))?")


def parser_of(description: str) -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="trustmark gate", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (
        ("exec", "check, then run a command"),
        ("ask", "would it be permitted? runs nothing and keeps nothing reserved"),
        ("flush", "send receipts that still wait"),
    ):
        _add_connection(verbs.add_parser(name, help=text))
    for name in ("exec", "ask"):
        _add_question(verbs.choices[name])
    run = verbs.choices["exec"]
    run.add_argument("--take", type=int, default=1)
    run.add_argument("--output", type=Path, help="folder in which one file per frame appears")
    run.add_argument("--own-folder", action="store_true", help="the output folder is this command's alone")
    return parser


def _add_connection(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--server", default=os.environ.get("TRUSTMARK_URL"))
    verb.add_argument("--key-file", type=Path, default=_path("TRUSTMARK_API_KEY_FILE"))
    verb.add_argument("--proof-key", type=Path, default=_path("TRUSTMARK_PROOF_KEY_FILE"))
    verb.add_argument("--client-cert", type=Path, help="PEM of the client certificate, for mutual TLS")
    verb.add_argument("--client-key", type=Path, help="PEM of its key")
    verb.add_argument("--ca", type=Path, help="PEM of who issued the server's certificate")
    verb.add_argument("--outbox", type=Path, default=default_outbox(), help="where receipts wait")


def _add_question(verb: argparse.ArgumentParser) -> None:
    told = os.environ.get
    verb.add_argument("--token", type=Path, help="file with the token")
    verb.add_argument(
        "--licence", default=told("TRUSTMARK_LICENCE"), help="or: fetch a token of this licence"
    )
    _add_named(verb, "--project", "TRUSTMARK_PROJECT")
    _add_named(verb, "--shot", "TRUSTMARK_SHOT")
    _add_named(verb, "--use-type", "TRUSTMARK_USE_TYPE")
    _add_named(
        verb, "--render-territory", "TRUSTMARK_RENDER_TERRITORY", "where this machine stands, ISO 3166"
    )
    verb.add_argument("--construct", default=told("TRUSTMARK_CONSTRUCT") or "FACE_3D")
    verb.add_argument("--frames", help="1-25 or 7")
    verb.add_argument("--lines", type=int, help="utterances, for voice")
    verb.add_argument("--words", type=int, help="words in all the lines, where the licence limits them")
    verb.add_argument("--task", default="render")
    verb.add_argument("--purpose", default=told("TRUSTMARK_PURPOSE") or "FINAL")
    verb.add_argument("--engine", default="command")
    verb.add_argument("--engine-version", default="0")
    verb.add_argument("--worker", default=platform.node() or "worker")
    verb.add_argument("--operator", default=told("USER") or "farm")
    verb.add_argument("--announce", choices=("openjd",), help="tell the job manager, too, why it was refused")


def _add_named(verb: argparse.ArgumentParser, option: str, variable: str, text: str = "") -> None:
    """An option that must be given, by itself or by ``variable``."""
    value = os.environ.get(variable)
    verb.add_argument(option, default=value, required=not value, help=f"{text} ({variable})".strip())


def frames_of(text: str | None) -> tuple[int | None, int | None]:
    """Both ends of ``1-25`` or ``7``.

    Raises:
        ValueError: neither form, or backwards.
    """
    if text is None:
        return None, None
    found = _FRAMES.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise ValueError(f"--frames {text}: write 1-25 or 7")
    return first, last


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def default_outbox() -> Path:
    """Where receipts wait unless the farm says otherwise: ``TRUSTMARK_OUTBOX``, or the user's state folder."""
    told = _path("TRUSTMARK_OUTBOX")
    if told is not None:
        return told
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "trustmark" / "outbox"


Announce = Callable[[str], None]


def announcer(kind: str | None) -> Announce:
    """How the job manager is told; ``openjd_fail:`` is what Open Job Description shows beside the task."""
    if kind == "openjd":
        return lambda line: print(f"openjd_fail: {line}", flush=True)
    return lambda line: None
