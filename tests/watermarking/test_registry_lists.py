"""Lists of ids: text and binary, streamed, and refused with the line that is wrong."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from watermarking.candidates import MAGIC, MOST, CandidatesMalformed, as_ids, read_candidates


def test_text_lists_hold_ids_comments_and_blank_lines(tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_bytes(
        b"# registered marks\r\n\r\nFFFFFFFFFFFFFFFF\r\n0000000000000001  # reel 1\n\n0000000000000001"
    )
    assert read_candidates(listed).tolist() == [1, (1 << 64) - 1]
    listed.write_bytes(b"# nothing yet\n")
    assert read_candidates(listed).tolist() == []


def test_binary_lists_hold_the_same_ids(tmp_path: Path) -> None:
    ids = [7, (1 << 64) - 1, 1 << 63]
    listed = tmp_path / "ids.bin"
    listed.write_bytes(MAGIC + b"".join(one.to_bytes(8, "big") for one in ids))
    assert read_candidates(listed).tolist() == sorted(ids)
    listed.write_bytes(listed.read_bytes()[:-1])
    with pytest.raises(CandidatesMalformed, match="cut off"):
        read_candidates(listed)


@pytest.mark.parametrize(
    "line", ["not an id", "00000000000000", "0123 56789abcdef", "0x12345678901234", "0" * 17, "é" * 8]
)
def test_a_bad_line_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("# one\n" + "0000000000000001\n" * 3 + line + "\n0000000000000002\n", "utf-8")
    with pytest.raises(CandidatesMalformed) as refused:
        read_candidates(listed)
    assert (refused.value.code, refused.value.line) == ("CANDIDATES_MALFORMED", 5)


def test_bad_lines_far_down_are_counted_over_blocks(tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_bytes(b"00000000000000a1\n" * 600_000 + b"nonsense\n")
    with pytest.raises(CandidatesMalformed) as refused:
        read_candidates(listed)
    assert refused.value.line == 600_001


def test_files_that_are_no_lists_at_all_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 64)
    for path in (tmp_path / "noise.bin", tmp_path / "missing", tmp_path):
        with pytest.raises(CandidatesMalformed):
            read_candidates(path)
    (tmp_path / "endless.txt").write_bytes(b"a" * 9_000_000)
    with pytest.raises(CandidatesMalformed) as refused:
        read_candidates(tmp_path / "endless.txt")
    assert refused.value.line == 1


def test_ids_in_memory_are_sorted_made_unique_and_bounded() -> None:
    assert as_ids(iter([5, 1, 5])).tolist() == [1, 5]
    assert as_ids(np.array([9, 2], dtype=np.uint64)).tolist() == [2, 9]
    for bad in ([1 << 64], [-1], ["x"]):
        with pytest.raises(CandidatesMalformed):
            as_ids(bad)  # type: ignore[arg-type]
    with pytest.raises(CandidatesMalformed, match="more than"):
        as_ids(np.zeros(MOST + 1, dtype=np.uint64))


def test_a_million_lines_are_read_in_a_moment(tmp_path: Path) -> None:
    """The bar is 2 s; a busy machine gets twice as much of its own CPU time."""
    ids = np.random.default_rng(1).integers(0, 1 << 63, 1_000_000, dtype=np.uint64)
    listed = tmp_path / "million.txt"
    listed.write_text(ids.astype(">u8").tobytes().hex("\n", 8))
    begun = time.thread_time()
    read = read_candidates(listed)
    assert time.thread_time() - begun < 4.0
    assert np.array_equal(read, np.unique(ids))
