"""Terms told in another language: the same facts, the same marks, never another hash."""

from __future__ import annotations

import re

import pytest

from tests.trustcore.samples import terms, training_terms
from trustcore.language import ENGLISH, language
from trustcore.policy.diff import READERS, diff_terms
from trustcore.policy.plain import plain_terms
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import terms_hash
from trustcore.policy.territory import COUNTRIES, territory_name
from trustcore.policy.words import frames, moment, money

SPANISH = language("es")


def test_an_unknown_language_speaks_english() -> None:
    assert language("tlh") is ENGLISH
    assert language("en-US") is ENGLISH
    assert language("es-MX") == language("es")
    assert SPANISH.say("No such message of the core.") == "No such message of the core."


def test_numbers_money_days_and_lists_are_written_as_spanish_writes_them() -> None:
    assert SPANISH.number(1_234_567) == "1\u00a0234\u00a0567"
    assert money(1_245_000, "USD", SPANISH) == "12\u00a0450,00 USD"
    assert money(1_245, "JPY", SPANISH) == "1\u00a0245 JPY"
    assert moment("2026-10-18T00:00:00Z", SPANISH) == "18 de octubre de 2026"
    assert frames(30, SPANISH) == "30 fotogramas (1,2 s a 24 fps)"
    assert frames(1, SPANISH) == "1 fotograma (0 s a 24 fps)"
    assert SPANISH.listed(["Cines", "Discos", "Radio"]) == "Cines, Discos y Radio"


@pytest.mark.parametrize(
    ("last", "link"),
    [("Irlanda", "e"), ("India", "e"), ("Hidalgo", "e"), ("Hielo", "y"), ("Yemen", "y"), ("Hungría", "y")],
)
def test_and_gives_way_before_its_own_sound(last: str, link: str) -> None:
    assert SPANISH.listed(["España", last]) == f"España {link} {last}"


CHANGES = (
    {"scope__frames_max": 5000}, {"scope__frames_max": 10}, {"use_types": ["FACE_RENDER"]}, {"vendors": ["x"]},
    {"render_territory": ["US", "MX"]}, {"approvals__final_review_hours": 96}, {"compensation__amount_minor": 100},
    {"marking__c2pa": False}, {"assignability": "WITH_CONSENT"}, {"ratings": {"MPA": "PG-13"}},
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_each_difference_is_told_with_both_texts_word_for_word(change: dict[str, object]) -> None:
    old, new = terms(), terms(**change)
    english, spanish = diff_terms(old, new), diff_terms(old, new, SPANISH)
    assert [one.field for one in english] == [one.field for one in spanish]
    for one, told in zip(english, spanish, strict=True):
        assert told.before in told.sentence
        assert told.after in told.sentence
        assert told.sentence != one.sentence
        assert told.sentence.endswith(".")
        assert told.sentence[0].isupper() or not told.sentence[0].isalpha()


def test_plain_terms_hold_the_same_lines_in_both_languages() -> None:
    for version in (terms(), training_terms(), terms(render_territory=["WORLD"])):
        english, spanish = plain_terms(version), plain_terms(version, SPANISH)
        assert len(english.granted) == len(spanish.granted)
        assert len(english.not_granted) == len(spanish.not_granted)
        pairs = zip(english.granted + english.not_granted, spanish.granted + spanish.not_granted, strict=True)
        assert all(one.title != told.title for one, told in pairs)
    assert plain_terms(terms(), SPANISH).not_granted[0].title == "Entrenar cualquier modelo"


def test_telling_terms_changes_no_hash() -> None:
    before = terms_hash(terms())
    plain_terms(terms(), SPANISH)
    assert terms_hash(terms()) == before


def test_every_reason_country_and_label_has_its_words() -> None:
    assert all(SPANISH.say(reason.explanation) != reason.explanation for reason in DenyReason)
    assert all(SPANISH.say(reason.mend) != reason.mend for reason in DenyReason)
    assert all(SPANISH.say(reader.label) != reader.label for reader in READERS)
    names = {territory_name(code, SPANISH) for code in COUNTRIES}
    assert len(names) == len(COUNTRIES)
    assert territory_name("US-CA", SPANISH) == "Estados Unidos (US-CA)"


def test_no_sentence_keeps_an_english_article() -> None:
    told = [one.sentence for change in CHANGES for one in diff_terms(terms(), terms(**change), SPANISH)]
    assert not [text for text in told if re.search(r"\b(the|from|until now|gives way)\b", text)]
