"""The zip around a bundle: hostile archives are refused before anything in them is believed."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from tests.trustcore.bundling import NAME, zip_bytes
from trustcore.bundle.archive import Archive, entry_info
from trustcore.errors import InvalidEvidence, InvalidReason

FILES = {"bagit.txt": b"hello", "data/a": b"a" * 5000, "data/b/c.txt": bytes(range(256)) * 20}


@pytest.fixture
def opened(tmp_path):
    def run(data):
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        with Archive.open(path) as archive:
            return {name: b"".join(archive.chunks(name)) for name in archive.members}

    return run


@pytest.fixture
def refused(opened):
    def run(data):
        with pytest.raises(InvalidEvidence) as caught:
            opened(data)
        return caught.value.reason, caught.value.path

    return run


def written(*entries, comment=b""):
    """Write entries given as (ZipInfo or name, data) without the writer's care."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = comment
        for info, data in entries:
            archive.writestr(info, data)
    return stream.getvalue()


def info(path="data/a", **changes):
    made = entry_info(f"{NAME}/{path}")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("compress", [True, False])
def test_what_is_written_is_read(opened, compress):
    assert opened(zip_bytes(FILES, compress=compress)) == FILES


def test_large_members_are_read_in_pieces(opened):
    assert opened(zip_bytes({"data/zeros": bytes(5_000_000)})) == {"data/zeros": bytes(5_000_000)}


def test_a_member_with_zip64_sizes_is_read(opened):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, archive.open(info(), "w", force_zip64=True) as member:
        member.write(b"content")
    assert opened(stream.getvalue()) == {"data/a": b"content"}


@pytest.mark.parametrize(
    "path",
    [
        "../evil",
        "data/../../evil",
        "/etc/passwd",
        "data//a",
        "data/.hidden",
        "C:\\evil",
        "data/a b",
        "data/é",
        "data/",
        "data/" + "x" * 200,
        "/".join(["d"] * 20),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(refused, path):
    reason, _ = refused(written((info(path), b"x")))
    assert reason in (InvalidReason.MALFORMED, InvalidReason.UNSUPPORTED)


def test_a_second_folder_is_refused(refused):
    reason, named = refused(written((info(), b"x"), (entry_info("other/data/b"), b"y")))
    assert (reason, named) == (InvalidReason.MALFORMED, "'other/data/b'")


def test_two_entries_of_one_name_are_refused(refused):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = written((info(), b"x"), (info(), b"y"))
    assert refused(data) == (InvalidReason.MALFORMED, "data/a")


@pytest.mark.parametrize(
    "changes",
    [
        {"date_time": (2026, 1, 1, 0, 0, 0)},
        {"external_attr": 0o120777 << 16},
        {"create_system": 0},
        {"comment": b"note"},
        {"extra": b"\x99\x99\x00\x00"},
        {"internal_attr": 1},
    ],
    ids=str,
)
def test_an_entry_with_more_than_its_content_is_refused(refused, changes):
    assert refused(written((info(**changes), b"x"))) == (InvalidReason.MALFORMED, "data/a")


def test_another_compression_is_refused(refused):
    assert refused(written((info(compress_type=zipfile.ZIP_BZIP2), b"x"))) == (
        InvalidReason.UNSUPPORTED,
        "data/a",
    )


def test_an_encrypted_entry_is_refused(refused):
    data = bytearray(zip_bytes({"data/a": b"x" * 100}))
    directory = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    assert refused(bytes(data)) == (InvalidReason.UNSUPPORTED, "data/a")


def test_bytes_around_and_between_entries_are_refused(refused):
    good = zip_bytes(FILES)
    for bent in (b"MZ" + good, good + b"x", written((info(), b"x"), comment=b"hello")):
        assert refused(bent)[0] is InvalidReason.MALFORMED


def test_headers_that_disagree_are_refused(refused):
    good = zip_bytes(FILES)
    bent = good.replace(b"bundle-1/data/a", b"bundle-1/data/z", 1)
    assert refused(bent)[0] is InvalidReason.MALFORMED


def test_an_archive_that_unpacks_to_far_more_is_refused_at_once(refused):
    bomb = bytearray(zip_bytes({"data/a": bytes(1_000_000)}))
    directory = bomb.index(b"PK\x01\x02")
    for offset in (22, directory + 24):
        bomb[offset : offset + 4] = struct.pack("<I", 0xFFFFFFF0)
    assert refused(bytes(bomb))[0] is InvalidReason.TOO_LARGE


def test_a_member_that_unpacks_past_its_size_is_cut_off(refused):
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packed.compress(bytes(50_000_000)) + packed.flush()
    data = bytearray(written((info(compress_type=zipfile.ZIP_STORED), stream)))
    directory = data.index(b"PK\x01\x02")
    for offset in (8, directory + 10):
        data[offset : offset + 2] = struct.pack("<H", zipfile.ZIP_DEFLATED)
    for offset in (22, directory + 24):
        data[offset : offset + 4] = struct.pack("<I", 1000)
    tracemalloc.start()
    try:
        assert refused(bytes(data)) == (InvalidReason.MALFORMED, "data/a")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_overlapping_entries_are_refused(refused):
    data = bytearray(zip_bytes({"data/a": b"x" * 100, "data/b": b"x" * 100}))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    assert refused(bytes(data))[0] is InvalidReason.MALFORMED


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", zip_bytes(FILES)[:-30], written()])
def test_what_is_no_archive_is_refused(refused, data):
    assert refused(data)[0] in (InvalidReason.MALFORMED, InvalidReason.TOO_LARGE)


def test_reading_is_bounded_and_names_what_is_missing(tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(zip_bytes(FILES))
    with Archive.open(path) as archive:
        assert archive.read("bagit.txt", max_bytes=5) == b"hello"
        with pytest.raises(InvalidEvidence) as caught:
            archive.read("bagit.txt", max_bytes=4)
        assert caught.value.reason is InvalidReason.TOO_LARGE
        with pytest.raises(InvalidEvidence) as caught:
            archive.size("data/none")
        assert caught.value.reason is InvalidReason.MISSING_FILE
