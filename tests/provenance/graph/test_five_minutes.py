"""The five-minute rule, measured: each legal question has a screen, an API call and a stopwatch figure."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from provenance.graph.models import Question, QuestionTime
from provenance.graph.questions import BAR_SECONDS
from provenance.graph.services import record_batch
from tests import factories
from tests.provenance.graph.conftest import Film, thing

pytestmark = pytest.mark.django_db


def ask(
    film: Film, question: str, *, name: str = "shot", desk: Any = None, status: int = 200
) -> dict[str, Any]:
    reader = factories.signed_in((desk or film.desk).person)
    answer = reader.get(f"/api/v1/assets/{film.version(name)}/questions/{question}")
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


def stopwatch(film: Film, desk: Any = None, status: int = 200) -> dict[str, Any]:
    reader = factories.signed_in((desk or film.desk).person)
    answer = reader.get(f"/api/v1/productions/{film.production.pk}/question-times")
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.req("BX-024", "TP-026")
def test_each_legal_question_has_an_api_call_a_screen_and_a_figure_that_is_kept(film: Film) -> None:
    parts = {
        "CAME_FROM": "versions", "MODEL": "models", "REFERENCES": "references", "APPROVED": "approvals",
        "LICENCE": "licences", "CHANGED": "relations",
    }  # fmt: skip
    assert set(parts) == set(Question.values)
    for question, part in parts.items():
        told = ask(film, question)
        assert told[part], question
        assert 0 < told["seconds"] < BAR_SECONDS == told["bar_seconds"]
        assert told["is_within"] is True
        kept = QuestionTime.objects.get(question=question)
        assert round(kept.seconds, 6) == told["seconds"]
        assert (kept.person, kept.through, kept.version_id) == (film.desk.person, "API", film.version("shot"))
    page = factories.signed_in(film.desk.person).get(f"/assets/{film.version('shot')}/questions/")
    text = page.content.decode()
    for one in Question:
        assert str(one.label) in text
        assert f"GET /api/v1/assets/{film.version('shot')}/questions/{one.value}" in text
    assert text.count("Within five minutes") == len(Question)
    # the screen's own asking was timed and kept, too
    assert QuestionTime.objects.filter(through="PORTAL").count() == len(Question)
    told = stopwatch(film)
    assert {
        one["question"]: (one["asked"], one["by_api"], one["is_within"]) for one in told["questions"]
    } == dict.fromkeys(parts, (2, 1, True))


@pytest.mark.req("BX-024")
def test_an_answer_that_took_too_long_is_counted_and_said(film: Film) -> None:
    ask(film, "MODEL")
    kept = QuestionTime.objects.get()
    QuestionTime.objects.create(
        question="MODEL", version=kept.version, production=kept.production, organisation=kept.organisation,
        person=kept.person, through="API", seconds=301.0, is_complete=True,
    )  # fmt: skip
    found = {one["question"]: one for one in stopwatch(film)["questions"]}
    assert (found["MODEL"]["over"], found["MODEL"]["is_within"], found["MODEL"]["longest"]) == (
        1,
        False,
        301.0,
    )
    assert (found["LICENCE"]["asked"], found["LICENCE"]["is_within"]) == (0, None)
    page = factories.signed_in(film.desk.person).get(f"/assets/{film.version('shot')}/questions/")
    assert "Too slow" in page.content.decode()
    for change in (
        lambda: QuestionTime.objects.update(seconds=1.0),
        lambda: QuestionTime.objects.filter(pk=kept.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_question_that_is_none_and_a_stranger_find_nothing(film: Film) -> None:
    assert ask(film, "WEATHER", status=404)["code"] == "NOT_FOUND"
    stranger = factories.make_producer(factories.make_studio())
    assert ask(film, "MODEL", desk=stranger, status=404)["code"] == "NOT_FOUND"
    assert stopwatch(film, stranger, status=404)["code"] == "NOT_FOUND"
    talent = factories.desk_of_talent(film.token.talent)
    assert ask(film, "LICENCE", desk=talent)["licences"][0]["jti"] == str(film.token.jti)
    assert stopwatch(film, talent, status=403)["code"] == "GRAPH_NOT_WHOLE"
    record_batch(
        principal=film.desk,
        production_id=film.production.pk,
        specs=[thing("IMAGE", "found", origin="GENERATIVE_MODEL")],
    )
    told = ask(film, "MODEL", name="found")
    assert (told["models"], told["is_complete"]) == ([], False)
    assert told["incomplete"][0]["gaps"] == ["BLACK_BOX"]
