"""Malformed manifests are rejected with a stable code: nothing raises, nothing passes."""

from __future__ import annotations

import json
import random
import re
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import c2pa
import pytest

from provenance.authority import SigningIdentity
from provenance.credentials import CredentialFacts, c2pa_settings, sign_file
from provenance.jumbf import StoreMalformed, check_bmff_store
from provenance.reading import MALFORMED, UNREADABLE, CredentialVerdict, judge_store, read_credentials
from provenance.source_type import vocabulary
from tests.provenance.test_revocation import House

_CODE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+")


@pytest.fixture(scope="module")
def identity() -> SigningIdentity:
    return House("studio.example").identity


@pytest.fixture(scope="module")
def film(short_clip: Path, identity: SigningIdentity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("damaged") / "film.mp4"
    facts = CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["compositeWithTrainedAlgorithmicMedia"],
        created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        mark_id="00e1d2c3b4a59687",
        mark_algorithms={"PIXEL": "org.trustmark-server.pixel-1"},
        licences=(),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
    )
    sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4")
    return target


def store_at(data: bytes) -> int:
    """Where the manifest store's outermost box begins: its length stands before ``jumb``."""
    return data.index(b"jumb") - 4


def overwritten(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def shorter(data: bytes) -> bytes:
    (length,) = struct.unpack_from(">I", data, store_at(data))
    return struct.pack(">I", length - 1)


def all_of_it_noise(data: bytes) -> bytes:
    at = store_at(data)
    (length,) = struct.unpack_from(">I", data, at)
    return overwritten(data, at + 8, random.Random(7).randbytes(length - 8))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "length of the store is zero": lambda d: overwritten(d, store_at(d), b"\0\0\0\0"),
    "length of the store is four gigabytes": lambda d: overwritten(d, store_at(d), b"\xff\xff\xff\xff"),
    "something follows the store": lambda d: overwritten(d, store_at(d), shorter(d)),
    "length of a box inside is one more": lambda d: overwritten(d, store_at(d) + 8, b"\0\0\0\x1f"),
    "length of the store is short": lambda d: overwritten(d, store_at(d), struct.pack(">I", 64)),
    "store is of no known kind": lambda d: overwritten(d, store_at(d) + 4, b"junk"),
    "store is noise": all_of_it_noise,
    "store is empty": lambda d: overwritten(d, store_at(d) + 8, b"\0" * 4096),
    "claim is no CBOR": lambda d: overwritten(d, d.index(b"claim_generator_info") - 2, b"\xff" * 8),
    "assertion nests without end": lambda d: overwritten(d, d.index(b"cawg.ai_inference") - 2, b"\x9f" * 16),
    "signature is noise": lambda d: overwritten(d, d.index(b"c2pa.signature") + 60, b"\x5a" * 64),
    "label is no text": lambda d: overwritten(d, d.index(b"cawg.training-mining"), b"\xff\xfe\0\0"),
    "file ends within the store": lambda d: d[: store_at(d) + 500],
}


@pytest.mark.req("LV-224")
@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_manifest_is_rejected_with_a_code(
    film: Path, identity: SigningIdentity, tmp_path: Path, name: str
) -> None:
    assert read_credentials(film, anchor_pem=identity.anchor_pem).verdict is CredentialVerdict.TRUSTED
    data = film.read_bytes()
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(DAMAGE[name](data))
    assert damaged.read_bytes() != data
    report = read_credentials(damaged, anchor_pem=identity.anchor_pem)
    assert report.verdict in {CredentialVerdict.BROKEN, CredentialVerdict.ABSENT}
    assert not report.signed_by_us
    codes = [code for finding in report.findings for code in finding.failures]
    assert bool(codes) is (report.verdict is CredentialVerdict.BROKEN)
    assert all(_CODE.fullmatch(code) for code in codes), codes


def test_store_that_cannot_be_read_at_all_has_one_code_and_its_prose_apart(
    film: Path, identity: SigningIdentity, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(all_of_it_noise(film.read_bytes()))
    (finding,) = read_credentials(damaged, anchor_pem=identity.anchor_pem).findings
    assert finding.failures == (MALFORMED,)
    assert finding.detail


def test_store_that_the_library_reads_though_its_length_is_a_lie_is_malformed(
    film: Path, identity: SigningIdentity, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(DAMAGE["length of the store is four gigabytes"](film.read_bytes()))
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        c2pa.Reader(damaged, context=context) as reader,
    ):
        assert json.loads(reader.json())["validation_state"] == "Trusted"
    (finding,) = read_credentials(damaged, anchor_pem=identity.anchor_pem).findings
    assert finding.failures == (MALFORMED,)
    with pytest.raises(StoreMalformed):
        check_bmff_store(damaged)
    check_bmff_store(film)


def test_store_in_another_container_that_cannot_be_read_has_one_code(
    identity: SigningIdentity, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    (finding,) = read_credentials(picture, anchor_pem=identity.anchor_pem).findings
    assert finding.failures == (UNREADABLE,)


@pytest.mark.parametrize("seed", range(25))
def test_random_damage_never_raises_and_never_gains_trust(
    film: Path, identity: SigningIdentity, tmp_path: Path, seed: int
) -> None:
    chance, data = random.Random(seed), bytearray(film.read_bytes())
    at = store_at(bytes(data))
    (length,) = struct.unpack_from(">I", data, at)
    for _ in range(40):
        data[at + chance.randrange(length)] = chance.randrange(256)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    report = read_credentials(damaged, anchor_pem=identity.anchor_pem)
    assert report.verdict in {CredentialVerdict.BROKEN, CredentialVerdict.ABSENT}
    assert not report.signed_by_us


@pytest.mark.parametrize(
    "store",
    [
        {},
        {"manifests": {}},
        {"active_manifest": "a", "manifests": {"a": {}}},
        {"active_manifest": "a", "manifests": {"a": {"ingredients": [{"active_manifest": "b"}]}}},
        {"active_manifest": "a", "validation_results": {"activeManifest": {"success": [], "failure": []}}},
    ],
)
def test_store_that_confirms_nothing_is_broken(store: dict) -> None:
    report = judge_store(store)
    assert report.verdict is CredentialVerdict.BROKEN
    assert not report.signed_by_us
