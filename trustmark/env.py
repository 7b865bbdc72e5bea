"""Typed readers of the environment; ``NAME_FILE`` may hold the path of a file with the value (secrets)."""

import os
from pathlib import Path


class EnvironmentInvalid(ValueError):
    """A variable of the environment is missing or unreadable; the message names it."""


def text(name: str, default: str | None = None) -> str:
    """Read ``NAME``, else the content of the file named by ``NAME_FILE``, else ``default``.

    Raises:
        EnvironmentInvalid: neither is set and there is no default, or the file cannot be read.
    """
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EnvironmentInvalid(f"{name}_FILE: cannot read {path}: {error.strerror}") from error
    if default is None:
        raise EnvironmentInvalid(f"{name} (or {name}_FILE) must be set")
    return default


def flag(name: str, *, default: bool) -> bool:
    """Read a yes/no variable: ``1 true yes on`` or ``0 false no off``."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise EnvironmentInvalid(f"{name}: expected yes or no, got {value!r}")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**63 - 1) -> int:
    """Read a whole number within ``[least, most]``."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError as error:
        raise EnvironmentInvalid(f"{name}: expected a whole number, got {value!r}") from error
    if not least <= number <= most:
        raise EnvironmentInvalid(f"{name}: {number} is outside {least}..{most}")
    return number


def words(name: str, default: str = "") -> list[str]:
    """Read a comma-separated list; empty items are dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
