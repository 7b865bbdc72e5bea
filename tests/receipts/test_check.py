"""``POST /api/v1/render/checks``: what is allowed, what is denied and why, and what is kept of it."""

from __future__ import annotations

import uuid

import pytest

from receipts.models import RenderCheck
from tests.receipts.conftest import Farm, make_farm

pytestmark = pytest.mark.django_db


def test_permitted_check_opens_a_lease_over_the_frames_asked_for(farm: Farm) -> None:
    response = farm.check(frame_range={"first": 100, "last": 124})
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["decision"] == "ALLOW_WITH_OBLIGATIONS"
    assert answer["reason_codes"] == []
    assert answer["frames_reserved"] == 25
    assert (answer["lease"]["first"], answer["lease"]["last"]) == (100, 124)
    assert {"WATERMARK_PIXEL", "SIGN_C2PA"} <= set(answer["obligations"])
    kept = RenderCheck.objects.get(pk=answer["decision_id"])
    assert (kept.outcome, kept.token_jti, kept.units_reserved) == (answer["decision"], farm.token.pk, 25)
