"""Productions: registered by a producer, overseen by a guild, unknown to strangers."""

from __future__ import annotations

import pytest

from licensing.models import Production
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


def test_a_producer_registers_a_production_under_a_guild(cast: Cast) -> None:
    guild = cast.auditor.organisation
    answer = Reader(cast.producer).post(
        "/productions/new/",
        {"title": "Ninety Winters", "kind": "PRODUCTION", "guild": guild.slug, "eidr": ""},
    )
    made = Production.objects.get(title="Ninety Winters")
    assert answer["Location"] == f"/productions/{made.pk}/"
    assert made.guild == guild
    assert "Ninety Winters" in Reader(cast.auditor).page("/productions/")
    assert "Ninety Winters" not in Reader(cast.other_studio).page("/productions/").text


@pytest.mark.parametrize(
    "sent",
    [
        {"title": "", "kind": "PRODUCTION"},
        {"title": "x" * 201, "kind": "PRODUCTION"},
        {"title": "Right\u202eleft", "kind": "PRODUCTION"},
        {"title": "Ninety Winters", "kind": "OPERA"},
        {"title": "Ninety Winters", "kind": "PRODUCTION", "guild": "no-such-guild"},
    ],
)
def test_a_production_with_wrong_fields_is_not_registered(cast: Cast, sent: dict[str, str]) -> None:
    before = Production.objects.count()
    answer = Reader(cast.producer).post("/productions/new/", sent)
    assert answer.status_code == 422
    assert "Nothing was changed" in page_of(answer)
    assert Production.objects.count() == before


def test_only_producers_register_and_strangers_find_nothing(cast: Cast) -> None:
    sent = {"title": "Not mine", "kind": "PRODUCTION"}
    assert Reader(cast.engineer).post("/productions/new/", sent).status_code == 403
    for reader in (cast.agent, cast.auditor, cast.self, cast.vendor):
        assert Reader(reader).post("/productions/new/", sent).status_code == 404
    assert not Production.objects.filter(title="Not mine").exists()
    path = f"/productions/{cast.production.pk}/"
    assert Reader(cast.other_studio).get(path).status_code == 404
    assert cast.production.title in Reader(cast.auditor).page(path)


def test_a_production_shows_its_licences_and_warns_of_their_quota(cast: Cast) -> None:
    path = f"/productions/{cast.production.pk}/"
    assert "Nobody is licensed for it now. Nothing may be rendered." in Reader(cast.producer).page(path)
    token = factories.approve(cast.ask())
    page = Reader(cast.producer).page(path)
    assert "One licence is live." in page
    assert f"/licences/{token.pk}/" in page.links
    assert "Quota runs out." not in page
