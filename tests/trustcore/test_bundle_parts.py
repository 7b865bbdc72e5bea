"""The ledger a tile at a time, and a bundle by several processes: the same answer as one entry after another."""

import os
import signal
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trustcore import bundling
from tests.trustcore.bundling import (
    Forge,
    Lenient,
    authorised,
    bag_files,
    checked,
    denied,
    frame,
    long_frame,
    some_entries,
    unauthorised,
    zip_bytes,
)
from trustcore.bundle import parts, verify_bundle
from trustcore.bundle.archive import Archive
from trustcore.bundle.layout import LOG, RECEIPTS_CSV, RECEIPTS_NDJSON
from trustcore.bundle.ledger import Ledger
from trustcore.bundle.rows import TileRows
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import NoteVerifier, verify_checkpoint
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import RecordedEntry, encode_entry

ODD = checked(2, 0, 9_999, shot='=sh,"1"\r\n', construct=None, territory=None, lease=None)
CHECKS = {1: checked(1, 0, 40), 2: ODD, 3: checked(3, 1_000, 1_100)}


def one_by_one(entries):
    ledger, rows = Ledger(), TileRows()
    for data in entries:
        lines = ledger.take(data)
        if lines is not None:
            rows.add(ledger.size - 1, lines)
    return ledger, rows


def answer(take, entries):
    try:
        ledger, rows = take(entries)
    except InvalidEvidence as error:
        return error.reason, error.detail
    try:
        counts = ledger.finish()
    except InvalidEvidence as error:
        counts = (error.reason, error.detail)
    return (
        ledger.size,
        ledger.grants,
        ledger.recorded,
        ledger.marks(),
        ledger.history(bundling.TOKEN_ID),
        counts,
        astuple(rows),
    )


def by_tiles(width):
    def take(entries):
        ledger, rows = Ledger(), TileRows()
        for at in range(0, len(entries), width):
            more = ledger.take_tile(entries[at : at + width])
            rows.leaves += more.leaves
            rows.ndjson += more.ndjson
            rows.csv += more.csv
        return ledger, rows

    return take


def runs(check):
    """Frames that follow one another, some of them outside the check's range."""
    made = st.builds(
        lambda first, count, take, outcome, mark, make: [
            make(CHECKS[check], number, take=take, outcome=outcome, mark=mark)
            for number in range(first, first + count)
        ],
        st.integers(CHECKS[check].first - 1, CHECKS[check].first + 60),
        st.integers(1, 12),
        st.sampled_from([1, 1, 2]),
        st.sampled_from([Outcome.RENDERED, Outcome.FAILED, Outcome.RERENDER_OF, Outcome.UNAUTHORISED]),
        st.sampled_from([None, None, "00ff00ff00ff00ff", "x"]),
        st.sampled_from([frame, frame, long_frame]),
    )
    return made | made.map(lambda entries: entries[::-1])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        runs(1)
        | runs(2)
        | runs(3)
        | st.sampled_from([[unauthorised(3)], [denied(9)], [CHECKS[3]], [authorised(2)]]),
        max_size=12,
    ),
    st.sampled_from([1, 3, 7, 256]),
)
def test_tile_of_entries_is_judged_as_its_entries_one_by_one(groups, width):
    entries = [authorised(1), CHECKS[1], ODD, *(entry for group in groups for entry in group)]
    leaves = [encode_entry(entry) for entry in entries if getattr(entry, "frame", 0) >= 0]
    assert answer(by_tiles(width), leaves) == answer(one_by_one, leaves)


def test_whole_production_is_read_alike():
    leaves = [encode_entry(entry) for entry in some_entries()]
    assert answer(by_tiles(256), leaves) == answer(one_by_one, leaves)


def test_frames_twice_within_one_tile_and_over_a_mask_are_found():
    check = checked(1, 0, 5_000)
    many = [frame(check, number) for number in range(1_000, 1_100)]
    start = [encode_entry(authorised()), encode_entry(check)]
    ledger = Ledger()
    assert len(ledger.take_tile([*start, *map(encode_entry, many)]).leaves) == 100
    for again in (1_023, 1_024, 1_099):
        with pytest.raises(InvalidEvidence, match=f"frame {again} has a receipt already"):
            ledger.take_tile([encode_entry(frame(check, 2_000 + again)), encode_entry(frame(check, again))])
    with pytest.raises(InvalidEvidence, match="frame 4 has a receipt already"):
        ledger.take_tile([encode_entry(frame(check, number)) for number in (3, 4, 4)])


# -- several processes


def long_log(frames=2_000, each=400):
    """Checks whose frames run over the ends of parts."""
    entries = [authorised(1), authorised(2)]
    for number, first in enumerate(range(0, frames, each), 10):
        check = checked(number, first, first + each - 1, version=1 + number % 2)
        entries += [check, *(frame(check, at) for at in range(first, first + each))]
    first_check = next(entry for entry in entries if getattr(entry, "decision", ""))
    entries += [frame(first_check, at, take=2) for at in range(5)]  # cited from the far end of the log
    return [*entries, *some_entries(0)[-4:]]


@pytest.fixture(autouse=True)
def many_parts(monkeypatch):
    monkeypatch.setattr(parts, "LEAST_TILES", 1)


@pytest.fixture
def saved(tmp_path):
    def save(files):
        path = tmp_path / "bundle.zip"
        path.write_bytes(zip_bytes(files))
        return path

    return save


