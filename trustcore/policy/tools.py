"""Whether a tool is on a list: an engine or a model by name, by name and version, or by the hash of its weights.

An entry of a list is ``name``, ``name@version``, ``name@sha256:<hex>`` or ``sha256:<hex>``. A list that
allows needs one entry that fits; a list that denies also refuses a tool that leaves unsaid what an entry
needs to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from trustcore.older import dataclass

_HASH: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_PREFIX: Final = "sha256:"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the caller states it; ``hash`` in either spelling, and unreadable ones match nothing."""

    name: str | None
    version: str | None = None
    hash: str | None = None

    @property
    def is_stated(self) -> bool:
        """Whether any tool is named at all."""
        return self.name is not None or self.hash is not None


def plain_hash(text: str | None) -> str | None:
    """The 64 hexadecimal digits of a SHA-256, written with or without its name; None for anything else."""
    found = _HASH.fullmatch(text or "")
    return found[1] if found else None


def is_allowed(tool: Tool, listed: Iterable[str]) -> bool:
    """Whether an entry of the list fits the tool."""
    return not _tags(tool).isdisjoint(item.casefold() for item in listed)


def is_denied(tool: Tool, denied: Iterable[str]) -> bool:
    """Whether the list names the tool, or something of it that the caller left unsaid."""
    if not tool.is_stated:
        return False
    tags = _tags(tool)
    return any(item in tags or _may_be(tool, item) for item in map(str.casefold, denied))


def _tags(tool: Tool) -> set[str]:
    """Every spelling that fits, folded so that a change of case is no way around a list."""
    tags = set()
    digest = plain_hash(tool.hash)
    if digest is not None:
        tags.add(_PREFIX + digest)
    if tool.name is not None:
        full = (tool.name if tool.version is None else f"{tool.name}@{tool.version}").casefold()
        base = full.partition("@")[0]
        tags |= {base, full}
        if digest is not None:
            tags.add(f"{base}@{_PREFIX}{digest}")
    return tags


def _may_be(tool: Tool, item: str) -> bool:
    """Whether the entry is of this tool under another name, or of what the tool did not state."""
    name, _, rest = item.rpartition("@")
    by_hash = rest.startswith(_PREFIX)
    digest = plain_hash(tool.hash)
    if by_hash and digest is not None:
        return rest == _PREFIX + digest
    if by_hash and not name:
        return True
    own = None if tool.name is None else tool.name.casefold()
    if own is None:
        return True
    base, _, version = own.partition("@")
    if item.partition("@")[0] != base or "@" not in item:
        return False
    return by_hash or (tool.version is None and not version)
