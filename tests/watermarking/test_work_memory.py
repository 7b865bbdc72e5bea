"""What a worker has done with is the machine's again."""

from __future__ import annotations

import platform

import psutil
import pytest

from watermarking.work import memory

_PIECE, _PIECES = 100_000, 1_500


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this C library keeps what was freed")
def test_what_was_freed_goes_back_to_the_machine() -> None:
    process = psutil.Process()
    held = [bytearray(_PIECE) for _ in range(_PIECES)]
    # the last ones lie above all others, so that the library cannot shrink its heap of itself
    above = held[-20:]
    full = process.memory_info().rss
    del held
    kept = process.memory_info().rss
    assert full - kept < _PIECE * _PIECES / 2
    assert memory.give_back()
    assert kept - process.memory_info().rss > _PIECE * _PIECES / 2
    assert len(above) == 20


def test_without_such_a_call_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_trim", lambda: None)
    assert not memory.give_back()
