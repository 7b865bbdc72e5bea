"""The bag: RFC 8493 to the letter, the same bytes for the same content, one reading for the archive."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.bag import BagWriter
from trustcore.bundle.archive import Archive
from trustcore.bundle.statement import verify_statement
from trustcore.signing import Ed25519Signer

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32), "test-key")


def write(path, files, name="bundle-1"):
    with BagWriter(path, name) as bag:
        for file, data in files.items():
            bag.add(file, data)
        bag.finish(
            identifier="1",
            created_at="2026-11-22T08:00:00Z",
            agent="tests/1",
            predicate={"purpose": "REGULATORY"},
            signer=SIGNER,
        )
    return path


FILES = {
    "data/bundle.json": b"{}",
    "data/receipts/receipts.ndjson": b'{"a":1}\n' * 5000,
    "data/log/vkey": b"k\n",
}


def unpacked(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_the_same_content_makes_the_same_bytes(tmp_path):
    one, two = write(tmp_path / "one.zip", FILES), write(tmp_path / "two.zip", FILES)
    assert one.read_bytes() == two.read_bytes()
    other = write(tmp_path / "three.zip", FILES | {"data/bundle.json": b"{ }"})
    assert other.read_bytes() != one.read_bytes()


def test_the_bag_is_what_rfc_8493_asks_for(tmp_path):
    files = unpacked(write(tmp_path / "bag.zip", FILES))
    # 2.1.1: the declaration, exactly two lines
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    # 2.1.3: every payload file in the manifest once, nothing else, digest and path split by blanks
    lines = dict(
        reversed(line.split(maxsplit=1)) for line in files["manifest-sha256.txt"].decode().splitlines()
    )
    assert lines == {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
    # 2.2.1: the tag manifest lists the other tag files and never itself
    tags = dict(
        reversed(line.split(maxsplit=1)) for line in files["tagmanifest-sha256.txt"].decode().splitlines()
    )
    expected = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "signature.dsse.json"}
    assert tags == {path: hashlib.sha256(files[path]).hexdigest() for path in expected}
    # 2.2.2: octets and number of payload files
    size = sum(map(len, FILES.values()))
    assert f"Payload-Oxum: {size}.{len(FILES)}" in files["bag-info.txt"].decode().splitlines()


def test_the_statement_names_every_file_and_its_signature_holds(tmp_path):
    files = unpacked(write(tmp_path / "bag.zip", FILES))
    keys = {"test-key": SIGNER.public_key}
    signed = verify_statement(files["signature.dsse.json"], keys)
    assert signed.digests.keys() == files.keys() - {"signature.dsse.json", "tagmanifest-sha256.txt"}
    assert signed.predicate == {"purpose": "REGULATORY"}
    envelope = json.loads(files["signature.dsse.json"])
    assert envelope["payloadType"] == "application/vnd.in-toto+json"


def test_the_archive_is_accepted_by_the_strict_reader(tmp_path):
    with Archive.open(write(tmp_path / "bag.zip", FILES)) as archive:
        assert archive.name == "bundle-1"
        assert archive.read("data/log/vkey", max_bytes=100) == b"k\n"


def test_a_file_is_added_once(tmp_path):
    with BagWriter(tmp_path / "bag.zip", "bundle-1") as bag:
        bag.add("data/a", b"1")
        with pytest.raises(ValueError, match="already"):
            bag.add("data/a", b"2")


def test_a_large_file_goes_through_in_pieces(tmp_path):
    source = tmp_path / "rows"
    source.write_bytes(b"0123456789abcdef" * 300_000)
    with BagWriter(tmp_path / "bag.zip", "bundle-1") as bag:
        bag.add_file("data/rows", source)
        bag.finish(identifier="1", created_at="2026-11-22T08:00:00Z", agent="t", predicate={}, signer=SIGNER)
    with Archive.open(tmp_path / "bag.zip") as archive:
        digest = hashlib.sha256(b"".join(archive.chunks("data/rows"))).hexdigest()
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()
