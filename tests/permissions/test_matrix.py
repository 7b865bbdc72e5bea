"""Every address and method, walked by every role: what ``table.txt`` says is what happens, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from accounts.models import Membership
from agents_portal.access import portal_page
from agents_portal.views import licences, productions
from licensing.api import TokenApi, TokensApi
from tests.permissions.table import Line, read_table
from tests.permissions.walk import (
    Walk,
    other_scopes,
    own_things,
    strangers_things,
    unlisted,
    unnamed_methods,
)
from tests.permissions.worlds import KEYS, PEOPLE, Role

pytestmark = pytest.mark.django_db
PARTS = 6


@cache
def table() -> tuple[Line, ...]:
    return tuple(read_table())


def lines_at(address: str) -> list[Line]:
    found = [line for line in table() if line.address == address]
    assert found, address
    return found


def faults(walk: Walk, look: Callable[[Walk, Line], Iterator[str]], part: int) -> list[str]:
    """What is wrong in one of the parts that the table is walked in (a test may run for minutes, not more)."""
    lines = [line for line in table() if line.address in walk.addresses]
    return [fault for line in lines[part::PARTS] for fault in look(walk, line)]


in_parts = pytest.mark.parametrize("part", range(PARTS))


def test_every_address_and_operation_has_a_line(walk: Walk) -> None:
    assert unlisted(walk.addresses, list(table())) == []


def test_every_role_of_the_house_is_walked() -> None:
    assert {role for _, role in PEOPLE.values()} | {Role.TALENT} == set(Membership.Role)


@in_parts
def test_each_role_gets_what_the_table_says_and_hears_nothing_of_strangers(walk: Walk, part: int) -> None:
    assert faults(walk, own_things, part) == []


@in_parts
def test_a_strangers_things_are_not_there_and_look_like_what_is_not(walk: Walk, part: int) -> None:
    assert faults(walk, strangers_things, part) == []


def test_methods_that_the_table_does_not_name_are_not_answered(walk: Walk) -> None:
    named: dict[str, set[str]] = {}
    for line in table():
        named.setdefault(line.address, set()).update(line.methods)
    first = {line.address: line for line in reversed(table())}
    found = [fault for at, line in first.items() for fault in unnamed_methods(walk, line, named[at])]
    assert found == []


@in_parts
def test_a_key_with_one_scope_does_what_this_scope_names_and_nothing_else(walk: Walk, part: int) -> None:
    assert [line for line in table() if set(KEYS) & line.let_in and _is_api(line) and not line.scope] == []
    assert faults(walk, other_scopes, part) == []


def _is_api(line: Line) -> bool:
    return line.address.startswith("/api/v1/") and "anonymous" not in line.let_in


# -- the walk finds what it is there to find


def test_an_address_without_a_line_is_named_with_what_to_add(walk: Walk) -> None:
    said = unlisted([*walk.addresses, "/secrets/{secret_id}/"], list(table()))
    assert len(said) == 1
    assert "/secrets/{secret_id}/ has no line in tests/permissions/table.txt. Add one:" in said[0]
    shorter = [line for line in table() if line.address != "/keys/"]
    assert [text.split()[0] for text in unlisted(walk.addresses, shorter)] == ["/keys/"]
    assert "no address any more" in unlisted(set(walk.addresses) - {"/keys/"}, list(table()))[0]


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Put another view behind an address of the portal, by the address's name."""
    patterns = get_resolver().url_patterns

    def put(name: str, view: Any) -> None:
        rows = [one for root in patterns for one in getattr(root, "url_patterns", [root])]
        found = [one for one in rows if isinstance(one, URLPattern) and one.name == name]
        assert len(found) == 1, name
        monkeypatch.setattr(found[0], "callback", view)

    return put


def test_a_page_that_forgets_whose_it_is_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selector that no longer asks who is reading."""
    owners = {world.ids["jti"]: world.people["producer"] for world in (walk.ours, walk.strangers)}
    honest = licences.licence_detail
    monkeypatch.setattr(licences, "licence_detail", lambda _, jti: honest(owners[str(jti)], jti))
    (line,) = lines_at("/licences/{jti}/")
    found = list(strangers_things(walk, line))
    assert {fault.split(" as ")[1].split(",")[0] for fault in found} == set(line.let_in)
    assert all("it must be 404" in fault for fault in found)


def test_a_page_that_forgets_its_seats_is_found(walk: Walk, replaced: Callable[[str, Any], None]) -> None:
    inner = productions.productions_page.__wrapped__  # type: ignore[attr-defined]
    replaced("portal-productions", portal_page()(inner))
    (line,) = lines_at("/productions/")
    found = list(own_things(walk, line))
    assert "GET /productions/ as agent, one's own: let in; the table says: 404" in found


def test_a_list_that_forgets_its_filter_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    from licensing.models import Production

    everything = Production.objects.all
    monkeypatch.setattr(productions, "productions_visible_to", lambda _: everything(), raising=True)
    (line,) = lines_at("/productions/")
    assert any("tells of a stranger's" in fault for fault in own_things(walk, line))


def test_a_page_that_refuses_in_other_words_than_nothing_does_is_found(
    walk: Walk, replaced: Callable[[str, Any], None]
) -> None:
    from django.http import HttpResponseNotFound

    replaced("portal-licence", lambda request, jti: HttpResponseNotFound(b"Not for you."))
    (line,) = lines_at("/licences/{jti}/")
    assert any("not as where there is nothing" in fault for fault in strangers_things(walk, line))


def test_an_operation_that_forgets_its_scope_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokensApi, "required_scope", None)
    (line,) = lines_at("/api/v1/tokens")
    assert len(list(other_scopes(walk, line))) > 10


def test_an_operation_that_asks_for_the_wrong_scope_is_found(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenApi, "required_scope", "asset:read")
    (line,) = lines_at("/api/v1/tokens/{jti}")
    found = list(other_scopes(walk, line))
    assert [fault.rsplit(";", 1)[1] for fault in found] == [" it must be let in", " it must be 403"]


def test_an_operation_open_to_anonymous_callers_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    from watermarking.api import SchemesApi

    monkeypatch.setattr(TokensApi, "permission_classes", ())
    monkeypatch.setattr(TokensApi, "get", SchemesApi.get)
    (line,) = lines_at("/api/v1/tokens")
    assert any("as anonymous" in fault for fault in own_things(walk, line))
