"""Server-sent events as bytes (WHATWG HTML, section 9.2)."""

from dataclasses import dataclass
from uuid import UUID

from notify.models import Notice
from notify.payload import body_of

# Asks the client to come back after this many milliseconds when the connection ends.
OPENING = b"retry: 2000\n: this stream says what happens from now on\n\n"
ALIVE = b": alive\n\n"


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one organisation, ready to send.

    Attributes:
        position: its place among all notices; a stream goes through them in this order.
        frame: ``id``, ``event`` and ``data`` lines. The id is the event's, as webhooks carry it too.
    """

    position: int
    organisation_id: UUID
    kind: str
    frame: bytes


def message_of(notice: Notice) -> Message:
    """The message of a notice. Neither a kind nor compact JSON can hold a line break."""
    event = notice.event
    frame = f"id: {event.id}\nevent: {event.kind}\ndata: ".encode() + body_of(event) + b"\n\n"
    return Message(notice.position, notice.organisation_id, event.kind, frame)


def ending(code: str) -> bytes:
    """A last comment that says why the stream ends."""
    return f": ends {code}\n\n".encode()
