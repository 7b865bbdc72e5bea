"""The entities of an OMC document one at a time, so that memory holds one of them and never the whole.

    >>> import io
    >>> [where for _entity, where, _kind in roots_in(io.BytesIO(b'{"Asset": [{}, {}]}'))]
    ['/Asset/0', '/Asset/1']

Read by ``ijson`` (yajl). Strict like the house's other readers of JSON: no name twice, nothing too deep, no number that is
none; and nothing behind the end.
"""

import math
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, BinaryIO, Final

import ijson
from django.utils.translation import gettext as _

from common.errors import InvalidInput, Malformed
from provenance.omc.checking import DEPTH_MAX, kinds_of_entities

ENTITY_MOST: Final = 4 * 1024 * 1024
"""How much one entity may hold: its parts and the characters of its names and texts, counted together."""
Root = tuple[Any, str, str]
"""An entity that stands for itself in a document, its place there, and the type of its list or empty."""
Events = Iterator[tuple[str, Any]]


def roots_in(stream: BinaryIO) -> Iterator[Root]:
    """Read a document's entities from a stream.

    Raises:
        Malformed: ``JSON_MALFORMED``, wherever in the document it is found.
        InvalidInput: ``OMC_INVALID``, no list or object of entities; ``OMC_TOO_LARGE``, one entity.
    """
    try:
        events: Events = ijson.basic_parse(_WholeCharacters(stream), use_float=True)
        yield from _roots(events)
        for _event in events:  # nothing may follow
            raise malformed("more behind the end")
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise malformed("it does not read") from error


class _WholeCharacters:
    """A stream in which no escape is half a character: yajl would read a question mark there."""

    _HALF = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])", re.DOTALL)
    _PAIR, _TAIL = 6, 64

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._tail = stream, b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        window = self._tail + data
        # the other half may come with the next bytes, which are looked at with these
        end = len(window) - self._PAIR if data else len(window)
        # what begins a tail was looked at before, with what stands ahead of it
        begin = len(self._tail) == self._TAIL
        if any(one.end() <= end for one in self._HALF.finditer(window) if one.start() >= begin):
            raise malformed("half a character")
        self._tail = window[-self._TAIL :]
        return data


def roots_of(document: Any) -> Iterator[Root]:
    """The same of a document that was read already."""
    if isinstance(document, list):
        yield from ((one, f"/{number}", "") for number, one in enumerate(document))
    elif isinstance(document, dict) and not _is_listed(document):
        yield document, "", ""
    elif isinstance(document, dict):
        for name, members in document.items():
            if name not in kinds_of_entities() or not isinstance(members, list):
                raise no_document()
            yield from ((one, f"/{name}/{number}", name) for number, one in enumerate(members))
    else:
        raise no_document()


def malformed(why: str) -> Malformed:
    """The refusal of what is no JSON."""
    return Malformed("JSON_MALFORMED", "The document is not acceptable JSON.", why)


def no_document() -> InvalidInput:
    """The refusal of JSON that is no document."""
    return InvalidInput(
        "OMC_INVALID", _("This is no OMC-JSON 2.8."), "neither entities nor lists of them by type"
    )


def _is_listed(document: dict[str, Any]) -> bool:
    return "entityType" not in document


def _roots(events: Events) -> Iterator[Root]:
    event, _value = next(events)
    if event == "start_array":
        yield from _members(events, "", "")
    elif event == "start_map":
        yield from _lists(events)
    else:
        raise no_document()


def _lists(events: Events) -> Iterator[Root]:
    """Lists by type; or, where the first member is not one of those, the members of one entity."""
    alone: dict[str, Any] = {}
    seen: set[str] = set()
    room = _Room()
    for end, name in events:
        if end == "end_map":
            break
        if name in seen:
            raise malformed("a name stands twice")
        seen.add(name)
        event, value = next(events)
        if not alone and event == "start_array" and name in kinds_of_entities():
            yield from _members(events, f"/{name}", name)
        elif len(seen) > 1 and not alone:
            raise no_document()  # a list by type came before: this is none
        else:
            alone[name] = _built(events, event, value, room, 1)
    if alone:
        if _is_listed(alone):
            raise no_document()
        yield alone, "", ""


def _members(events: Events, where: str, kind: str) -> Iterator[Root]:
    for number, (event, value) in enumerate(events):
        if event == "end_array":
            return
        yield _built(events, event, value, _Room(), 2), f"{where}/{number}", kind


class _Room:
    """What is left of ``ENTITY_MOST`` for one entity."""

    def __init__(self) -> None:
        self.left = ENTITY_MOST

    def take(self, value: Any) -> None:
        self.left -= 1 + (len(value) if isinstance(value, str) else 0)
        if self.left < 0:
            raise InvalidInput("OMC_TOO_LARGE", _("One entity of this document is too large."))


def _built(events: Events, event: str, value: Any, room: _Room, depth: int) -> Any:
    if depth > DEPTH_MAX:
        raise malformed(f"nested deeper than {DEPTH_MAX}")
    room.take(value)
    if event == "start_map":
        return _members_by_name(events, room, depth)
    if event == "start_array":
        inner = takewhile(lambda one: one[0] != "end_array", events)
        return [_built(events, *one, room, depth + 1) for one in inner]
    if isinstance(value, float) and not math.isfinite(value):
        raise malformed("a number that is none")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise malformed("a number out of range")
    return value


def _members_by_name(events: Events, room: _Room, depth: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for event, name in events:
        if event == "end_map":
            break
        if name in told:
            raise malformed("a name stands twice")
        room.take(name)
        told[name] = _built(events, *next(events), room, depth + 1)
    return told
