"""The table of who is let in: ``table.txt``, one line for an address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.permissions.worlds import GROUPS, NAMES

TABLE = Path(__file__).with_name("table.txt")


@dataclass(frozen=True)
class Line:
    """Who may do what at one address; whoever is not named finds nothing there (anonymous: must sign in)."""

    methods: tuple[str, ...]
    address: str
    variant: str
    scope: str
    let_in: frozenset[str]
    told_no: frozenset[str]
    number: int

    @property
    def is_nobodys(self) -> bool:
        """Whether nothing is found there by anybody, signed in or not."""
        return not self.let_in and not self.told_no


def read_table(text: str | None = None) -> list[Line]:
    """Read the table.

    Raises:
        ValueError: a line that cannot be read, or a word that is nobody's name.
    """
    lines = (TABLE.read_text() if text is None else text).splitlines()
    return [
        _line(number, row) for number, row in enumerate(lines, 1) if row.strip() and not row.startswith("#")
    ]


def _line(number: int, row: str) -> Line:
    head, _, told_no = row.partition("|")
    words = head.split()
    if len(words) < 2:
        raise ValueError(f"{TABLE.name}:{number}: METHODS ADDRESS [scope] WHO | WHO: {row}")
    methods, address, *who = words
    address, _, variant = address.partition("@")
    scope = who.pop(0)[1:-1] if who and who[0].startswith("[") else ""
    return Line(
        tuple(methods.split(",")), address, variant, scope,
        _names(number, who), _names(number, told_no.split()), number,
    )  # fmt: skip


def _names(number: int, words: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in words:
        if word == "nobody":
            continue
        name = word.removeprefix("-")
        if name not in GROUPS and name not in NAMES:
            raise ValueError(f"{TABLE.name}:{number}: {name} is nobody; {', '.join((*GROUPS, *NAMES))}")
        members = set(GROUPS.get(name, (name,)))
        found = found - members if word.startswith("-") else found | members
    return frozenset(found)
