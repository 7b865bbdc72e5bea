"""A bundle of one talent's part, over a period, or of an earlier state of the log; it verifies like any other."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from common import clock
from common.errors import DomainError, Forbidden, InvalidInput, NotFound
from compliance import selectors
from compliance.models import Bundle
from compliance.scope import Part
from compliance.services import build_bundle, request_bundle
from licensing import services as licensing
from licensing.models import GuildMember
from receipts import selectors as receipts
from tests import factories
from tests.compliance.test_bundles import members, saved
from tests.farm import Farm, make_farm
from trustcore.bundle import verify_bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine() -> Farm:
    """Five frames of a guild's member, in a production with another talent of another agency."""
    guild = factories.make_guild("Screen Guild")
    farm = make_farm(factories.make_production(guild=guild))
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 4)
    assert farm.check(0, 3, render_territory="FR").lease is None
    return farm


@pytest.fixture
def theirs(mine: Farm) -> Farm:
    farm = make_farm(mine.token.production)
    farm.render(0, 2)
    return farm


def made(desk: Any, farm: Farm, purpose: str = "REGULATORY", **part: Any) -> Bundle:
    asked = request_bundle(
        principal=desk, production_id=farm.token.production_id, purpose=purpose, part=Part(**part)
    )
    return build_bundle(asked.pk)


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


@pytest.mark.req("ST-032")
def test_an_agency_has_its_talents_part_of_a_production_with_others_and_not_the_others(
    mine: Farm, theirs: Farm, tmp_path: Path
) -> None:
    agent = factories.decider_of(mine.token.request)
    with pytest.raises(Forbidden) as whole:
        made(agent, mine)
    assert whole.value.code == "BUNDLE_NOT_SHARED"
    bundle = made(agent, mine, talent_id=mine.token.talent_id)
    path = saved(bundle, tmp_path)
    report, files = verify_bundle(path), members(path)
    # the log is whole, and so are the receipts that it proves
    assert report.summary.counts.rendered == 8
    assert report.withheld == (str(theirs.token.jti),)
    told = json.loads(files[f"data/tokens/{theirs.token.jti}/withheld.json"])
    assert told["why"] == "NOT_ASKED_FOR"
    assert f"data/tokens/{mine.token.jti}/v1.terms.json" in files
    # what is listed is the talent's
    rows = lines(files["data/receipts/asked.ndjson"])
    assert [row["frame"] for row in rows] == [0, 1, 2, 3, 4]
    assert {row["jti"] for row in rows} == {str(mine.token.jti)}
    assert len(files["data/receipts/asked.csv"].splitlines()) == 6
    scope = json.loads(files["data/scope.json"])
    assert scope["licences"] == [str(mine.token.jti)]
    assert (scope["counts"]["rendered"], scope["counts"]["denied"], scope["counts"]["tokens"]) == (5, 1, 1)
    page = files["data/summary.html"].decode()
    assert "<b>5</b> frames rendered" in page
    assert str(theirs.token.jti) not in page
    everything = b"\n".join(files.values()).decode("utf-8", "replace")
    for hidden in (str(theirs.token.request_id), str(theirs.token.talent_id), theirs.token.grant.jws):
        assert hidden not in everything
    # it is the asker's alone, and its page counts the part
    studio = factories.make_producer(mine.token.licensee)
    assert selectors.bundle_for(studio, bundle.pk) is None
    detail = selectors.bundle_detail(agent, bundle.pk)
    assert [one.value for one in detail.totals] == [1, 5, 2, 0]


def test_nobody_has_the_part_of_somebody_elses_talent(mine: Farm, theirs: Farm) -> None:
    agent = factories.decider_of(mine.token.request)
    for talent in (theirs.token.talent_id, uuid4()):
        with pytest.raises(NotFound):
            made(agent, mine, talent_id=talent)
    stranger = factories.make_producer(factories.make_studio())
    with pytest.raises(NotFound):
        made(stranger, mine, talent_id=mine.token.talent_id)
    assert not Bundle.objects.exists()


