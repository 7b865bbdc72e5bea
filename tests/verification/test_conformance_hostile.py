"""What a forger or a careless tool does to signed files, in every container: each refused, and for the right reason.

The files of ``test_conformance`` are changed inside their store; these are changed around it, or signed by somebody who
may not: a bad hash, a bad claim, a bad signature, a second store, a certificate of the same name, of another use, run out.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import ObjectIdentifier

from agents_portal.verdict_words import _credentials
from provenance import authority
from provenance.authority import SigningIdentity, certificate_pem, new_key
from provenance.credentials import SigningFailed, sign_file
from provenance.formats import FLAC, JPEG, MP4, PNG, TIFF, WAV, Format
from tests.provenance.media_files import media_file
from tests.provenance.test_revocation import House
from tests.timestamping import timestamp_authority
from tests.verification.conftest import FACTS
from trustcore.verification.words import ProvenanceReason, ProvenanceStatus, SignerTrust
from verification.pipeline.stages import credentials

R = ProvenanceReason
FORMS = (PNG, JPEG, TIFF, WAV, FLAC, MP4)
Signed = dict[Format, tuple[bytes, bytes]]


@pytest.fixture(scope="module")
def files(studio: House, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A signed file of each kind, and its store."""
    folder, made = tmp_path_factory.mktemp("signed"), {}
    for form in FORMS:
        target = folder / f"signed{form.suffix}"
        if form is MP4:
            data = tiny.read_bytes()
            at = data.index(b"jumb") - 4
            made[form] = (data, data[at : at + struct.unpack_from(">I", data, at)[0]])
            continue
        store = sign_file(
            media_file(folder, form),
            target,
            facts=FACTS,
            identity=studio.identity,
            media_type=form.media_type,
        )
        made[form] = (target.read_bytes(), store)
    return made


def judged(path: Path, studio: House, **more: str) -> dict[str, Any]:
    said = credentials.run({"path": str(path), "anchors": studio.identity.anchor_pem, **more})
    return dict(said["provenance"])


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def of_media(data: bytes, store: bytes) -> bytes:
    """A bit of what is shown or heard, in the longer part before or after the store."""
    begin = data.index(store[:400])
    if (pictures := data.find(b"mdat")) > 0:
        return flipped(data, pictures + 200)
    return flipped(data, begin // 2 if begin > len(data) // 2 else (begin + len(store) + len(data)) // 2)


def of_signature(data: bytes, store: bytes) -> bytes:
    """A bit of the 64 bytes that the claim is signed with."""
    return flipped(data, data.index(b"\x58\x40", data.rindex(b"c2pa.signature")) + 30)


CHANGES: dict[str, tuple[Callable[[bytes, bytes], bytes], set[ProvenanceReason], str]] = {
    "a bit of the media": (of_media, {R.BINDING_MISMATCH}, "trusted"),
    "an assertion": (lambda data, _: flipped(data, data.index(b"trustmark.local/log") + 3), {R.SIGNATURE_INVALID}, "trusted"),
    "the claim": (lambda data, _: flipped(data, data.index(b"Trustmark licence server") + 2), {R.SIGNATURE_INVALID}, "untrusted"),
    "the signature": (of_signature, {R.SIGNATURE_INVALID}, "untrusted"),
    "cut within the store": (
        lambda data, store: data[: data.index(store[:400]) + 6000],
        # the library may give a broken container up before it comes to the store
        {R.MALFORMED, R.EXTRACT_FAILED, R.BINDING_MISMATCH}, "",
    ),
    "something appended": (lambda data, _: data + b"\0\0\0\x10mdathidden!!", {R.BINDING_MISMATCH}, "trusted"),
}  # fmt: skip


@pytest.mark.req("LV-026")
@pytest.mark.req("LV-093")
@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_change_in_any_container_is_refused_for_what_was_changed(
    form: Format, what: str, files: Signed, studio: House, tmp_path: Path
) -> None:
    change, reasons, trust = CHANGES[what]
    data, store = files[form]
    (tmp_path / f"file{form.suffix}").write_bytes(change(data, store))
    said = judged(tmp_path / f"file{form.suffix}", studio)
    assert said["status"] == ProvenanceStatus.INVALID
    assert said["reason"] in reasons, said
    assert said["manifests"][0]["failures"], "what speaks against it is named"
    # whose certificate lies beside a signature that does not hold has signed nothing
    assert not trust or said["signer_trust"] == trust


# more than one store


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while data[at + 1] != 0xDA:
        size = struct.unpack_from(">H", data, at + 2)[0] + 2
        yield data[at + 1], data[at : at + size]
        at += size


def twice_in_jpeg(data: bytes, store: bytes) -> bytes:
    own = b"".join(part for marker, part in segments(data) if marker == 0xEB)
    other = bytearray(own)
    for at in [
        n for n in range(len(own) - 8) if own[n : n + 2] == b"\xff\xeb" and own[n + 4 : n + 6] == b"JP"
    ]:
        other[at + 6 : at + 8] = b"\0\x09"  # a box of its own, by its number
    at = data.index(own) + len(own)
    return data[:at] + bytes(other) + data[at:]


def twice_in_wav(data: bytes, store: bytes) -> bytes:
    data += b"C2PA" + struct.pack("<I", len(store)) + store + b"\0" * (len(store) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def twice_in_flac(data: bytes, store: bytes) -> bytes:
    def seven(number: int) -> bytes:
        return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))

    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    frame = data[10 : 10 + size].rstrip(b"\0")
    frame = frame[:4] + seven(len(frame) - 10) + frame[8:]
    return data[:6] + seven(2 * len(frame)) + frame + frame + data[10 + size :]


