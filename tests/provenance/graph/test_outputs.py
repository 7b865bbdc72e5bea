"""Outputs enter the graph by themselves, with the frames that left receipts."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance import services
from provenance.graph.inspection import inspect_graph
from provenance.graph.models import AssetVersion, Classification, Relation
from tests import factories
from tests.farm import make_farm

pytestmark = pytest.mark.django_db


def test_an_upload_is_an_asset_that_contains_the_frames_with_receipts(short_clip: Path) -> None:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 5)
    output = services.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=short_clip, file_name="reel.mp4",
    )  # fmt: skip
    upload = AssetVersion.objects.get(asset_id=output.pk)
    assert (upload.content_sha256, upload.token_jtis) == (output.upload_sha256, [farm.token.jti])
    frames = Relation.objects.select_related("parent").get(child=upload, kind="CONTAINS").parent
    assert (frames.frame_first, frames.frame_last, frames.metadata["receipts"]["frames"]) == (0, 5, 6)
    codes = Classification.objects.filter(version__in=[upload, frames]).values_list("code", flat=True)
    assert set(codes) == {"compositeWithTrainedAlgorithmicMedia"}
    assert inspect_graph(farm.token.production_id) == []
