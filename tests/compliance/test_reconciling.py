"""A delivery beside its log: each file has its receipt, each receipt its file, or the report says which has not."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from trustmark_client.pixels import file_sha256, pixel_sha256

from common import clock
from compliance.reconciling import services
from compliance.reconciling.compare import Reconciliation, reconcile
from compliance.reconciling.places import Place, place_of
from receipts.services.intake import take_receipts
from tests import factories
from tests.compliance.test_bundles import made, members, rewritten, saved
from tests.farm import Farm, make_farm
from trustcore.bundle import verify_bundle
from trustmark.cli.reconcile import main

pytestmark = pytest.mark.django_db
FRAMES = 8


def paint(path: Path, number: int, **info: str) -> Path:
    """A small picture of its own for each number; metadata may differ."""
    pixels = np.random.default_rng(number).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    told = PngImagePlugin.PngInfo()
    for name, value in info.items():
        told.add_text(name, value)
    Image.fromarray(pixels).save(path, pnginfo=told)
    return path


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "delivery" / "0410_0020"
    folder.mkdir(parents=True)
    for number in range(FRAMES):
        paint(folder / f"frame.{number:04d}.png", number)
    return folder.parent


@pytest.fixture
def farm(delivery: Path) -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    lease = farm.check(0, FRAMES - 1).lease
    at = clock.rfc3339(clock.now())
    rows = [
        {
            "lease": str(lease.uid),
            "frame": number,
            "take": 0,
            "file_sha256": file_sha256(path),
            "pixel_sha256": pixel_sha256(path),
            "outcome": "RENDERED",
            "started_at": at,
            "finished_at": at,
        }
        for number, path in enumerate(sorted((delivery / "0410_0020").iterdir()))
    ]
    lines = [json.dumps(row).encode() for row in rows]
    taken = take_receipts(
        principal=farm.desk, batch_key=str(uuid4()), lines=lines, project=farm.token.production_id
    )
    assert taken is not None
    return farm


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any], str]:
    code = main([str(one) for one in arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out.strip() else {}, said.err


def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in path.read_bytes().splitlines():
        row = json.loads(line)
        found.setdefault(row["state"], []).append(row)
    return found


@pytest.mark.req("BX-013")
def test_a_delivery_agrees_with_its_receipts_and_each_difference_is_named(
    farm: Farm, delivery: Path, tmp_path: Path, capsys
) -> None:
    production, out = farm.token.production_id, tmp_path / "rows.ndjson"
    code, summary, _ = run(capsys, delivery, "--production", production, "--out", out)
    assert (code, summary["agrees"], summary["counts"]["MATCHED"]) == (0, True, FRAMES)
    assert sum(summary["counts"].values()) == FRAMES

    shot = delivery / "0410_0020"
    paint(shot / "frame.0001.png", 1, Software="another renderer")  # the same picture, told otherwise
    paint(shot / "frame.0002.png", 902)  # another picture under the old name
    (shot / "frame.0003.png").unlink()
    paint(shot / "frame.0099.png", 999)  # rendered and never reported
    (shot / "frame.0004.png").write_bytes((shot / "frame.0004.png").read_bytes()[:60])  # cut short
    (shot / "notes.txt").write_text("no picture")
    (shot / "link.0005.png").symlink_to(shot / "frame.0005.png")
    code, summary, _ = run(capsys, delivery, "--production", production, "--out", out)
    assert code == 4
    assert not summary["agrees"]
    found = rows_of(out)
    assert Counter({state: len(rows) for state, rows in found.items()}) == Counter(
        MATCHED=FRAMES - 4, SAME_PIXELS=1, CHANGED=2, WITHOUT_RECEIPT=1, WITHOUT_FILE=1
    )
    assert summary["counts"]["NOT_MEDIA"] == 1
    assert found["SAME_PIXELS"][0]["path"] == "0410_0020/frame.0001.png"
    assert {row["path"][-8:] for row in found["CHANGED"]} == {"0002.png", "0004.png"}
    assert found["WITHOUT_RECEIPT"][0]["path"] == "0410_0020/frame.0099.png"
    assert (found["WITHOUT_FILE"][0]["frame"], found["WITHOUT_FILE"][0]["shot"]) == (3, "0410_0020")


@pytest.mark.req("BX-013")
def test_a_file_that_cannot_be_read_is_named_with_what_was_wrong_and_the_rest_is_compared(
    farm: Farm, delivery: Path, tmp_path: Path, capsys
) -> None:
    shot, out = delivery / "0410_0020", tmp_path / "rows.ndjson"
    torn = shot / "cleanplate.png"  # no frame's number: nobody can say which it was
    torn.write_bytes((shot / "frame.0001.png").read_bytes()[:60])
    code, summary, _ = run(capsys, delivery, "--production", farm.token.production_id, "--out", out)
    assert (code, summary["agrees"]) == (4, False)
    found = rows_of(out)
    assert {state: len(rows) for state, rows in found.items()} == {"MATCHED": FRAMES, "UNREADABLE": 1}
    assert found["UNREADABLE"][0]["path"] == "0410_0020/cleanplate.png"
    assert found["UNREADABLE"][0]["file_sha256"] == file_sha256(torn)
    assert found["UNREADABLE"][0]["detail"]


@dataclass
class Vanishing:
    """A place from which one file goes between its listing and its reading."""

    place: Place
    gone: str
    take_away: Callable[[], object]

    def files(self) -> Iterator[str]:
        for name in self.place.files():
            if name == self.gone:
                self.take_away()
            yield name

    def local(self, name: str) -> AbstractContextManager[Path]:
        return self.place.local(name)


def compared(farm: Farm, place: Place) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    with services.index_of_production(farm.token.production_id) as (index, _):
        for row in reconcile(place, index, result := Reconciliation()):
            found.setdefault(row["state"], []).append(row)
    assert not result.agrees
    return found


def test_a_file_that_goes_while_it_is_read_costs_that_file_alone(farm: Farm, delivery: Path) -> None:
    gone = "0410_0020/frame.0003.png"
    found = compared(farm, Vanishing(place_of(str(delivery)), gone, (delivery / gone).unlink))
    assert {state: len(rows) for state, rows in found.items()} == {
        "MATCHED": FRAMES - 1, "UNREADABLE": 1, "WITHOUT_FILE": 1,
    }  # fmt: skip
    assert found["UNREADABLE"] == [
        {"state": "UNREADABLE", "path": gone, "file_sha256": None, "detail": "No such file or directory"}
    ]
    assert found["WITHOUT_FILE"][0]["frame"] == 3


def test_a_bundle_is_verified_before_anything_is_compared_with_it(
    farm: Farm, delivery: Path, tmp_path: Path, capsys
) -> None:
    bundle = saved(made(farm), tmp_path)
    code, summary, _ = run(capsys, delivery, "--bundle", bundle)
    assert (code, summary["agrees"]) == (0, True)
    assert summary["log"]["size"] == verify_bundle(bundle).summary.log.size
    forged = rewritten(bundle, {"data/receipts/receipts.ndjson": b""})
    code, _, said = run(capsys, delivery, "--bundle", forged)
    assert code == 4
    assert "receipts.ndjson" in said
    code, _, said = run(capsys, tmp_path / "nowhere", "--bundle", bundle)
    assert code == 1
    assert "PLACE_UNKNOWN" in said
    code, _, said = run(capsys, delivery, "--production", uuid4())
    assert code == 1


def test_a_kept_report_stands_in_later_bundles_and_shared_ones_name_no_file(
    farm: Farm, delivery: Path, tmp_path: Path, capsys
) -> None:
    (delivery / "0410_0020" / "frame.0003.png").unlink()
    before = members(saved(made(farm), tmp_path))
    code, summary, _ = run(capsys, delivery, "--production", farm.token.production_id, "--keep")
    assert code == 4
    name = f"data/reconciliation/{summary['kept']}"
    assert f"{name}.json" not in before
    shared = saved(made(farm), tmp_path)
    files = members(shared)
    told = json.loads(files[f"{name}.json"])
    assert told["counts"]["WITHOUT_FILE"] == 1
    assert b"frame.0001.png" not in files[f"{name}.ndjson"]
    own = members(saved(made(farm, purpose="EO_INSURANCE"), tmp_path))
    assert b"frame.0001.png" in own[f"{name}.ndjson"]
    assert verify_bundle(shared).summary.counts.rendered == FRAMES


@pytest.fixture
def bucket(delivery: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The delivery in a bucket of moto's real S3 server."""
    import boto3
    from moto.moto_api._internal import moto_random  # noqa: F401 - loads before the server's threads
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        store = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        store.create_bucket(Bucket="delivery")
        for path in delivery.rglob("*.png"):
            store.upload_file(str(path), "delivery", f"reel/1/{path.relative_to(delivery).as_posix()}")
        store.upload_file(str(path), "delivery", "reel/10/other.0001.png")
        yield f"s3://delivery/reel/1?endpoint_url=http://{host}:{port}&region_name=us-east-1"
    finally:
        server.stop()


def test_a_delivery_in_a_bucket_is_read_as_one_in_a_folder(farm: Farm, bucket: str, capsys) -> None:
    code, summary, said = run(capsys, bucket, "--production", farm.token.production_id)
    assert (code, summary["counts"]["MATCHED"]) == (0, FRAMES), said


def test_an_output_that_was_verified_is_known_and_its_copy_is_not_missed(
    farm: Farm, delivery: Path, tmp_path: Path
) -> None:
    film = delivery / "film.mp4"
    film.write_bytes(b"an output")
    shutil.copy(delivery / "0410_0020" / "frame.0000.png", delivery / "copy.0000.png")
    with services.index_of_production(farm.token.production_id) as (index, about):
        index._db.execute("insert into output values (?, ?)", (bytes.fromhex(file_sha256(film)), "asset-1"))
        summary = services.write_report(place_of(str(delivery)), index, about, tmp_path / "rows")
    assert summary["agrees"]
    assert (summary["counts"]["OUTPUT"], summary["counts"]["MATCHED"]) == (1, FRAMES + 1)
    assert rows_of(tmp_path / "rows")["OUTPUT"][0]["asset"] == "asset-1"
