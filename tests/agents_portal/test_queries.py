"""Every page of the agent and of the talent asks few questions of the database, however many rows there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from licensing import services
from licensing.models import TrainingRequest
from licensing.services import TrainingAsk
from tests import factories
from tests.agents_portal.conftest import Cast, Reader
from tests.receipts.conftest import Farm

MOST = 12
LIMITS = {
    "frames_max": 500, "lines_max": 5, "days_max": 30,
    "render_territory": ["US"], "distribution_territory": ["US"],
    "channels": ["SVOD"], "constructs": ["FACE_3D"], "replica_classes": ["EMPLOYMENT_BASED_DIGITAL_REPLICA"],
    "shown_until": "LIFE_OF_WORK", "fee_least_minor": 0, "currency": "USD",
}  # fmt: skip


def grow(cast: Cast, number: int) -> None:
    """More of everything: people, licences, requests, delegations, rules, requests to train, frames."""
    for _ in range(number):
        talent = factories.make_talent()
        mandate = factories.make_mandate(talent, cast.agent)
        row = factories.make_submitted_request(cast.production, talent, producer=cast.producer)
        factories.approve(row)
        cast.ask()
        services.delegate_mandate(
            principal=cast.agent, mandate=mandate, to_user=cast.colleague.person,
            valid_from=clock.now(), valid_until=clock.now() + timedelta(days=9),
        )  # fmt: skip
        services.set_auto_rule(
            principal=cast.self, talent=cast.talent, use_types=["FACE_RENDER"], limits=LIMITS,
            valid_until=clock.now() + timedelta(days=9),
        )  # fmt: skip
        ask_to_train(cast)


def ask_to_train(cast: Cast) -> TrainingRequest:
    return services.submit_training_request(
        principal=cast.producer,
        ask=TrainingAsk(
            production_id=cast.production.pk, talent=cast.talent.handle, use_types=("TRAINING_REPLICA",),
            constructs=("FACE_3D",), replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
            description="Fit one face model of Ada Merrow for sequences 041 to 047 of this film.",
            days=60, runs_max=2, render_territory=("US",), distribution_territory=("US",),
            channels=("THEATRICAL",), models=("merrow-face",),
        ),
    )  # fmt: skip


def count(reader: Reader, path: str, *, htmx: bool = False) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = reader.get(path, htmx=htmx)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    if len(seen) > MOST:
        print(path, *(query["sql"][:160] for query in seen.captured_queries), sep="\n")
    return len(seen)


def paths_of(cast: Cast, jti: object, mandate: object, training: object) -> dict[str, tuple[str, ...]]:
    """The pages of each seat."""
    shared = ("/licences/", f"/licences/{jti}/", f"/licences/{jti}/use/", f"/licences/{jti}/receipts/", "/audit/", "/training/", f"/training/{training}/", "/mandates/")  # fmt: skip
    person = f"/roster/{cast.talent.pk}/"
    return {
        "agent": (
            *shared, "/inbox/", "/inbox/?tab=waiting", "/inbox/?tab=closed", "/roster/", "/roster/?q=a&state=needs-you",
            person, f"{person}?tab=licences", f"{person}?tab=requests", f"/mandates/{mandate}/",
            f"/mandates/{mandate}/delegate/", "/absence/", "/alerts/", "/alerts/?tab=quota", "/alerts/?tab=owed",
            "/alerts/?tab=notice", "/receipts/",
        ),
        "self": (
            *shared, "/home/", "/decide/", "/stop/", "/visibility/", f"/visibility/{cast.talent.pk}/",
            "/rules/", f"/rules/new/{cast.talent.pk}/", f"/wishes/{cast.talent.pk}/after-death/",
            f"/wishes/{cast.talent.pk}/payee/", f"/mandates/give/{cast.talent.pk}/", f"/mandates/end/{cast.talent.pk}/",
            f"/training/{training}/approve/", f"/training/{training}/decline/",
        ),
    }  # fmt: skip


@pytest.mark.timeout(1200)
def test_no_page_asks_more_than_twelve_questions_and_none_asks_more_with_more_rows(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    farm = Farm(token, *factories.make_credential(token.licensee))
    lease = farm.lease(first=0, last=9)
    assert farm.send([farm.row(lease["id"], frame) for frame in range(10)]).status_code == 200
    mandate = cast.talent.mandates.get(revoked_at=None)
    training = ask_to_train(cast)
    grow(cast, 1)
    paths = paths_of(cast, token.pk, mandate.pk, training.pk)
    before = {(who, path): count(Reader(getattr(cast, who)), path) for who in paths for path in paths[who]}
    grow(cast, 2)
    after = {(who, path): count(Reader(getattr(cast, who)), path) for who in paths for path in paths[who]}
    assert {key: number for key, number in after.items() if number > MOST} == {}
    assert {key: (before[key], after[key]) for key in after if after[key] > before[key]} == {}


@pytest.mark.parametrize("size", [40])
def test_a_roster_longer_than_a_page_goes_on_where_it_stopped(cast: Cast, size: int) -> None:
    names = [f"Person {number:03}" for number in range(size + 5)]
    for name in names:
        factories.make_mandate(factories.make_talent(name), cast.agent)
    reader = Reader(cast.agent)
    first = reader.page("/roster/")
    onward = next(link for link in first.links if "after=" in link)
    second = reader.page(onward)
    shown = [name for name in names if name in first] + [name for name in names if name in second]
    assert sorted(shown) == names
    assert "Ilse Varga-Thorne" in first
