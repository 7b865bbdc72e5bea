"""What can go wrong between a farm and its licence server, by whose fault it is."""

from __future__ import annotations

from trustcore.errors import TrustError


class ClientError(Exception):
    """The one base; ``code`` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the code beside the sentence."""
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")

    @property
    def screen_code(self) -> str:
        """The code that a farm's screen shows."""
        return self.code


class ServerUnreachable(ClientError):
    """No answer, or none that is worth one, after all retries. A gate treats it as a refusal."""

    def __init__(self, detail: str) -> None:
        """Every transport failure has the code ``OFFLINE``."""
        super().__init__("OFFLINE", detail)


class ServerRefused(ClientError):
    """The server answered with an RFC 9457 problem; repeating the request would not help."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        """Keep the HTTP status beside the problem's own code."""
        self.status = status
        super().__init__(code, detail)


class Denied(ClientError):
    """Nothing may be rendered, or no longer; ``reason_codes`` say why, the first is the primary one."""

    def __init__(self, reason_codes: list[str], detail: str) -> None:
        self.reason_codes = reason_codes
        super().__init__(reason_codes[0] if reason_codes else "DENIED", detail)

    @property
    def line(self) -> str:
        """What a farm's screen shows."""
        return f"trustmark: denied: {' '.join(self.reason_codes)} ({self.detail})"


class PixelsUnreadable(ClientError):
    """A frame file is not a picture that can be decoded (yet)."""

    def __init__(self, detail: str) -> None:
        """Every undecodable frame has the code ``PIXELS_UNREADABLE``."""
        super().__init__("PIXELS_UNREADABLE", detail)


class OutboxFull(ClientError):
    """The disk takes no more receipts; who cannot keep a receipt may not render."""

    def __init__(self, detail: str) -> None:
        """A disk without room has the code ``OUTBOX_FULL``."""
        super().__init__("OUTBOX_FULL", detail)


class LeaseUnverified(ClientError):
    """A permit came without a lease that the server signed for us; nothing may be rendered under it."""

    def __init__(self, refusal: TrustError) -> None:
        super().__init__("LEASE_UNVERIFIED", str(refusal))


class LicenceEnded(ClientError):
    """The licence gives no tokens any more; ``state`` says why (``REVOKED``, ``EXPIRED``, ``SUPERSEDED`` ...)."""

    def __init__(self, jti: str, state: str) -> None:
        super().__init__("LICENCE_ENDED", f"licence {jti} is {state}")
        self.jti = jti
        self.state = state

    @property
    def screen_code(self) -> str:
        """The licence's own state says more than that it ended."""
        return self.state
