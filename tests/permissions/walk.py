"""Walk every address with every role, with what is one's own and with what is a stranger's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.test import Client

from accounts.models import Scope
from tests import factories
from tests.permissions.addresses import METHODS, Address, operations
from tests.permissions.asks import BODIES, Ask, things_of
from tests.permissions.table import TABLE, Line
from tests.permissions.worlds import GROUPS, KEYS, NAMES, ORGANISATIONS, World

IN, NO, NOTHING, SIGN_IN = "let in", "403", "404", "asked to sign in"
# what differs from one answer to the next and tells nobody anything
_CHANCE = re.compile(rb'csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"|X-CSRFToken[^}]+')


@dataclass
class Walk:
    """Both worlds, and who is signed in where."""

    ours: World
    strangers: World
    addresses: dict[str, Address]
    clients: dict[str, Client] = field(init=False)
    missing: dict[tuple[str, bool], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sign our people in, before anything is undone."""
        self.sign_in()

    def sign_in(self) -> None:
        """Sign our people in anew, with a second factor just now: acts that bind ask for one, and it grows old."""
        self.clients = {name: Client() for name in (*NAMES, "")}
        for name, desk in self.ours.people.items():
            self.clients[name] = factories.signed_in(desk.person, method="mfa", type="webauthn")
        for client in self.clients.values():
            client.raise_request_exception = False
        self.cookies = {name: deepcopy(client.cookies) for name, client in self.clients.items()}

    def send(
        self, name: str, method: str, line: Line, world: World, *, scope: str = "", is_there: bool = True
    ) -> Any:
        """Ask as ``name`` for what stands in ``world``; whatever that changes is undone."""
        address = self.addresses[line.address]
        things = things_of(address.text, address.parameters, line.variant)
        values = {parameter: world.ids.get(thing, "") for parameter, thing in things.items()}
        if not is_there:
            values = dict.fromkeys(address.parameters, str(uuid4()))
        with transaction.atomic():
            ask = ask_of(line, method, world)
            self.clients[name].cookies = deepcopy(self.cookies[name])  # whoever signs out comes back
            answer = self._send(name, method, address.filled(values) + ask.query, ask, scope)
            answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            answer.ask = ask
            transaction.set_rollback(True)
        return answer

    def _send(self, name: str, method: str, path: str, ask: Ask, scope: str) -> Any:
        headers = dict(ask.headers)
        if scope:
            headers |= factories.bearer(self.ours.scoped[scope])
        elif name in self.ours.keys:
            headers |= factories.bearer(self.ours.keys[name])
        options: dict[str, Any] = {"headers": headers}
        if ask.from_afar:
            options["REMOTE_ADDR"] = "203.0.113.9"
        if method == "GET":
            return self.clients[name].get(path, **options)
        data = ask.data
        if ask.kind != "form":
            options["content_type"] = "application/json" if ask.kind == "json" else ask.kind
            data = b"" if data is None else data
        return getattr(self.clients[name], method.lower())(path, data, **options)

    def what_is_missing(self, name: str, line: Line) -> bytes:
        """What ``name`` reads where there is nothing at all, in the portal or in the API."""
        address = self.addresses[line.address]
        if (name, address.is_api) not in self.missing:
            client, headers = self.clients[name], {}
            if name in self.ours.keys:
                headers = factories.bearer(self.ours.keys[name])
            path = f"/api/v1/tokens/{uuid4()}" if address.is_api else f"/{uuid4()}/"
            self.missing[name, address.is_api] = client.get(path, headers=headers).content
        return self.missing[name, address.is_api]


def ask_of(line: Line, method: str, world: World) -> Ask:
    """What is sent at ``line``."""
    body = BODIES.get(f"{method} {line.address}@{line.variant}") or BODIES.get(f"{method} {line.address}")
    return body(world) if body else Ask(kind="json" if line.address.startswith("/api/") else "form")


def outcome(answer: Any) -> str:
    """What an answer says of the caller's rights; a status that says nothing of them is given as it is."""
    status = answer.status_code
    if status == 401 or (status == 302 and answer["Location"].startswith("/sign-in/")):
        return SIGN_IN
    if answer.ask.denied and answer.ask.denied in answer.body:
        return NO
    # a page that sends a form back, or says that things have moved on, has let its reader in
    judged = (409, 422) if answer.ask.kind == "form" else ()
    if 200 <= status < 400 or status in (*judged, *answer.ask.answers):
        return IN
    return {403: NO, 404: NOTHING}.get(status, f"{status} {answer.body[:300].decode(errors='replace')}")


def expected(line: Line, name: str) -> str:
    """What the table says of ``name``."""
    if name in line.let_in:
        return IN
    if name in line.told_no:
        return NO
    if line.is_nobodys:
        return NOTHING
    has_no_session = name not in (*GROUPS["people"], "operator") and not line.address.startswith("/api/")
    return SIGN_IN if name == "anonymous" or has_no_session else NOTHING


