r"""Scripts and reference assets of terms, as a person writes them: each by its name and the SHA-256 of its bytes.

A script is a line of four parts between tabs, ``ref``, ``version``, ``sha256`` and ``dated`` (empty: none), so that a
draft keeps it as a list of texts; a reference asset is its hash alone.

    >>> script_of("hollow-city\tpink-2\t" + "a" * 64 + "\t2026-05-01")["dated"]
    '2026-05-01T00:00:00Z'
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django.utils.translation import gettext as _

from common.dates import date_words
from common.errors import InvalidInput
from trustcore.errors import TrustError
from trustcore.policy.settle import format_time, parse_time

SCRIPT_PARTS: Final = ("ref", "version", "sha256", "dated")
SCRIPTS_MOST: Final = 50
HASHES_MOST: Final = 2000
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IDENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}", re.ASCII)


def script_line(ref: str, version: str, sha256: str, dated: str | None) -> str:
    """A script as a line; a date at midnight as its day."""
    day = dated or ""
    return "\t".join([ref, version, sha256, day.removesuffix("T00:00:00Z")])


def parts_of(line: str) -> dict[str, str]:
    """The four parts of a line as they were typed; what is missing is empty."""
    parts = [*line.split("\t"), "", "", "", ""]
    return dict(zip(SCRIPT_PARTS, (one.strip() for one in parts), strict=False))


def read_scripts(typed: Iterable[str]) -> tuple[str, ...]:
    """The lines that a form sent, as terms can hold them; rows without a word are left out.

    Raises:
        InvalidInput: ``VALUE_INVALID``.
    """
    lines = [line for line in typed if line.strip()]
    if len(lines) > SCRIPTS_MOST:
        raise InvalidInput("VALUE_INVALID", _("At most %(most)s scripts.") % {"most": SCRIPTS_MOST})
    return tuple(dict.fromkeys(_read_script(parts_of(line)) for line in lines))


def _read_script(said: dict[str, str]) -> str:
    if not (said["ref"] and said["version"] and said["sha256"]):
        raise InvalidInput("VALUE_INVALID", _("A script needs its name, its version and its SHA-256."))
    for part in ("ref", "version"):
        if not _IDENT.fullmatch(said[part]):
            raise InvalidInput(
                "VALUE_INVALID",
                _("%(name)s: letters, digits and . _ : @ / + - alone, without spaces, at most 128.")
                % {"name": said[part][:60]},
            )
    return script_line(said["ref"], said["version"], _read_hash(said["sha256"]), _moment(said["dated"]))


def script_of(line: str) -> dict[str, Any]:
    """A line that was read, as the terms' JSON writes it."""
    said: dict[str, Any] = parts_of(line)
    return {**said, "dated": _moment(said["dated"])}


def script_words(line: str) -> str:
    """``hollow-city, version pink-2, 1 May 2026, 9f3c 1a2b … 77aa``."""
    said = parts_of(line)
    dated = _moment(said["dated"])
    words = [
        said["ref"],
        _("version %(version)s") % {"version": said["version"]},
        *([date_words(parse_time(dated))] if dated else []),
        hash_words(said["sha256"]),
    ]
    return ", ".join(words)


def hash_words(digest: str) -> str:
    """The first eight and the last four of a hash, in fours."""
    return f"{digest[:4]} {digest[4:8]} … {digest[-4:]}"


def read_hashes(typed: Iterable[str]) -> tuple[str, ...]:
    """Hashes, one a line or with commas, sorted and each once.

    Raises:
        InvalidInput: ``VALUE_INVALID``.
    """
    found = {_read_hash(one) for text in typed for one in re.split(r"[\s,;]+", text) if one}
    if len(found) > HASHES_MOST:
        raise InvalidInput("VALUE_INVALID", _("These are too many names, or one is too long."))
    return tuple(sorted(found))


def _read_hash(text: str) -> str:
    digest = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digest):
        raise InvalidInput(
            "VALUE_INVALID",
            _("%(text)s is no SHA-256: it has 64 characters, 0 to 9 and a to f.")
            % {"text": text.strip()[:70]},
        )
    return digest


def _moment(text: str) -> str | None:
    if not text:
        return None
    try:
        if "T" in text:
            return str(format_time(parse_time(text)))
        return str(format_time(datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)))
    except (ValueError, TrustError) as error:
        raise InvalidInput("VALUE_INVALID", _("Enter a day, as 2026-11-30.")) from error
