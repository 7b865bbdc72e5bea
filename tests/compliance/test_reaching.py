"""The blast radius of a likeness consent: from the talent's yes through receipts and material to models, whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from common.errors import NotFound
from compliance.reaching import reach_of_licence
from licensing import services
from licensing.models.requests import ActionKind
from provenance.graph.models import AssetVersion
from provenance.graph.services import record_batch
from receipts.models import EntryKind, LogEntry
from tests import factories
from tests.provenance.graph.conftest import edge, thing
from tests.receipts.conftest import Farm, make_farm, sha
from tests.training.making import House
from tests.training.test_manifests import make_run, released
from training.models import TrainingAsset
from training.services.runs import ModelAsk, register_models
from trustcore.log.merkle import leaf_hash, root_from_leaves

pytestmark = pytest.mark.django_db


@dataclass
class Story:
    """A licence, its three receipts, a shot made of one frame, and what was trained on frames and shot."""

    farm: Farm
    house: House
    expected: set[str]
    beside: set[str]


def _model(house: House, manifest: Any, number: int) -> tuple[Any, Any]:
    run = make_run(house, manifest, number)
    ask = ModelAsk(name=f"faces-{number}", version="1", sha256=f"{number}" * 64)
    (model,) = register_models(principal=house.engineer, run_id=run.pk, asks=[ask])
    return run, model


@pytest.fixture
def story() -> Story:
    farm = make_farm()
    house = House(farm.token.licensee)
    lease = farm.lease(0, 1)
    sent = farm.send([
        farm.row(lease["id"], 0, file_sha256=sha("frame 0")), farm.row(lease["id"], 1, file_sha256=sha("frame 1")),
        farm.row(lease["id"], 7, file_sha256=sha("stray")),  # outside of its leave: unauthorised, and a receipt all the same
    ])  # fmt: skip
    assert sent.status_code < 300, sent.content
    desk = factories.make_producer(farm.token.production.organisation)
    record_batch(
        principal=desk, production_id=farm.token.production_id,
        specs=[thing("IMAGE", "frame 0", origin="CAMERA"), thing("SHOT", "shot", edge("frame 0", "COMPOSITED_FROM")),
               thing("CAPTURE", "plate", origin="CAMERA")],
    )  # fmt: skip
    shot, frame, stray = (house.admit(sha256=sha(name)) for name in ("shot", "frame 1", "stray"))
    derivative = house.derive(shot)
    run, model = _model(house, manifest := released(house, shot, frame), 1)
    other = house.admit(sha256=sha("plate"))
    other_run, other_model = _model(house, beside := released(house, other), 2)
    versions = {one.asset.name: one.pk for one in AssetVersion.objects.select_related("asset")}
    origin = LogEntry.objects.filter(kind=EntryKind.FRAME).select_related("log")[0].log.origin
    receipts = {f"RECEIPT:{origin}#{leaf.idx}" for leaf in LogEntry.objects.filter(kind=EntryKind.FRAME)}
    assert len(receipts) == 3
    consent = farm.token.request.actions.get(kind=ActionKind.APPROVE)
    expected = {
        f"CONSENT:{consent.pk}", f"LICENCE:{farm.token.pk}", *receipts,
        f"VERSION:{versions['frame 0']}", f"VERSION:{versions['shot']}",
        f"ASSET:{shot.pk}", f"ASSET:{frame.pk}", f"ASSET:{stray.pk}", f"DERIVATIVE:{derivative.pk}",
        f"MANIFEST:{manifest.pk}", f"RUN:{run.pk}", f"MODEL:{model.pk}",
    }  # fmt: skip
    return Story(
        farm, house, expected,
        {f"VERSION:{versions['plate']}", f"ASSET:{other.pk}", f"MANIFEST:{beside.pk}", f"RUN:{other_run.pk}",
         f"MODEL:{other_model.pk}"},
    )  # fmt: skip


def ask(credential: Any, jti: Any, what: str = "") -> Any:
    return Client().get(f"/api/v1/tokens/{jti}/reach{what}", headers=factories.bearer(credential))


@pytest.mark.req("BX-022")
def test_from_consent_through_receipts_and_rows_to_the_model_all_is_reached_counted_and_rooted(
    story: Story,
) -> None:
    key = factories.make_credential(story.farm.token.licensee)[0]
    answer = ask(key, story.farm.token.pk)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    lines = b"".join(ask(key, story.farm.token.pk, "/lines").streaming_content).decode().splitlines()
    assert set(lines) == story.expected
    assert not set(lines) & story.beside
    assert lines == sorted(lines)
    assert (said["reached"], said["is_complete"]) == (len(lines), True)
    assert said["reached_root"] == root_from_leaves([leaf_hash(line.encode()) for line in lines]).hex()
    assert sum(said["counts"].values()) == said["reached"]
    assert (said["counts"]["RECEIPT"], said["counts"]["MODEL"]) == (3, 1)
    assert said["log_size"] >= 3


def test_the_database_alone_gives_the_same_reach(story: Story, settings: Any) -> None:
    by_index = reach_of_licence(story.house.counsel, story.farm.token.pk)
    settings.LINEAGE_INDEX = False
    by_query = reach_of_licence(story.house.counsel, story.farm.token.pk)
    assert (by_index.root, by_index.counts) == (by_query.root, by_query.counts)
    assert by_index.reached == len(story.expected)


def test_what_comes_later_is_reached_by_the_next_question(story: Story) -> None:
    before = reach_of_licence(story.house.counsel, story.farm.token.pk)
    story.house.derive(TrainingAsset.objects.get(sha256=sha("stray")))
    after = reach_of_licence(story.house.counsel, story.farm.token.pk)
    assert (after.reached, after.root != before.root) == (before.reached + 1, True)
    assert after.as_of_edge > before.as_of_edge
    assert after.counts["DERIVATIVE"] == before.counts["DERIVATIVE"] + 1


def test_another_house_that_has_the_same_bytes_is_not_told_of_and_strangers_find_nothing(
    story: Story,
) -> None:
    stranger = House()
    stranger.admit(sha256=sha("shot"))
    assert reach_of_licence(story.house.counsel, story.farm.token.pk).reached == len(story.expected)
    with pytest.raises(NotFound):
        reach_of_licence(stranger.counsel, story.farm.token.pk)
    answer = ask(factories.make_credential(stranger.organisation)[0], story.farm.token.pk)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    narrow = factories.make_credential(story.farm.token.licensee, scopes=["render:check"])[0]
    assert ask(narrow, story.farm.token.pk).status_code == 403


def test_a_consent_to_training_reaches_what_rests_on_its_licence() -> None:
    render = factories.make_submitted_request()
    factories.approve(render)
    house = House(render.production.organisation)
    talent = factories.desk_of_talent(render.talent)
    asked = services.submit_training_request(
        principal=house.producer, ask=factories.make_training_ask(render)
    )
    token = services.approve_training(principal=talent, request_id=asked.pk, terms_hash=asked.terms_hash)
    source = house.source()
    rights = house.rights(source, licence_class="TALENT_TRAINING_LICENCE", training_token=token.pk)
    asset = house.admit(source)
    found = reach_of_licence(house.counsel, token.pk)
    assert found.consent == token.request.consent.pk
    assert found.counts == {"ASSET": 1, "CONSENT": 1, "LICENCE": 1, "RIGHTS": 1, "SOURCE": 1}
    lines = {f"CONSENT:{found.consent}", f"LICENCE:{token.pk}", f"RIGHTS:{rights.pk}", f"SOURCE:{source.pk}",
             f"ASSET:{asset.pk}"}  # fmt: skip
    assert found.root == root_from_leaves([leaf_hash(line.encode()) for line in sorted(lines)]).hex()
