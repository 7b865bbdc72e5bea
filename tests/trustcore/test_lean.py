"""Frame entries in bulk: the fast readers accept what the exact one accepts, and nothing else."""

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trustcore.bundling import checked, denied, frame, long_frame, unauthorised
from trustcore.errors import InvalidEvidence
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import (
    LEAN_START,
    CheckedEntry,
    FrameEntry,
    encode_entry,
    forms_hold,
    parse_entry,
    read_entries,
    read_frames,
)
from trustcore.receipt.forms import is_utc_time

CHECK = checked(1, 0, 10**6)
DONE = [outcome for outcome in Outcome if outcome is not Outcome.UNAUTHORISED]


def read(*entries: bytes):
    return read_frames(b"\n".join(entries), len(entries))


def holds(*entries: FrameEntry) -> bool:
    return forms_hold(read(*map(encode_entry, entries)))


def exact(entry: FrameEntry) -> bool:
    try:
        parse_entry(encode_entry(entry))
    except InvalidEvidence:
        return False
    return True


frames = st.builds(
    lambda number, take, outcome, mark: frame(CHECK, number, take=take, outcome=outcome, mark=mark),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**15 - 1),
    st.sampled_from(DONE),
    st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
)


@given(st.lists(frames, min_size=1, max_size=20))
def test_lean_frames_are_read_as_they_were_written(entries):
    found = read(*map(encode_entry, entries))
    assert forms_hold(found)
    for lean, entry in zip(found, entries, strict=True):
        assert encode_entry(entry).startswith(LEAN_START)
        assert all(
            getattr(lean, name) == getattr(entry, name) for name in lean.__struct_fields__ if name != "t"
        )


@pytest.mark.parametrize(
    "other",
    [denied(1), CHECK, long_frame(CHECK, 1), unauthorised(1), frame(CHECK, 1, outcome=Outcome.UNAUTHORISED)],
    ids=["denied", "check", "long", "stray", "cited stray"],
)
def test_entry_of_another_shape_is_left_to_the_exact_reader(other):
    assert parse_entry(encode_entry(other)) == other
    with pytest.raises(InvalidEvidence):
        read(encode_entry(frame(CHECK, 1)), encode_entry(other))


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: data.replace(b'"frame":1', b'"frame": 1'),
        lambda data: data.replace(b'"frame":1', b'"frame":1.0'),
        lambda data: data.replace(b'"take":1', b'"take":1,"take":1'),
        lambda data: data.replace(b'"t":"frame","take":1', b'"take":1,"t":"frame"'),
        lambda data: data.replace(b"RENDERED", b"R\\u0045NDERED"),
        lambda data: data.replace(b'"check"', b'"checked"'),
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b"0199", b"\xff199", 1),
        lambda data: b"",
    ],
    ids=range(10),
)
def test_other_spelling_is_refused_by_every_reader_and_no_error_is_of_another_kind(bend):
    data, good = bend(encode_entry(frame(CHECK, 1))), encode_entry(frame(CHECK, 2))
    with pytest.raises(InvalidEvidence):
        read(data, good)
    with pytest.raises(InvalidEvidence):
        read_entries(b"\n".join((data, good)), 2)
    with pytest.raises(InvalidEvidence):
        parse_entry(data)


@pytest.mark.parametrize(
    "bad",
    [
        {"frame": -1},
        {"frame": 2**31},
        {"take": -1},
        {"take": 2**15},
        {"file_sha256": "AB" * 32},
        {"pixel_sha256": "ab" * 31 + " b"},
        {"pixel_sha256": "ab" * 31},
        {"mark": "00FF00FF00FF00FF"},
        {"mark": ""},
        {"started_at": "2026-02-30T12:00:00Z"},
        {"started_at": "2026-09-01T24:00:00Z"},
        {"finished_at": "2026-09-01T11:59:59Z"},
        {"finished_at": "2026-09-01T12:00:60Z"},
        {"finished_at": "2026-09-01 12:00:01Z"},
        {"finished_at": "2026-09-01T12:00:01z"},
        {"finished_at": ""},
        {"started_at": "", "finished_at": ""},
    ],
    ids=str,
)
def test_value_without_its_form_is_seen_among_good_ones(bad):
    entry = frame(CHECK, 5, **bad)
    assert not exact(entry)
    assert not holds(frame(CHECK, 4), entry, frame(CHECK, 6))
    assert holds(frame(CHECK, 4), frame(CHECK, 6))


times = st.builds(
    lambda day, hour, second, tail: f"2026-09-{day}T{hour}:{second}{tail}",
    st.sampled_from(["01", "30", "31", "1 ", "٠١"]),
    st.sampled_from(["00:00", "23:59", "24:00", "12-00"]),
    st.sampled_from(["00", "59", "60", "5", "٥٩"]),
    st.sampled_from(
        ["Z", "", ".Z", ".5Z", ".000001Z", ".1234567Z", ".1.2Z", ".٥Z", ",5Z", ".5z", "+00:00", "ZZ", ".Z5"]
    ),
) | st.text(string.digits + "-:TZ. ", max_size=28)


@given(times)
def test_time_holds_in_bulk_just_where_it_holds_alone(text):
    assert holds(frame(CHECK, 1, started_at=text, finished_at=text)) == is_utc_time(text)


@given(
    st.lists(
        st.sampled_from(["2026-09-01T12:00:00Z", "2026-09-01T12:00:00.5Z", "2026-09-01T12:00:01.5Z"]),
        min_size=2,
        max_size=6,
    )
)
def test_what_holds_in_bulk_holds_one_by_one(moments):
    entries = [frame(CHECK, n, started_at=a, finished_at=b) for n, (a, b) in enumerate(pairwise(moments))]
    if holds(*entries):
        assert all(map(exact, entries))


def test_not_utf8_in_an_entry_of_any_kind_is_malformed():
    data = encode_entry(replace(CHECK, shot="sh"))
    assert isinstance(parse_entry(data), CheckedEntry)
    with pytest.raises(InvalidEvidence):
        parse_entry(data.replace(b'"sh"', b'"\xff"'))
