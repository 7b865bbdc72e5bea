"""Files in a folder are whole or not there, for readers and after a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile

from common.folders import FolderStorage


@pytest.fixture
def store(tmp_path: Path) -> FolderStorage:
    return FolderStorage(location=str(tmp_path), allow_overwrite=True)


class Slow(ContentFile):
    """Content that comes in two halves, between which the test looks."""

    def __init__(self, data: bytes, between: object) -> None:
        super().__init__(data)
        self.data, self.between = data, between

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield self.data[: len(self.data) // 2]
        self.between()  # type: ignore[operator]
        yield self.data[len(self.data) // 2 :]


def names(tmp_path: Path) -> list[str]:
    return sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file())


def test_a_reader_finds_the_old_bytes_or_the_new_ones_and_never_a_part(
    store: FolderStorage, tmp_path: Path
) -> None:
    seen: list[object] = []
    store.save("a/paper.pdf", Slow(b"first paper", lambda: seen.append(store.exists("a/paper.pdf"))))
    assert seen == [False]
    store.save("a/paper.pdf", Slow(b"second paper", lambda: seen.append(store.open("a/paper.pdf").read())))
    assert seen == [False, b"first paper"]
    assert store.open("a/paper.pdf").read() == b"second paper"
    assert names(tmp_path) == ["a/paper.pdf"]
    assert Path(store.path("a/paper.pdf")).stat().st_mode & 0o777 == 0o644


def test_a_writing_that_is_cut_off_leaves_what_was_there_and_no_part(
    store: FolderStorage, tmp_path: Path
) -> None:
    store.save("one", ContentFile(b"kept"))

    def cut_off() -> None:
        raise KeyboardInterrupt

    for name in ("one", "other"):
        with pytest.raises(KeyboardInterrupt):
            store.save(name, Slow(b"never whole", cut_off))
    assert (names(tmp_path), store.open("one").read()) == (["one"], b"kept")


def test_many_who_write_one_name_leave_one_of_theirs_whole(store: FolderStorage, tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def write(letter: bytes) -> None:
        start.wait(10)
        for _ in range(20):
            store.save("contested", ContentFile(letter * 50_000))

    threads = [threading.Thread(target=write, args=(one,)) for one in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    data = store.open("contested").read()
    assert (len(data), len(set(data)), names(tmp_path)) == (50_000, 1, ["contested"])


def test_without_overwriting_each_writer_gets_a_name_of_their_own(tmp_path: Path) -> None:
    store = FolderStorage(location=str(tmp_path))
    start, got = threading.Barrier(4), list[str]()

    def write(letter: bytes) -> None:
        start.wait(10)
        got.append(store.save("contested", ContentFile(letter * 10)))

    threads = [threading.Thread(target=write, args=(one,)) for one in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(got)) == 4
    assert {store.open(name).read()[:1] for name in got} == {b"a", b"b", b"c", b"d"}


def test_text_and_uploads_that_lie_on_disk_are_taken_as_they_are(
    store: FolderStorage, tmp_path: Path
) -> None:
    store.save("said", ContentFile("Imágenes"))
    with TemporaryUploadedFile("film.mp4", "video/mp4", 6, None) as upload:
        upload.write(b"frames")
        upload.seek(0)
        store.save("film", upload)
    with (tmp_path / "said").open("rb") as stream:
        store.save("again", File(stream))
    assert store.open("said").read() == "Imágenes".encode()
    assert store.open("again").read() == "Imágenes".encode()
    assert store.open("film").read() == b"frames"
    assert Path(store.path("film")).stat().st_mode & 0o777 == 0o644
