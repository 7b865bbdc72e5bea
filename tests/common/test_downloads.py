"""Downloads: whole, by one range, not again when nothing changed."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.test import RequestFactory

from common.downloads import download
from common.storage import blobs

DATA = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blob():
    name = blobs().save("tests/download.bin", ContentFile(DATA))
    yield name
    blobs().delete(name)


def ask(blob, **headers):
    request = RequestFactory().get("/", headers=headers)
    return download(
        request,
        blob,
        file_name="download.bin",
        content_type="application/octet-stream",
        size=len(DATA),
        sha256=SHA256,
    )


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_without_a_range_the_whole_file_comes(blob):
    answer = ask(blob)
    assert answer.status_code == 200
    assert answer["Content-Length"] == str(len(DATA))
    assert answer["ETag"] == f'"{SHA256}"'
    assert body(answer) == DATA


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=1000000-1279999", 1_000_000, 1_279_999),
        ("bytes=1279990-", 1_279_990, 1_279_999),
        ("bytes=-10", 1_279_990, 1_279_999),
        ("bytes=100-9999999", 100, 1_279_999),
    ],
)
def test_one_range_gives_that_part(blob, wanted, first, last):
    answer = ask(blob, Range=wanted)
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert body(answer) == DATA[first : last + 1]


@pytest.mark.parametrize("wanted", ["bytes=9999999-", "bytes=-0", "bytes=20-10"])
def test_a_range_outside_is_refused(blob, wanted):
    answer = ask(blob, Range=wanted)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "nonsense"])
def test_what_is_no_single_range_gives_the_whole(blob, wanted):
    assert body(ask(blob, Range=wanted)) == DATA


def test_a_range_of_five_thousand_digits_is_none_that_can_be_read(blob):
    assert ask(blob, Range=f"bytes={'9' * 5000}-").status_code == 200
    assert ask(blob, Range=f"bytes=0-{'9' * 18}").status_code == 200


def test_a_part_of_another_version_is_not_sent(blob):
    assert ask(blob, **{"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert ask(blob, **{"Range": "bytes=0-9", "If-Range": f'"{SHA256}"'}).status_code == 206


def test_nothing_is_sent_again_when_the_caller_has_it(blob):
    assert ask(blob, **{"If-None-Match": f'"{SHA256}"'}).status_code == 304
