"""The mail server as one address: ``smtp://user:password@host:587?tls=starttls`` or ``smtps://host``."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from trustmark.env import EnvironmentInvalid

_NAME = "TRUSTMARK_SMTP_URL"


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail goes; an empty host sends none."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def smtp_from_url(url: str) -> Smtp:
    """Read the address.

    Raises:
        EnvironmentInvalid: not of that form; the message never repeats it, for it may hold a password.
    """
    if not url:
        return Smtp()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EnvironmentInvalid(f"{_NAME}: not an address") from error
    query = parse_qs(parts.query, keep_blank_values=True)
    wanted = query.pop("tls", [""])
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or query or parts.path not in {"", "/"}:
        raise EnvironmentInvalid(
            f"{_NAME}: expected smtp://user:password@host:port?tls=starttls or smtps://host"
        )
    if wanted not in ([""], ["starttls"]) or (parts.scheme == "smtps" and wanted != [""]):
        raise EnvironmentInvalid(f"{_NAME}: tls is starttls, and only with smtp://")
    is_tls, starttls = parts.scheme == "smtps", wanted == ["starttls"]
    usual = 465 if is_tls else 587 if starttls else 25
    return Smtp(
        parts.hostname,
        port or usual,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        starttls,
        is_tls,
    )
