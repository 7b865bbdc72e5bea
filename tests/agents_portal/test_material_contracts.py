"""The room of contracts: every clause in words, what keeps one out of force, who binds, and a stranger's nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.agents_portal.conftest import Reader
from tests.training.contracts import GOOD, bound_source, written
from tests.training.making import House
from training.models import DataContract
from training.services.contracts import register_contract

pytestmark = pytest.mark.django_db
PATH = "/material/contracts/"
MOST = 12


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def draft(house: House, **changes: Any) -> DataContract:
    return register_contract(principal=house.engineer, text=written(house.source_class().code, **changes))


@pytest.mark.req("TP-070")
def test_a_reviewer_reads_every_clause_in_words_and_gets_the_very_text(house: House) -> None:
    source, row = bound_source(house)
    reader = Reader(house.producer)
    page = reader.page(f"{PATH}{row.pk}/")
    for words in (
        "Reels of partners", "In force", "Feed of a partner", "MINORS, NUDITY, MEDICAL", "Image: 100 %",
        "1,095 days from its collection", "48 hours of its registration", "counsel", "dialogue-model", "Norway",
        "It is isolated, and a person decides", "capture.photographer", source.source_class.code,
    ):  # fmt: skip
        assert words in page, words
    sent = reader.get(f"{PATH}{row.pk}/file/").content
    assert "sha256:" + hashlib.sha256(sent).hexdigest() == row.hash
    assert "Reels of partners" in reader.page(PATH)


@pytest.mark.req("TP-071")
def test_what_nothing_enforces_is_shown_and_cannot_be_put_into_force(house: House) -> None:
    row = draft(house, humanInTheLoop=True, retention=None)
    counsel = Reader(house.counsel)
    page = counsel.page(f"{PATH}{row.pk}/")
    assert "It cannot be put into force as it is." in page
    assert "customProperties.humanInTheLoop" in page
    assert "A contract in force says this, and this one does not." in page
    assert f"{PATH}{row.pk}/activate/" not in page.links
    assert "It cannot be put into force as it is." in counsel.page(f"{PATH}{row.pk}/activate/")
    assert counsel.post(f"{PATH}{row.pk}/activate/").status_code == 422
    row.refresh_from_db()
    assert row.state == "DRAFT"


def test_counsel_puts_it_into_force_and_retires_it_and_nobody_else_does(house: House) -> None:
    row = draft(house)
    engineer, counsel = Reader(house.engineer), Reader(house.counsel)
    for act in ("activate", "retire"):
        assert engineer.get(f"{PATH}{row.pk}/{act}/").status_code == 403, act
        assert engineer.post(f"{PATH}{row.pk}/{act}/", {"reason": "I say so."}).status_code == 403, act
    assert f"{PATH}{row.pk}/activate/" in counsel.page(f"{PATH}{row.pk}/").links
    assert "Put partner-reels 1.0.0 into force?" in counsel.page(f"{PATH}{row.pk}/activate/")
    assert counsel.post(f"{PATH}{row.pk}/activate/").status_code == 302
    assert "In force" in counsel.page(f"{PATH}{row.pk}/")
    assert counsel.post(f"{PATH}{row.pk}/activate/").status_code == 409
    assert counsel.post(f"{PATH}{row.pk}/retire/", {"reason": ""}).status_code == 422
    assert counsel.post(f"{PATH}{row.pk}/retire/", {"reason": "The partner left."}).status_code == 302
    page = counsel.page(f"{PATH}{row.pk}/")
    assert "The partner left." in page
    assert f"{PATH}{row.pk}/retire/" not in page.links


def test_to_a_stranger_there_is_no_contract_and_an_empty_room_says_so(house: House, stranger: House) -> None:
    _source, row = bound_source(house)
    reader = Reader(stranger.counsel)
    assert "No contract yet" in reader.page(PATH)
    for act in ("", "file/", "activate/", "retire/"):
        assert reader.get(f"{PATH}{row.pk}/{act}").status_code == 404, act


def test_a_refusal_by_contract_is_said_in_words(house: House) -> None:
    source, _row = bound_source(house)
    decision = house.ask(source, **GOOD, content=("NUDITY",)).decision
    page = Reader(house.counsel).page(f"/material/decisions/{decision.pk}/")
    assert "The contract of its class prohibits what is in it" in page


def test_neither_room_asks_more_with_more_versions(house: House) -> None:
    _source, row = bound_source(house)
    reader = Reader(house.counsel)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert reader.get(path).status_code == 200
        return len(seen)

    few = [count(PATH), count(f"{PATH}{row.pk}/")]
    for number in range(2, 9):
        draft(house, version=f"{number}.0.0")
    many = [count(PATH), count(f"{PATH}{row.pk}/")]
    assert max(many) <= MOST
    assert all(now <= before for before, now in zip(few, many, strict=True))


def test_an_engineer_registers_a_contract_by_file_or_text_and_is_shown_what_nothing_enforces(
    house: House,
) -> None:
    reader, kind = Reader(house.engineer), house.source_class().code
    assert f"{PATH}new/" in reader.page(PATH).links
    text = written(kind, humanInTheLoop=True)
    answer = reader.post(
        f"{PATH}new/", {"file": SimpleUploadedFile("c.yaml", text.encode(), "application/yaml")}
    )
    row = DataContract.objects.get()
    assert (answer["Location"], row.text, row.registered_by) == (
        f"{PATH}{row.pk}/",
        text,
        house.engineer.person,
    )
    assert "customProperties.humanInTheLoop" in reader.page(f"{PATH}{row.pk}/")
    typed = written(kind, version="1.1.0")
    reader.post(f"{PATH}new/", {"text": typed.replace("\n", "\r\n")})  # as a browser sends lines
    second = DataContract.objects.get(version="1.1.0")
    assert second.text == typed
    counsel = Reader(house.counsel)
    assert "Put into force" in counsel.page(f"{PATH}{second.pk}/")
    counsel.post(f"{PATH}{second.pk}/activate/")
    second.refresh_from_db()
    assert (second.state, second.activated_by) == ("ACTIVE", house.counsel.person)


def test_what_is_no_contract_or_is_there_already_is_refused_at_its_form_and_not_kept(house: House) -> None:
    reader, kind = Reader(house.engineer), house.source_class().code
    text = written(kind)
    for data, words in (
        ({}, "Choose a file, or write the text: one of both."),
        ({"text": "kind: [" }, "This is no contract in the Open Data Contract Standard. Nothing was kept."),
        ({"text": "apiVersion: v3.0.0\nkind: DataContract\n"}, "is a required property"),
        ({"file": SimpleUploadedFile("c.yaml", b"\xff\xfe\x00", "application/yaml")}, "This is no text in UTF-8."),
        ({"file": SimpleUploadedFile("c.yaml", text.encode()), "text": text}, "one of both"),
    ):  # fmt: skip
        answer = reader.post(f"{PATH}new/", data)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), words
    assert not DataContract.objects.exists()
    register_contract(principal=house.engineer, text=text)
    again = reader.post(f"{PATH}new/", {"text": text})
    assert (again.status_code, "A change is a new version." in again.content.decode()) == (422, True)
    assert Reader(house.counsel).get(f"{PATH}new/").status_code == 403
