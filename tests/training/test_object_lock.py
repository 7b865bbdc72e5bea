"""Originals in a bucket with object lock, on moto's real S3 server: kept to the byte, locked, and gone only by a takedown."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common import clock
from common.storage import blobs
from tests.training.making import House, of_bytes, picture
from training.models import TrainingAsset
from training.services.assets import receive_content
from training.storing import is_intact, remove
from trustmark.databases import storages_from_url

pytestmark = pytest.mark.django_db
BUCKET = f"originals-{secrets.token_hex(4)}"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """A bucket with object lock, which is the storage of this deployment."""
    import boto3
    from moto.moto_api._internal import moto_random  # noqa: F401 - loads before the server's threads
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    s3_backends.reset()  # what it kept of another test: it lives in this process
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        told = storages_from_url(f"s3://{BUCKET}/tm?endpoint_url={url}&region_name=us-east-1")
        settings.STORAGES = {**settings.STORAGES, **told}
        settings.TRAINING_LOCK_DAYS = 30
        yield client
    finally:
        server.stop()


def stored(house: House, seed: int) -> TrainingAsset:
    data = picture(seed)
    asset = house.admit(**of_bytes(data))
    receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    asset.refresh_from_db()
    return asset


def versions(s3: Any, key: str) -> list[str]:
    found = s3.list_object_versions(Bucket=BUCKET, Prefix=key)
    return [one["VersionId"] for one in found.get("Versions", [])]


@pytest.mark.req("TP-129")
def test_an_original_is_retained_and_nobody_deletes_it_before_its_time(house: House, s3: Any) -> None:
    asset = stored(house, 41)
    key = f"tm/blobs/{asset.location}"
    kept = s3.head_object(Bucket=BUCKET, Key=key)
    assert kept["ObjectLockMode"] == "GOVERNANCE"
    assert abs(kept["ObjectLockRetainUntilDate"] - clock.now() - timedelta(days=30)) < timedelta(minutes=5)
    (version,) = versions(s3, key)
    with pytest.raises(ClientError) as refused:
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert is_intact(asset.location, asset.sha256)


def test_what_is_written_over_an_original_is_found_and_the_original_stays_a_version(
    house: House, s3: Any
) -> None:
    asset = stored(house, 42)
    key = f"tm/blobs/{asset.location}"
    (first,) = versions(s3, key)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"something else")
    assert not is_intact(asset.location, asset.sha256)
    assert s3.get_object(Bucket=BUCKET, Key=key, VersionId=first)["Body"].read() == picture(42)


def test_the_same_bytes_are_stored_once(house: House, s3: Any) -> None:
    from training.storing import ORIGINALS, put

    asset = stored(house, 43)
    put(house.organisation.pk, ORIGINALS, asset.sha256, io.BytesIO(picture(43)))
    assert len(versions(s3, f"tm/blobs/{asset.location}")) == 1


def test_a_takedown_removes_every_version_for_good(house: House, s3: Any) -> None:
    asset, other = stored(house, 44), stored(house, 45)
    key = f"tm/blobs/{asset.location}"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"another version")
    s3.delete_object(Bucket=BUCKET, Key=key)  # a marker alone: the bytes are still there
    assert len(versions(s3, key)) == 2
    assert remove(asset.location)
    left = s3.list_object_versions(Bucket=BUCKET, Prefix=key)
    assert (left.get("Versions", []), left.get("DeleteMarkers", [])) == ([], [])
    assert not blobs().exists(asset.location)
    assert is_intact(other.location, other.sha256)


def test_without_days_of_its_own_the_rule_of_the_bucket_holds(house: House, s3: Any, settings: Any) -> None:
    settings.TRAINING_LOCK_DAYS = 0
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 3}},
        },
    )  # fmt: skip
    asset = stored(house, 46)
    kept = s3.head_object(Bucket=BUCKET, Key=f"tm/blobs/{asset.location}")
    assert kept["ObjectLockMode"] == "COMPLIANCE"
