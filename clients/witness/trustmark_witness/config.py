"""What a witness is told: its key, its memory, and the logs to follow.

    [[log]]
    url = "https://licences.example/log/0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f01"
    vkey = ["licences.example/log/0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f01+1a2b3c4d+AR..."]
    push = ""            # optional: where cosignatures are brought; <url>/cosignatures by default, "" for nowhere

A log's key comes from a person, not from the log: whoever controls the log could show another.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import ED25519, NoteVerifier


class ConfigInvalid(ValueError):
    """The configuration does not say what a witness must know; the message names the place."""


@dataclass(frozen=True, slots=True)
class FollowedLog:
    """A log to follow: its origin, its keys (two while they rotate), and its addresses (empty: submitted only)."""

    origin: str
    keys: tuple[NoteVerifier, ...]
    url: str = ""
    push_url: str = ""


def read_config(path: Path) -> tuple[FollowedLog, ...]:
    """Read a configuration file.

    Raises:
        ConfigInvalid: unreadable, or a log without a key.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid(f"{path}: {error}") from error
    tables = document.get("log")
    if not isinstance(tables, list) or not tables or set(document) != {"log"}:
        raise ConfigInvalid(f"{path}: needs [[log]] tables, and nothing else")
    return tuple(_followed(table) for table in tables)


def followed_log(url: str, vkeys: list[str], push: str | None = None) -> FollowedLog:
    """Make a log to follow from its address and the texts (or files) of its keys.

    Raises:
        ConfigInvalid: no key, or keys of different logs.
    """
    try:
        keys = tuple(NoteVerifier.parse(_text_of(vkey)) for vkey in vkeys)
    except (InvalidEvidence, OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"not a log's verifier key: {error}") from error
    if len({key.name for key in keys}) != 1 or any(key.algorithm != ED25519 for key in keys):
        raise ConfigInvalid(f"{url or 'a log'} needs one or more verifier keys of one log")
    default = f"{url.rstrip('/')}/cosignatures" if url else ""
    return FollowedLog(keys[0].name, keys, url, default if push is None else push)


def _followed(table: Any) -> FollowedLog:
    if not isinstance(table, dict) or not set(table) <= {"url", "vkey", "push"}:
        raise ConfigInvalid("a [[log]] has url, vkey and push")
    vkeys = table.get("vkey", [])
    vkeys = [vkeys] if isinstance(vkeys, str) else vkeys
    texts = (table.get("url", ""), table.get("push", ""), *(vkeys if isinstance(vkeys, list) else [None]))
    if not all(isinstance(text, str) for text in texts):
        raise ConfigInvalid("url, vkey and push of a [[log]] are texts")
    return followed_log(table.get("url", ""), vkeys, table.get("push"))


def _text_of(vkey: str) -> str:
    return vkey if vkey.count("+") >= 2 else Path(vkey).read_text("utf-8")
