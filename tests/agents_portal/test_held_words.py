"""Why an output is held is said in sentences of the catalogue, never in the stored English with its long ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agents_portal.held_words import held_detail, held_lines
from provenance import services
from provenance.models import Asset
from provenance.rules import HoldCode, LicenceStanding, hold_reasons
from tests import factories
from tests.agents_portal.conftest import Reader, page_of
from tests.farm import make_farm
from tests.provenance.conftest import cut_clip
from trustcore.policy.vocabulary import TokenState

HERE = uuid4()


def standing(**facts: Any) -> LicenceStanding:
    return LicenceStanding(
        **{"jti": uuid4(), "production_id": HERE, "state": "ACTIVE", "rendered": 1, **facts}
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"production_id": None},
        {"production_id": uuid4()},
        {"rendered": 0},
        {"awaits_final": True},
        {"state": "REVOKED", "revocation_kind": "RECALL_REQUEST"},
        {"state": "REVOKED"},
        *({"state": str(state)} for state in TokenState if state in {"SUSPENDED", "PENDING_ACTIVATION"}),
    ],
)
def test_every_reason_of_a_licence_is_said_by_its_short_number(facts: dict[str, Any]) -> None:
    one = standing(**facts)
    reasons = hold_reasons(HERE, [one])
    assert reasons
    for why, what in held_lines(reason.to_dict() for reason in reasons):
        assert why.endswith(".")
        assert what.startswith(f"Licence {str(one.jti)[-4:].upper()}")
        assert str(one.jti) not in what
        assert "_" not in what


def test_what_a_layer_or_a_proxy_shows_is_said_and_a_tools_own_words_stay() -> None:
    assert held_detail("PIXEL: absent") == "Picture: the mark is not there"
    assert held_detail("proxy: the proxy shows another file") == "The proxy: The proxy shows another file."
    assert held_detail("moov atom not found") == "moov atom not found"
    assert {why for why, _what in held_lines({"code": str(one), "detail": ""} for one in HoldCode)} & {
        str(one) for one in HoldCode
    } == set()


@pytest.fixture
def silent_clip(demo_clip: Path, tmp_path: Path) -> Path:
    return cut_clip(demo_clip, tmp_path / "silent.mp4", seconds=2, start=20, with_audio=False)


def test_the_page_says_what_holds_an_output_before_and_after_it_is_judged_anew(
    db: None, silent_clip: Any
) -> None:
    farm = make_farm(terms={"approvals": {"checkpoints": ["FINAL"]}})
    farm.render(0, 4)
    asset = services.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=silent_clip, file_name="reel.mp4",
    )  # fmt: skip
    services.mark_asset(asset.pk)
    producer, path = Reader(factories.make_producer(farm.token.licensee)), f"/outputs/{asset.pk}/take-up/"
    number = str(farm.token.pk)[-4:].upper()
    page = producer.page(path)
    assert f"The final review was open. Licence {number}" in page
    assert str(farm.token.pk) not in page.text
    refused = producer.post(path, {"why": "It was passed, I think."})
    told = page_of(refused)
    assert (refused.status_code, "A licence still holds it." in told) == (422, True)
    assert f"The final review was open. Licence {number}" in told
    assert str(farm.token.pk) not in told.text
    assert Asset.objects.get(pk=asset.pk).state == "HELD"
