"""A released output without the cost of marking it: its file was marked once, its id is drawn to fit."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import av

from common.storage import put_file
from provenance import services
from provenance.models import Asset, AssetState
from provenance.services import marking
from tests.farm import Farm
from watermarking import services as marks

MARK_ID = 0x00E1_D2C3_B4A5_9687


def signing_asset(farm: Farm, film: Path, marked: Path) -> Asset:
    """An output whose marked file waits to be signed; ``marked`` carries :data:`MARK_ID` in both layers."""
    asset = services.receive_asset(
        principal=farm.desk,
        production_id=farm.token.production_id,
        token_jtis=[farm.token.jti],
        kind="DELIVERABLE",
        path=film,
        file_name="reel.mp4",
    )
    with mock.patch.object(marks.secrets, "randbits", return_value=MARK_ID):
        mark_id = marking.register(asset)
    Asset.objects.filter(pk=asset.pk).update(
        state=AssetState.SIGNING,
        mark_id=mark_id,
        marked_layers=["PIXEL", "AUDIO"],
        marked_blob=put_file(f"assets/{asset.pk}/marked.mp4", marked),
    )
    return services.sign_asset(asset.pk)


def released_asset(farm: Farm, film: Path, marked: Path) -> Asset:
    """The same, released."""
    return services.verify_asset(signing_asset(farm, film, marked).pk)


def strip(source: Path, target: Path) -> Path:
    """Copy the packets into a new container: every box beside the media is gone."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        outputs = {one.index: writing.add_stream_from_template(one) for one in reading.streams}
        for packet in reading.demux():
            if packet.dts is not None:
                packet.stream = outputs[packet.stream.index]
                writing.mux(packet)
    return target