def twice_in_mp4(data: bytes, store: bytes) -> bytes:
    at = data.index(b"uuid") - 4
    size = struct.unpack_from(">I", data, at)[0]
    return data + data[at : at + size]


TWICE = {JPEG: twice_in_jpeg, WAV: twice_in_wav, FLAC: twice_in_flac, MP4: twice_in_mp4}


@pytest.mark.req("LV-224")
@pytest.mark.parametrize("form", TWICE, ids=lambda form: form.name)
def test_of_two_stores_none_is_chosen(form: Format, files: Signed, studio: House, tmp_path: Path) -> None:
    target = tmp_path / f"twice{form.suffix}"
    target.write_bytes(TWICE[form](*files[form]))
    said = judged(target, studio)
    assert (said["status"], said["reason"]) == (ProvenanceStatus.INVALID, R.MALFORMED), said
    assert "second" in said["manifests"][0]["detail"]


# who may sign


def identity_of(
    house: House, *, issuer: SigningIdentity | None = None, usages: tuple[Any, ...] = ()
) -> SigningIdentity:
    """A certificate of this house with these usages; or one that ``issuer``, who is no authority, gave away."""
    key = new_key()
    with pytest.MonkeyPatch.context() as patch:
        if usages:
            patch.setattr(authority, "ACCEPTED_USAGES", usages)
        leaf = authority.issue_certificate(
            house.leaf if issuer else house.root, issuer.key if issuer else house.root_key, key.public_key(),
            organisation="studio.example", now=datetime.now(UTC),
        )  # fmt: skip
    chain = certificate_pem(leaf) + (issuer.chain_pem if issuer else house.anchor)
    return SigningIdentity(key, chain, house.anchor)


@pytest.mark.req("LV-025")
@pytest.mark.req("LV-223")
def test_a_name_is_no_certificate_and_a_signer_no_authority(
    still: Path, studio: House, tmp_path: Path
) -> None:
    twin = House("studio.example")
    leaf = twin.identity.chain_pem.partition("-----END CERTIFICATE-----\n")
    borrowed = SigningIdentity(twin.identity.key, "".join(leaf[:2]) + studio.anchor, studio.anchor)
    signers = {
        "the same name": twin.identity,
        "the same name, with the true authority in its chain": borrowed,
        "certified by a signer": identity_of(studio, issuer=studio.identity),
    }
    for what, identity in signers.items():
        target = tmp_path / "file.png"
        sign_file(still, target, facts=FACTS, identity=identity, media_type="image/png")
        said = judged(target, studio)
        assert (said["status"], said["reason"], said["signer_trust"]) == (
            ProvenanceStatus.INVALID, R.SIGNER_UNTRUSTED, SignerTrust.UNTRUSTED,
        ), what  # fmt: skip
        assert (said["binding"], said["asserted_by"]) == ("match", "studio.example")
        assert said["second_opinion"]["agrees"] is True
        assert _credentials(said).facts[0] == "Its certificate names studio.example", "not that they signed"
    servers = ObjectIdentifier("1.3.6.1.5.5.7.3.1")
    with pytest.raises(SigningFailed):
        sign_file(
            still, tmp_path / "no.png", facts=FACTS, identity=identity_of(studio, usages=(servers,)),
            media_type="image/png",
        )  # fmt: skip


@pytest.mark.req("LV-025")
def test_a_certificate_that_ran_out_needs_a_stamp_from_before_and_is_not_called_a_change(
    still: Path, studio: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, stamped = tmp_path / "bare.png", tmp_path / "stamped.png"
    with timestamp_authority(tmp_path / "authority") as tsa:
        for seconds in (3, 12, 48):  # a crowded machine needs longer to sign
            monkeypatch.setattr(authority, "CERTIFICATE_DAYS", seconds / 86_400)
            ends = time.time() + seconds
            identity = identity_of(studio)
            try:
                sign_file(still, bare, facts=FACTS, identity=identity, media_type="image/png")
                sign_file(
                    still,
                    stamped,
                    facts=FACTS,
                    identity=identity,
                    media_type="image/png",
                    timestamp_url=tsa.url,
                )
            except SigningFailed:
                continue
            break
        roots = (tsa.folder / "root.pem").read_text()
    time.sleep(max(0.0, ends + 1.1 - time.time()))
    said = judged(bare, studio, timestamp_roots=roots)
    assert (said["status"], said["reason"], said["binding"]) == ("invalid", R.SIGNER_EXPIRED, "match")
    assert said["signer_trust"] == SignerTrust.UNTRUSTED
    assert judged(stamped, studio)["reason"] == R.SIGNER_EXPIRED, "a stamp of nobody that we know is none"
    said = judged(stamped, studio, timestamp_roots=roots)
    assert (said["status"], said["reason"], said["asserted_time"]) == ("valid", R.TRUSTED, "trusted")
    assert said["second_opinion"]["agrees"] is True
    # what was changed is a change, whatever became of the certificate
    data = bare.read_bytes()
    bare.write_bytes(flipped(data, data.rindex(b"IDAT") + 300))
    assert judged(bare, studio)["reason"] == R.BINDING_MISMATCH
