"""Files as conformance suites have them, made here: good, changed, cut, updated, remote, renamed; each with its reason."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from provenance.credentials import c2pa_settings, manifest_definition, sign_file
from provenance.formats import FLAC, FORMATS, JPEG, PNG, TIFF, WAV, Format
from tests.provenance.media_files import media_file
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from trustcore.verification.words import ProvenanceReason, ProvenanceStatus
from verification.pipeline.stages import credentials

R = ProvenanceReason
UPDATE, EDIT = c2pa.C2paBuilderIntent.UPDATE, c2pa.C2paBuilderIntent.EDIT
BARE = {"claim_generator_info": [{"name": "another tool", "version": "1"}], "assertions": []}


def judged(path: Path, studio: House) -> dict[str, Any]:
    said = credentials.run({"path": str(path), "anchors": studio.identity.anchor_pem})
    return dict(said["provenance"])


def verdict(path: Path, studio: House) -> tuple[str, str]:
    said = judged(path, studio)
    return said["status"], said["reason"]


def made(source: Path, target: Path, house: House, media_type: str = "image/png", **more: Any) -> Path:
    """Signed by the library as other tools use it: with an intent, or with the address of a store elsewhere."""
    identity = house.identity
    definition = more.get("definition") or manifest_definition(FACTS, media_type=media_type)
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        c2pa.Signer.from_callback(
            identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None
        ) as signer,
        c2pa.Builder(definition, context=context) as builder,
        source.open("rb") as reading,
        target.open("w+b") as writing,
    ):
        if "intent" in more:
            builder.set_intent(more["intent"])
        if "address" in more:
            builder.set_remote_url(more["address"])
            builder.set_no_embed()
        builder.sign(signer, media_type, reading, writing)
    return target


@pytest.fixture(scope="module")
def good(still: Path, studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("conformance") / "good.png"
    sign_file(still, target, facts=FACTS, identity=studio.identity, media_type="image/png")
    return target


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def with_store(good: Path, target: Path, change: Callable[[bytes], list[bytes]]) -> Path:
    """The same picture with another store, or several; every check sum is right again."""
    out = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks(good.read_bytes()):
        for part in change(body) if kind == b"caBX" else [body]:
            piece = kind + part
            out.append(struct.pack(">I", len(part)) + piece + struct.pack(">I", zlib.crc32(piece)))
    target.write_bytes(b"".join(out))
    return target


def flipped(store: bytes, token: bytes, offset: int) -> list[bytes]:
    data = bytearray(store)
    data[data.index(token) + offset] ^= 1
    return [bytes(data)]


def length(store: bytes, number: int) -> list[bytes]:
    return [struct.pack(">I", number) + store[4:]]


STORES: dict[str, tuple[Callable[[bytes], list[bytes]], tuple[ProvenanceReason, ...]]] = {
    "as it was": (lambda store: [store], (R.TRUSTED,)),
    "an assertion says something else": (
        lambda store: flipped(store, b"trustmark.local/log", 3), (R.SIGNATURE_INVALID,),
    ),
    "the claim says something else": (
        lambda store: flipped(store, b"Trustmark licence server", 2), (R.SIGNATURE_INVALID,),
    ),
    "the certificate is another": (
        lambda store: flipped(store, b"Content Credentials signer", 2),
        (R.SIGNATURE_INVALID, R.EXTRACT_FAILED, R.SIGNER_UNTRUSTED),
    ),
    "the outer length says more than there is": (lambda store: length(store, 0xFF000000), (R.MALFORMED,)),
    "the outer length says less": (lambda store: length(store, len(store) - 40), (R.MALFORMED,)),
    "the outer length is under its own header": (lambda store: length(store, 7), (R.MALFORMED,)),
    "cut in the middle": (lambda store: [store[: len(store) // 2]], (R.MALFORMED,)),
    "no byte of it": (lambda store: [b""], (R.MALFORMED,)),
    "words": (lambda store: [b"no boxes at all " * 9], (R.MALFORMED,)),
    "something after it": (lambda store: [store + b"\0\0\0\x10more of this"], (R.MALFORMED,)),
    "twice": (lambda store: [store, store], (R.EXTRACT_FAILED, R.MALFORMED)),
    "of another kind": (lambda store: flipped(store, b"jumdc2pa", 5), (R.EXTRACT_FAILED, R.MALFORMED)),
}  # fmt: skip


@pytest.mark.req("LV-141")
@pytest.mark.req("LV-224")
@pytest.mark.parametrize("what", STORES)
def test_a_store_that_is_not_as_it_was_signed_is_refused_with_its_reason(
    what: str, good: Path, studio: House, tmp_path: Path
) -> None:
    change, reasons = STORES[what]
    said = judged(with_store(good, tmp_path / "file.png", change), studio)
    assert said["reason"] in reasons, said
    valid = reasons == (R.TRUSTED,)
    assert said["status"] == (ProvenanceStatus.VALID if valid else ProvenanceStatus.INVALID)
    assert bool(said["manifests"][0]["failures"]) is not valid, "what speaks against it is named"


EMBEDDING = {form: form.media_type for form in FORMATS if form in {PNG, JPEG, TIFF, WAV, FLAC}}


@pytest.mark.req("LV-141")
@pytest.mark.parametrize("form", EMBEDDING, ids=lambda form: form.name)
def test_a_store_whose_length_lies_is_malformed_in_every_container(
    form: Format, studio: House, tmp_path: Path
) -> None:
    source, signed = media_file(tmp_path, form), tmp_path / f"signed{form.suffix}"
    sign_file(source, signed, facts=FACTS, identity=studio.identity, media_type=form.media_type)
    assert verdict(signed, studio) == (ProvenanceStatus.VALID, R.TRUSTED)
    data = bytearray(signed.read_bytes())
    at = data.index(b"jumb") - 4
    assert struct.unpack_from(">I", data, at)[0] > 1000, "the outer box"
    data[at] = 0x40
    (tmp_path / f"lies{form.suffix}").write_bytes(data)
    status, reason = verdict(tmp_path / f"lies{form.suffix}", studio)
    assert status == ProvenanceStatus.INVALID
    # a check sum around the store may speak first
    assert reason in {R.MALFORMED, R.EXTRACT_FAILED}


@pytest.mark.req("LV-091")
def test_an_update_manifest_is_bound_by_its_parent_and_hides_no_change(
    good: Path, studio: House, tmp_path: Path
) -> None:
    updated = made(good, tmp_path / "updated.png", studio, definition=BARE, intent=UPDATE)
    said = judged(updated, studio)
    assert (said["status"], said["reason"], said["binding"]) == ("valid", "provenance_trusted", "match")
    assert [one["depth"] for one in said["manifests"]] == [0, 1]
    data = bytearray(updated.read_bytes())
    data[data.rindex(b"IDAT") + 300] ^= 1
    (tmp_path / "changed.png").write_bytes(data)
    assert verdict(tmp_path / "changed.png", studio) == ("invalid", R.BINDING_MISMATCH)
    # who updates answers for it: a stranger's update of a trusted film is a stranger's
    stranger = made(
        good, tmp_path / "strangers.png", House("stranger.example"), definition=BARE, intent=UPDATE
    )
    assert verdict(stranger, studio) == ("invalid", R.SIGNER_UNTRUSTED)
    edited = made(good, tmp_path / "edited.png", studio, definition=BARE, intent=EDIT)
    assert verdict(edited, studio) == ("valid", R.TRUSTED)


@pytest.mark.req("LV-002")
def test_a_broken_ingredient_under_a_trusted_manifest_is_told_at_any_depth(
    still: Path, good: Path, studio: House, tmp_path: Path
) -> None:
    data = bytearray(good.read_bytes())
    data[data.rindex(b"IDAT") + 300] ^= 1
    below = tmp_path / "0.png"
    below.write_bytes(data)
    for depth in (1, 2):
        above = tmp_path / f"{depth}.png"
        sign_file(
            still, above, facts=FACTS, identity=studio.identity, media_type="image/png", ingredient=below
        )
        said = judged(above, studio)
        assert (said["status"], said["reason"]) == ("invalid", R.INGREDIENT_INVALID)
        assert len(said["manifests"]) == depth + 1
        assert said["second_opinion"]["agrees"] is False, "the state that libraries state is not believed"
        below = above


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_store_elsewhere_is_named_and_nobody_is_asked_for_it(
    suffix: str, studio: House, tmp_path: Path
) -> None:
    source = tmp_path / f"source{suffix}"
    Image.radial_gradient("L").convert("RGB").save(source)
    kind = "image/png" if suffix == ".png" else "image/jpeg"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/store.c2pa"
        remote = made(source, tmp_path / f"remote{suffix}", studio, kind, address=address)
        assert verdict(remote, studio) == ("missing", R.REMOTE_NOT_FETCHED)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("suffix", "kind"), [("webp", "image/webp"), ("gif", "image/gif"), ("png", "image/png")]
)
def test_a_file_is_judged_by_its_bytes_whatever_it_is_called(
    suffix: str, kind: str, studio: House, tmp_path: Path
) -> None:
    source = tmp_path / f"source.{suffix}"
    Image.radial_gradient("L").convert("RGB").save(source)
    signed = made(source, tmp_path / f"signed.{suffix}", studio, kind)
    for name in (f"signed.{suffix}", "renamed.bin", "renamed.mp4", "renamed"):
        (tmp_path / name).write_bytes(signed.read_bytes())
        assert verdict(tmp_path / name, studio) == ("valid", R.TRUSTED), name


def test_a_film_with_a_lying_store_is_malformed_under_any_name(
    signed: Path, studio: House, tmp_path: Path
) -> None:
    data = bytearray(signed.read_bytes())
    data[data.index(b"jumb") - 4] = 0x40
    for name in ("film.mp4", "film.bin", "film.mkv"):
        (tmp_path / name).write_bytes(data)
        assert verdict(tmp_path / name, studio) == ("invalid", R.MALFORMED), name
