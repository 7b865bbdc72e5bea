"""What a service refuses, by kind. ``code`` is public API: stable, tested, documented; prose may change."""

from typing import Any

from django.utils.translation import gettext


class DomainError(Exception):
    """A request that cannot be carried out; nothing was changed.

    Args:
        code: stable, upper case, e.g. ``TERMS_CHANGED``.
        title: one short sentence for a person, in English; it is read in the language of whoever is answered.
        detail: what exactly, and what to do about it.
        extra: further members of the problem document (JSON values).
    """

    status = 400

    def __init__(self, code: str, title: str, detail: str = "", extra: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {title}")
        self.code = code
        self._title = title
        self._detail = detail
        self.extra = extra or {}

    @property
    def title(self) -> str:
        """The sentence in the reader's language; English where nobody is read to."""
        return gettext(self._title) if self._title else ""

    @property
    def detail(self) -> str:
        """What exactly, in the reader's language."""
        return gettext(self._detail) if self._detail else ""


class Malformed(DomainError):
    """The body could not be read at all."""

    status = 400


class InvalidInput(DomainError):
    """The input is malformed or breaks a rule that the caller could know."""

    status = 422


class Unauthenticated(DomainError):
    """No credential, or one that is unknown, expired or revoked."""

    status = 401


class Forbidden(DomainError):
    """The caller may see the object but not do this to it."""

    status = 403


class NotFound(DomainError):
    """No such object, or none that the caller may know of: the two read the same."""

    status = 404

    def __init__(self, code: str = "NOT_FOUND", title: str = "There is nothing here.") -> None:
        super().__init__(code, title)


class Conflict(DomainError):
    """The object changed, or is in a state that does not allow this."""

    status = 409


class TooLarge(DomainError):
    """The body is larger than the stated limit."""

    status = 413


class WrongMediaType(DomainError):
    """The content type or encoding is not one that this operation reads."""

    status = 415


class Unavailable(DomainError):
    """A part that we need does not answer; nothing was acknowledged. Try again later."""

    status = 503
