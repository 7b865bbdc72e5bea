"""How the people of the cast sign in: kept in one file that its owner alone may read. Knows no Django."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Login:
    """How one person of the cast signs in; ``key`` is their part in the play."""

    key: str
    name: str
    organisation: str
    role: str
    email: str
    password: str


def read_logins(path: Path) -> list[Login]:
    """All logins, or none when the file is not there."""
    return [Login(**row) for row in json.loads(path.read_text())] if path.exists() else []


def write_logins(path: Path, logins: list[Login]) -> None:
    """Write all of them, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps([asdict(login) for login in logins], indent=1))
    draft.replace(path)


def table(logins: list[Login]) -> str:
    """The logins for a terminal."""
    rows = [("sign in as", "of", "e-mail", "password")]
    rows += [
        (f"{login.name} ({login.role.lower()})", login.organisation, login.email, login.password)
        for login in logins
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
