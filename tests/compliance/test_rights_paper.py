"""A rights report on paper: printed once, signed, and it says what the data says."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.base import ContentFile
from pypdf import PdfReader

from common import keys
from common.errors import Unavailable
from common.storage import blobs
from compliance import rights_paper
from compliance.rights_paper import paper_facts, paper_of, paper_statement
from tests.training.making import House
from tests.training.test_rights_reports import report_on
from tests.training.test_takedowns import a_story
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.rights_report import verify_paper

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(db: None) -> House:
    return House()


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.req("TP-106")
def test_the_paper_asks_the_four_questions_and_tells_what_was_signed(house: House) -> None:
    told = a_story(house)
    report = report_on(house, "MODEL", told["model"].pk)
    paper = paper_of(report)
    said = text_of(paper)
    for question in report.head["questions"].values():
        assert question in said
    packed = said.replace(" ", "")
    for fact in (report.content_id, told["asset"].sha256, told["manifest"].content_id, "IMAGE2"):
        assert fact.replace(" ", "") in packed
    assert paper_of(report) == paper  # printed once
    signed = verify_paper(paper, paper_statement(report), keys.public_keys("DECISION"))
    assert (signed["report"], signed["cut"]) == (report.content_id, report.head["cut"])


def test_columns_are_given_their_widths_for_the_printer_to_measure_no_letter(house: House) -> None:
    facts = paper_facts(report_on(house, "MODEL", a_story(house)["model"].pk))
    tables = [table for question in facts["questions"] for table in question["tables"] if table["rows"]]
    for table in tables:
        assert len(table["widths"]) == len(table["heads"])
        assert 90 <= sum(table["widths"]) <= 100
        assert min(table["widths"]) >= 3
    (originals,) = [table for table in tables if table["title"] == "Originals"]
    width = dict(zip(originals["heads"], originals["widths"], strict=True))
    assert width["SHA-256"] > 2 * width["Kind"]
    page = rights_paper.page_of("compliance/rights_report.html", facts)
    assert page.count("<col ") == sum(len(table["heads"]) for table in tables)
    assert ".rows { table-layout: fixed; }" in page


def test_data_that_is_not_what_was_signed_is_not_printed(house: House) -> None:
    first, other = report_on(house, "ORGANISATION"), report_on(house, "ASSET", house.admit().pk)
    with blobs().open(other.location, "rb") as stream:
        genuine = bytes(stream.read())
    for data in (genuine, genuine[:-40]):
        blobs().delete(first.location)
        blobs().save(first.location, ContentFile(data))
        with pytest.raises(Unavailable) as refused:
            paper_statement(first)
        assert refused.value.code == "REPORT_BROKEN"


def test_another_paper_and_a_statement_under_another_key_do_not_verify(house: House) -> None:
    report = report_on(house, "ORGANISATION")
    paper, statement, known = paper_of(report), paper_statement(report), keys.public_keys("DECISION")
    for data, envelope, trusted, reason in (
        (paper + b" ", statement, known, InvalidReason.HASH_MISMATCH),
        (paper, statement, {}, InvalidReason.KEY_UNTRUSTED),
        (paper, bytes(report.statement or b""), known, InvalidReason.UNSUPPORTED),
    ):
        with pytest.raises(InvalidEvidence) as refused:
            verify_paper(data, envelope, trusted)
        assert refused.value.code == reason


def test_long_tables_say_how_much_is_left_out_and_markup_stays_text(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights_paper, "_ROWS", 2)
    source = house.source(rights_holder="<b>Bold & Co</b>")
    house.rights(source)
    for _ in range(5):
        house.admit(source)
    report = report_on(house, "SOURCE", source.pk)
    originals = next(
        one
        for question in paper_facts(report)["questions"]
        for one in question["tables"]
        if one["title"] == "Originals"
    )
    assert (len(originals["rows"]), originals["left_out"]) == (2, 3)
    assert "<b>Bold & Co</b>" in text_of(paper_of(report))


def test_where_nothing_can_be_printed_that_is_said(house: House, monkeypatch: Any) -> None:
    report = report_on(house, "ORGANISATION")
    monkeypatch.setattr(rights_paper, "pdf_of", lambda _page: None)
    with pytest.raises(Unavailable) as refused:
        paper_of(report)
    assert refused.value.code == "NO_PRINTER"