def unlisted(found: Iterable[str], lines: list[Line]) -> list[str]:
    """Addresses and operations without a line, and lines without an address."""
    listed = {line.address for line in lines}
    methods = {(method, line.address) for line in lines for method in line.methods}
    where = TABLE.relative_to(TABLE.parents[2])
    return [
        *(
            f"{address} has no line in {where}. Add one: METHODS {address} [scope, of the API] who is let in "
            "| who sees it and is told no. What stands in it and what is sent to it: asks.py."
            for address in sorted(set(found) - listed)
        ),
        *(
            f"{method} {address} is in the API's document and not in {where}: name the method there."
            for method, address in sorted(operations() - methods)
            if address in listed
        ),
        *(
            f"{where} speaks of {address}, which is no address any more."
            for address in sorted(listed - set(found))
        ),
    ]


def own_things(walk: Walk, line: Line) -> Iterator[str]:
    """Faults of one line: each role at what is its own."""
    for method, name in ((method, name) for method in line.methods for name in NAMES):
        answer = walk.send(name, method, line, walk.ours)
        seen, wanted = outcome(answer), expected(line, name)
        what = f"{method} {line.address} as {name}, one's own"
        if seen != wanted:
            yield f"{what}: {seen}; the table says: {wanted}"
        yield from _looks_missing(walk, name, line, answer, what)
        if seen == IN and name != "operator" and (told := _told(walk.strangers, answer)):
            yield f"{what}: the answer tells of a stranger's {', '.join(sorted(told))}"


def strangers_things(walk: Walk, line: Line) -> Iterator[str]:
    """Faults of one line: whoever may at home, at what is a stranger's."""
    if set(NAMES) <= line.let_in:
        return
    in_address = _is_somebodys(walk, line)
    for method in line.methods:
        if not (in_address or _names_things(walk, line, method)):
            continue
        for name in _askers(line):
            answer = walk.send(name, method, line, walk.strangers)
            seen, what = outcome(answer), f"{method} {line.address} as {name}, a stranger's"
            if seen == NO and in_address:
                nothing = walk.send(name, method, line, walk.ours, is_there=False)
                if (nothing.status_code, nothing.body) != (answer.status_code, answer.body):
                    yield f"{what}: 403, and not as where there is nothing"
            elif seen not in (NO, NOTHING) and (in_address or answer.status_code not in (409, 422)):
                yield f"{what}: {seen}; it must be 404"
            yield from _looks_missing(walk, name, line, answer, what)


def unnamed_methods(walk: Walk, line: Line, methods: set[str]) -> Iterator[str]:
    """Faults of one line: methods that the table does not name, and that are answered."""
    name = next((name for name in NAMES if name in line.let_in), None)
    if name is None:
        return
    for method in sorted(set(METHODS) - methods):
        seen = outcome(walk.send(name, method, line, walk.ours))
        if not seen.startswith("405"):
            yield f"{method} {line.address} as {name}: {seen}; the table does not name {method}: it must be 405"


def other_scopes(walk: Walk, line: Line) -> Iterator[str]:
    """Faults of one line: API keys with one scope each, of the studio's producer."""
    if set(NAMES) <= line.let_in or not line.address.startswith("/api/v1/"):
        return
    for method, scope in ((method, scope) for method in line.methods for scope in Scope.values):
        answer = walk.send("", method, line, walk.ours, scope=scope)
        seen = outcome(answer)
        if scope != line.scope and seen not in (NO, NOTHING):
            yield f"{method} {line.address} with the scope {scope} alone: {seen}; it must be 403"
        said = b"" if answer.streaming else answer.content
        is_decided = b'"decision_id"' in said  # asked in earnest, and denied for what it is
        if scope == line.scope and "studio-key" in line.let_in and seen == NO and not is_decided:
            yield f"{method} {line.address} with its scope {scope}: {seen} {said[:200]!r}; it must be let in"


def _askers(line: Line) -> list[str]:
    """Who asks for a stranger's things: at a page everyone who may; of the API one of each organisation, and keys."""
    may = (line.let_in | line.told_no) - {"operator"}  # who keeps the list of organisations sees all of them
    if not line.address.startswith("/api/v1/"):
        return sorted(may)
    chosen = {next((name for name in group if name in may), "") for group in ORGANISATIONS}
    return sorted((chosen | set(KEYS)) & may)


def _is_somebodys(walk: Walk, line: Line) -> bool:
    """Whether what stands in the address is another thing in each world (a profile of law is the same in both)."""
    address = walk.addresses[line.address]
    things = things_of(address.text, address.parameters, line.variant).values()
    return any(walk.ours.ids[thing] != walk.strangers.ids[thing] for thing in things)


def _names_things(walk: Walk, line: Line, method: str) -> bool:
    """Whether what is sent names something of a world."""
    with transaction.atomic():
        ours, theirs = (ask_of(line, method, world) for world in (walk.ours, walk.strangers))
        transaction.set_rollback(True)
    return not ours.is_unread and (str(ours.data), ours.query) != (str(theirs.data), theirs.query)


def _looks_missing(walk: Walk, name: str, line: Line, answer: Any, what: str) -> Iterator[str]:
    address = walk.addresses[line.address]
    if outcome(answer) != NOTHING or (address.is_api and not address.parameters):
        return  # where a body names what is not there, the answer may say so
    seen, missing = (_CHANCE.sub(b"", text) for text in (answer.body, walk.what_is_missing(name, line)))
    if seen != missing:
        yield f"{what}: 404, and not as where there is nothing"


def _told(world: World, answer: Any) -> set[str]:
    text = answer.body.decode(errors="replace")
    return {mark for mark in world.own_marks() if mark in text}