def test_the_guild_has_a_members_part_with_their_rows_of_the_usage_report(
    mine: Farm, theirs: Farm, tmp_path: Path
) -> None:
    GuildMember.objects.create(
        guild=mine.token.production.guild, talent=theirs.token.talent, number_digest="cd" * 32
    )
    auditor = factories.make_desk(mine.token.production.guild, "AUDITOR")
    files = members(saved(made(auditor, mine, "UNION_REPORTING", talent_id=mine.token.talent_id), tmp_path))
    head, *rows = lines(files["data/usage/usage.jsonl"])
    assert (head["record_count"], head["frames"]) == (1, 5)
    assert str(theirs.token.jti) not in files["data/usage/usage.csv"].decode()
    assert len(rows) == 1


def test_a_period_counts_what_came_in_during_it(mine: Farm, tmp_path: Path) -> None:
    studio = factories.make_producer(mine.token.licensee)
    begins = clock.now()
    mine.render(10, 12)
    until = clock.now()
    mine.render(20, 29)
    path = saved(made(studio, mine, begins=begins, until=until), tmp_path)
    files, counts = members(path), verify_bundle(path).summary.counts
    assert counts.rendered == 18
    assert [row["frame"] for row in lines(files["data/receipts/asked.ndjson"])] == [10, 11, 12]
    scope = json.loads(files["data/scope.json"])
    assert (scope["counts"]["rendered"], scope["counts"]["checks"], scope["counts"]["denied"]) == (3, 1, 0)
    page = files["data/summary.html"].decode()
    assert "<b>3</b> frames rendered" in page
    assert "known of the present alone" in page
    with pytest.raises(InvalidInput) as refused:
        made(studio, mine, begins=until, until=begins)
    assert refused.value.code == "PERIOD_REVERSED"


def test_a_bundle_is_cut_at_an_earlier_checkpoint_and_says_what_was_so_then(
    mine: Farm, tmp_path: Path
) -> None:
    studio = factories.make_producer(mine.token.licensee)
    first = made(studio, mine)
    size = first.tree_size
    mine.render(30, 39)
    licensing.revoke_token(
        principal=factories.decider_of(mine.token.request),
        jti=mine.token.jti,
        kind="PROSPECTIVE",
        disposition="KEEP",
        reason="over",
    )
    assert made(studio, mine).tree_size > size
    back = made(studio, mine, size=size)
    counts = verify_bundle(saved(back, tmp_path)).summary.counts
    assert (back.tree_size, back.root_hex) == (size, first.root_hex)
    assert (counts.rendered, counts.revoked) == (5, 0)


@pytest.mark.parametrize(("beyond", "code"), [(1000, "SIZE_PAST_LOG"), (-1, "SIZE_NOT_PUBLISHED")])
def test_a_size_at_which_no_checkpoint_was_published_is_refused(mine: Farm, beyond: int, code: str) -> None:
    studio = factories.make_producer(mine.token.licensee)
    size = made(studio, mine).tree_size
    assert size not in {None, 0}
    assert receipts.checkpoint_at(mine.token.production_id, size + beyond) is None
    with pytest.raises(DomainError) as refused:
        made(studio, mine, size=size + beyond)
    assert refused.value.code == code


def test_the_api_takes_a_part_and_names_what_is_wrong_with_one(
    mine: Farm, theirs: Farm, client: Client
) -> None:
    headers = factories.bearer(mine.credential)
    body = {"project": str(mine.token.production_id), "purpose": "REGULATORY"}

    def ask(**part: Any) -> Any:
        return client.post("/api/v1/bundles", body | part, content_type="application/json", headers=headers)

    now = clock.now()
    period = {"begins": clock.rfc3339(now - timedelta(days=1)), "until": clock.rfc3339(now)}
    taken = ask(talent=str(mine.token.talent_id), **period)
    assert taken.status_code == 202
    assert taken.json()["talent"] == str(mine.token.talent_id)
    assert taken.json()["begins"].startswith(str(now.date() - timedelta(days=1)))
    backwards = ask(begins=period["until"], until=period["begins"])
    assert (backwards.status_code, backwards.json()["code"]) == (422, "PERIOD_REVERSED")
    assert (ask(size=10**6).status_code, ask(size=10**6).json()["code"]) == (422, "SIZE_PAST_LOG")
    assert ask(size=-1).json()["code"] == "FIELDS_INVALID"
    assert ask(talent=str(uuid4())).status_code == 404