def ledger_by_parts(path, jobs):
    with Archive.open(path) as archive:
        verifier = NoteVerifier.of(bundling.ORIGIN, bundling.LOG_SIGNER.public_key)
        checkpoint = verify_checkpoint(archive.read(LOG + "checkpoint", max_bytes=9_999), [verifier])
        return parts.verify_log_by_parts(archive, checkpoint, jobs=jobs), dict(archive.digests)


@pytest.mark.parametrize("frames", [2_000, 2_295])
def test_any_number_of_processes_gives_the_same_report(saved, frames):
    recorded = [
        RecordedEntry(actor="p", at=bundling.AT, batch=name, count=1, organisation="o", root="ab" * 32)
        for name in ("first", "second")
    ]
    entries = long_log(frames)
    path = saved(bag_files(Forge(entries=[entries[0], recorded[0], *entries[1:], recorded[1]])))
    alone = verify_bundle(path)
    assert alone.summary.counts.rendered == -(-frames // 400) * 400 + 5
    for jobs in (2, 3, 64):
        ledger, digests = ledger_by_parts(path, jobs)
        assert ledger is not None, "read by parts, not by one after all"
        assert ledger.recorded == {"first": (1, "ab" * 32), "second": (1, "ab" * 32)}
        assert {RECEIPTS_CSV, RECEIPTS_NDJSON, LOG + "tile/entries/003", LOG + "tile/0/003"} <= digests.keys()
        assert verify_bundle(path, jobs=jobs) == alone


def bent_at(entries, at, **changes):
    entries[at] = replace(entries[at], **changes)
    return entries


@pytest.mark.parametrize(
    ("at", "changes", "reason"),
    [
        (1_500, {"frame": 3}, InvalidReason.UNAUTHORISED_FRAME),
        (2_008, {"take": 1}, InvalidReason.DUPLICATE_FRAME),  # the same frame as in the first part
        (1_700, {"check": bundling.uuid(2, 99)}, InvalidReason.UNAUTHORISED_FRAME),
        (1_606, {"decision": bundling.uuid(2, 10)}, InvalidReason.ENTRY_MISMATCH),  # a check logged twice
    ],
    ids=["outside", "twice", "no check", "check twice"],
)
def test_fault_in_the_log_is_named_alike_by_any_number_of_processes(saved, at, changes, reason):
    entries = long_log()
    path = saved(bag_files(Forge(entries=bent_at(entries, at, **changes), ledger=Lenient)))
    told = []
    for jobs in (1, 2, 5):
        with pytest.raises(InvalidEvidence) as caught:
            verify_bundle(path, jobs=jobs)
        told.append((caught.value.reason, caught.value.detail, caught.value.path))
    assert told[0][0] == reason
    assert told == [told[0]] * 3


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        (
            RECEIPTS_NDJSON,
            lambda data: data.replace(b'"frame":1500,', b'"frame":1501,'),
            InvalidReason.ENTRY_MISMATCH,
        ),
        (
            RECEIPTS_CSV,
            lambda data: data.replace(b"RENDERED,,1500,", b"FAILED,,1500,"),
            InvalidReason.ENTRY_MISMATCH,
        ),
        (RECEIPTS_CSV, lambda data: data[:-1], InvalidReason.ENTRY_MISMATCH),
        (RECEIPTS_NDJSON, lambda data: data + b"{}\n", InvalidReason.ENTRY_MISMATCH),
        (LOG + "tile/0/005", lambda data: data[:-1] + bytes([data[-1] ^ 1]), InvalidReason.ROOT_MISMATCH),
        (
            LOG + "tile/0/007.p/224",
            lambda data: data[:-1] + bytes([data[-1] ^ 1]),
            InvalidReason.ROOT_MISMATCH,
        ),
        (
            LOG + "tile/entries/005",
            lambda data: data.replace(b'"take":1', b'"take":3', 1),
            InvalidReason.ROOT_MISMATCH,
        ),
        (LOG + "tile/entries/005", lambda data: data[:-1], InvalidReason.MALFORMED),
    ],
    ids=range(8),
)
def test_changed_file_is_named_alike_by_any_number_of_processes(saved, file, change, reason):
    def edit(files):
        before = files[file]
        files[file] = change(before)
        assert files[file] != before

    path = saved(bag_files(Forge(entries=long_log(), payload=edit)))
    told = []
    for jobs in (1, 2, 5):
        with pytest.raises(InvalidEvidence) as caught:
            verify_bundle(path, jobs=jobs)
        told.append((caught.value.reason, caught.value.detail, caught.value.path))
    assert told[0][0] == reason
    assert told[0][2].startswith(file.replace("tile/entries/005", "tile/"))
    assert told == [told[0]] * 3


def test_first_differing_row_is_named(saved):
    wrong = Forge(
        entries=long_log(),
        payload=lambda files: files.update(
            {RECEIPTS_CSV: files[RECEIPTS_CSV].replace(b"RENDERED,,1500,", b"FAILED,,1500,")}
        ),
    )
    with pytest.raises(InvalidEvidence, match="does not say what the log says of entry 1506"):
        verify_bundle(saved(bag_files(wrong)))


def test_child_that_is_killed_leaves_the_work_to_one_process(saved, monkeypatch):
    path = saved(bag_files(Forge(entries=long_log())))
    monkeypatch.setattr(parts, "_checks_among", lambda entries: os.kill(os.getpid(), signal.SIGKILL))
    assert ledger_by_parts(path, 2)[0] is None
    assert verify_bundle(path, jobs=2).summary.counts.rendered == 2_005
