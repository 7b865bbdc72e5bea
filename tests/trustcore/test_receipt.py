"""Entries of the log, and the rows a farm sends."""

import hashlib
import json
import re
from datetime import datetime

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.policy.vocabulary import DecisionOutcome, FrameDisposition, Outcome, RevocationKind
from trustcore.receipt import (
    ENTRY_TYPES,
    AuthorisedEntry,
    CheckedEntry,
    ExportedEntry,
    FrameEntry,
    FrameRow,
    KeyEntry,
    KeyEvent,
    LayerResult,
    MarkedEntry,
    Party,
    ResumedEntry,
    RevokedEntry,
    RowCode,
    RowRefused,
    SuspendedEntry,
    VerifiedEntry,
    encode_entry,
    encode_frame,
    encode_row,
    frame_head,
    is_before,
    is_utc_time,
    parse_entry,
    parse_row,
    parse_rows,
)

UUIDS = st.uuids().map(str)
TIMES = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
MAYBE_TEXT = st.none() | TEXTS
PARTIES = st.builds(Party, actor=TEXTS, at=TIMES, method=TEXTS, organisation=UUIDS)
MARKS = st.binary(min_size=8, max_size=8).map(bytes.hex)
SEEN = {
    "file_sha256": HASHES,
    "finished_at": st.just("9999-12-31T23:59:59Z"),
    "frame": st.integers(0, 2**31 - 1),
    "mark": st.none() | MARKS,
    "pixel_sha256": HASHES,
    "started_at": TIMES | st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
    "take": st.integers(0, 32767),
}
FARM_OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.UNAUTHORISED]
ROWS = st.builds(FrameRow, lease=UUIDS, outcome=st.sampled_from([o.value for o in FARM_OUTCOMES]), **SEEN)
OF_OLDER_LOGS = {
    "id": st.none() | UUIDS,
    "jti": st.none() | UUIDS,
    "talent": MAYBE_TEXT,
    "terms_version": st.none() | st.integers(1, 9),
}
FRAMES = st.one_of(
    st.builds(FrameEntry, check=UUIDS, outcome=st.sampled_from(FARM_OUTCOMES), **SEEN),
    st.builds(
        FrameEntry,
        jti=st.none() | UUIDS,
        lease=UUIDS,
        outcome=st.just(Outcome.UNAUTHORISED),
        reason=TEXTS,
        **SEEN,
    ),
    st.builds(
        FrameEntry,
        check=st.none() | UUIDS,
        lease=UUIDS,
        outcome=st.sampled_from(Outcome),
        reason=MAYBE_TEXT,
        **SEEN,
        **OF_OLDER_LOGS,
    ),
)
ENTRIES = st.one_of(
    FRAMES,
    st.builds(
        AuthorisedEntry,
        approvals=st.lists(PARTIES, max_size=3).map(tuple),
        at=TIMES,
        jti=UUIDS,
        kid=MAYBE_TEXT,
        not_after=TIMES,
        not_before=TIMES,
        supersedes=st.none() | st.integers(1, 9),
        supersedes_jti=st.none() | UUIDS,
        talent=TEXTS,
        terms_hash=TEXTS,
        terms_version=st.integers(1, 9),
        use_types=st.lists(TEXTS, max_size=3).map(tuple),
    ),
    st.builds(
        CheckedEntry,
        at=TIMES,
        construct=MAYBE_TEXT,
        decision=UUIDS,
        first=st.none() | st.integers(0, 9),
        input_hash=HASHES,
        jkt=MAYBE_TEXT,
        jti=MAYBE_TEXT,
        kid=MAYBE_TEXT,
        last=st.none() | st.integers(0, 9),
        lease=MAYBE_TEXT,
        outcome=st.sampled_from(DecisionOutcome),
        policy_version=TEXTS,
        reasons=st.lists(TEXTS, max_size=3).map(tuple),
        shot=MAYBE_TEXT,
        talent=MAYBE_TEXT,
        terms_version=st.none() | st.integers(1, 9),
        territory=MAYBE_TEXT,
        units=st.none() | st.integers(0, 9),
        use_type=TEXTS,
    ),
    st.builds(
        VerifiedEntry,
        asset=UUIDS,
        asset_sha256=HASHES,
        at=TIMES,
        layers=st.lists(
            st.builds(LayerResult, layer=TEXTS, p_value=MAYBE_TEXT, status=TEXTS), max_size=3
        ).map(tuple),
        manifest_sha256=st.none() | HASHES,
        mark=TEXTS,
        released=st.booleans(),
    ),
    st.builds(
        MarkedEntry,
        asset=UUIDS,
        asset_sha256=HASHES,
        at=TIMES,
        card=TEXTS,
        jtis=st.lists(UUIDS, max_size=2).map(tuple),
        layers=st.lists(TEXTS, max_size=2).map(tuple),
        mark=TEXTS,
    ),
    st.builds(
        RevokedEntry,
        at=TIMES,
        by=TEXTS,
        disposition=st.sampled_from(FrameDisposition),
        jti=UUIDS,
        kind=st.sampled_from(RevocationKind),
        organisation=UUIDS,
        terms_version=st.integers(1, 9),
    ),
    *(
        st.builds(
            kind,
            at=TIMES,
            by=TEXTS,
            hold=UUIDS,
            jti=UUIDS,
            organisation=UUIDS,
            reason=st.sampled_from(["SUSPENDED", "STRIKE_SUSPENSION"]),
            terms_version=st.integers(1, 9),
        )
        for kind in (SuspendedEntry, ResumedEntry)
    ),
    st.builds(
        ExportedEntry,
        at=TIMES,
        bundle=UUIDS,
        bundle_sha256=st.none() | HASHES,
        by=TEXTS,
        purpose=TEXTS,
        root=HASHES,
        size=st.integers(0, 2**53 - 1),
    ),
    st.builds(
        KeyEntry,
        at=TIMES,
        compromised_at=st.none() | TIMES,
        event=st.sampled_from(KeyEvent),
        kid=TEXTS,
        purpose=TEXTS,
    ),
)

ROW = {
    "lease": "0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f01",
    "frame": 1001,
    "take": 1,
    "file_sha256": "ab" * 32,
    "pixel_sha256": "cd" * 32,
    "outcome": "RENDERED",
    "started_at": "2026-11-22T08:12:00.250Z",
    "finished_at": "2026-11-22T08:12:01Z",
}

CHECK = "0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f00"
HASH_FIELDS = ("file_sha256", "pixel_sha256")


def row_bytes(**changes):
    return json.dumps({**ROW, **changes}).encode()


@given(ENTRIES)
def test_an_entry_is_rfc8785_json_and_reads_back(entry):
    data = encode_entry(entry)
    assert data == rfc8785.dumps(json.loads(data))
    assert parse_entry(data) == entry


@pytest.mark.parametrize("kind", ENTRY_TYPES)
def test_fields_stand_in_the_order_they_are_written(kind):
    assert list(kind.__struct_fields__) == sorted(kind.__struct_fields__)
    assert "t" not in kind.__struct_fields__


def test_entries_written_before_they_named_a_key_read_as_they_were():
    old = (
        b'{"approvals":[],"at":"a","jti":"j","not_after":"n","not_before":"n","t":"authorised","talent":"p",'
        b'"terms_hash":"h","terms_version":1,"use_types":[]}'
    )
    entry = parse_entry(old)
    assert entry.kid is None
    assert encode_entry(entry) == old
    named = old.replace(b'"not_after"', b'"kid":"k","not_after"')
    assert parse_entry(named).kid == "k"
    with pytest.raises(InvalidEvidence):
        parse_entry(old.replace(b'"not_after"', b'"kid":null,"not_after"'))


def test_key_entry_names_an_event_that_we_know():
    data = encode_entry(KeyEntry(at="2026-11-25T08:00:00Z", event=KeyEvent.REVOKED, kid="k", purpose="TOKEN"))
    assert data == b'{"at":"2026-11-25T08:00:00Z","event":"revoked","kid":"k","purpose":"TOKEN","t":"key"}'
    with pytest.raises(InvalidEvidence) as caught:
        parse_entry(data.replace(b"revoked", b"trusted"))
    assert caught.value.reason is InvalidReason.MALFORMED


def some_frame():
    seen = {name: value for name, value in ROW.items() if name != "lease"}
    return FrameEntry(check=CHECK, **{**seen, "outcome": Outcome.RENDERED})


def some_old_frame():
    """As logs held it before what follows from the check was left to the check."""
    return replace(
        some_frame(),
        id="0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f02",
        jti="0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f03",
        lease=ROW["lease"],
        talent="p" * 22,
        terms_version=2,
    )


@pytest.mark.req("ST-038")
def test_a_receipt_cites_its_authorisation_and_one_that_cites_nothing_is_no_receipt():
    assert parse_entry(encode_entry(some_frame())).check == CHECK
    with pytest.raises(InvalidEvidence) as caught:
        parse_entry(encode_entry(replace(some_frame(), check=None)))
    assert caught.value.reason == InvalidReason.MALFORMED


def test_a_frame_entry_stays_small_and_says_nothing_that_its_check_says():
    assert len(encode_entry(some_frame())) < 350
    assert json.loads(encode_entry(some_frame())).keys() == {
        *("check", "file_sha256", "finished_at", "frame", "outcome", "pixel_sha256", "started_at", "t", "take"),
    }  # fmt: skip


def test_a_long_entry_of_an_older_log_is_read_as_it_was_written():
    data = encode_entry(some_old_frame())
    assert len(data) > 500
    assert parse_entry(data) == some_old_frame()
    assert encode_entry(parse_entry(data)) == data


@given(UUIDS, ROWS)
def test_the_fast_spelling_of_a_frame_is_the_canonical_one(check, row):
    seen = {name: getattr(row, name) for name in FrameRow.__struct_fields__ if name != "lease"}
    entry = FrameEntry(check=check, **{**seen, "outcome": Outcome(row.outcome)})
    data = encode_frame(frame_head(check), row)
    assert data == encode_entry(entry) == rfc8785.dumps(json.loads(data))


def one_by_one(lines):
    answers = []
    for line in lines:
        try:
            answers.append(parse_row(line))
        except RowRefused as refusal:
            answers.append(refusal.code)
    return answers


SPOILS = [
    {"frame": -1}, {"take": 2**15}, {"outcome": "UNAUTHORISED"}, {"outcome": "PAINTED"}, {"mark": None},
    {"mark": "00ff00ff00ff00ff"}, {"mark": "00FF00FF00FF00FF"}, {"mark": "\u00e900ff00ff00ff00"}, {"who": "Ann"},
    {"file_sha256": "AB" * 32}, {"file_sha256": "\u00e9" * 64}, {"pixel_sha256": "ab " * 21 + "a"},
    {"pixel_sha256": "0" * 63 + '"'}, {"lease": "x" * 36}, {"lease": ROW["lease"].upper()},
    {"started_at": "2026-02-30T08:12:00Z"}, {"finished_at": "2026-11-22T08:11:59Z"},
    {"started_at": "2026-11-22T08:12:01.000Z"}, {"started_at": "2026-11-22T08:12:01.001Z"},
    {"file_sha256": "ab" * 31 + "a\\"}, {"mark": "x" * 2048},
]  # fmt: skip
DOUBLED = row_bytes().replace(b'"take": 1', b'"take": 1, "take": 2')
LINES = st.one_of(
    st.just(row_bytes()),
    st.sampled_from(SPOILS).map(lambda spoil: row_bytes(**spoil)),
    st.sampled_from(
        [DOUBLED, row_bytes() + b" " + row_bytes(), b"{}", row_bytes() + b"\r", row_bytes()[:-1]]
    ),
    st.sampled_from([row_bytes()[:90], row_bytes()[90:], row_bytes() + b"{", row_bytes()[1:]]),
    st.integers(1, len(row_bytes()) - 1).map(lambda cut: row_bytes()[:cut]),
)


@given(st.lists(LINES, min_size=1, max_size=6))
def test_rows_read_together_are_read_as_each_would_be_by_itself(lines):
    assert parse_rows(lines) == one_by_one(lines)


def test_no_trick_between_two_lines_makes_rows_read_together_differ():
    whole = row_bytes()
    for lines in (
        [whole[:90], whole[90:] + whole],  # as many objects as lines, but not one a line
        [whole + whole[:90], whole[90:]],
        [DOUBLED, row_bytes(mark=None)],
        [row_bytes(mark="00ff00ff00ff00ff"), DOUBLED],
    ):
        assert parse_rows(lines) == one_by_one(lines)


def test_the_words_for_how_a_frame_ended_are_those_of_the_policy():
    for outcome in FARM_OUTCOMES:
        assert parse_rows([row_bytes(outcome=outcome.value)])[0].outcome == outcome.value


def test_an_entry_longer_than_a_bundle_can_carry_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        encode_entry(replace(some_old_frame(), talent="x" * 65_535))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.replace(b'"t":"frame"', b'"t":"painted"'), InvalidReason.MALFORMED),
        (lambda data: data.replace(b'"take":1', b'"take":1,"who":"Ann"'), InvalidReason.MALFORMED),
        (lambda data: data.replace(b'"take":1', b'"take":"1"'), InvalidReason.MALFORMED),
        (lambda data: data.replace(b"RENDERED", b"PAINTED"), InvalidReason.MALFORMED),
        (lambda data: data.replace(b'"frame":1001', b'"frame":-1'), InvalidReason.MALFORMED),
        (lambda data: data.replace(b"abab", b"ABAB", 1), InvalidReason.MALFORMED),
        (lambda data: data.replace(b",", b", ", 1), InvalidReason.NOT_CANONICAL),
        (lambda data: data.replace(b'"take":1', b'"take":1,"take":1'), InvalidReason.NOT_CANONICAL),
        (lambda data: data.replace(b'"outcome"', b'"mark":null,"outcome"'), InvalidReason.NOT_CANONICAL),
        (lambda data: data + b"\n", InvalidReason.NOT_CANONICAL),
        (lambda data: data[:-1], InvalidReason.MALFORMED),
    ],
)
def test_another_spelling_of_an_entry_is_refused(change, reason):
    data = change(encode_entry(some_frame()))
    with pytest.raises(InvalidEvidence) as caught:
        parse_entry(data)
    assert caught.value.reason is reason


def render(path, told):
    """Write one picture as a renderer does, with a note of its own in the metadata; return its row's hashes."""
    picture = Image.new("RGB", (8, 8), (200, 120, 40))
    info = PngInfo()
    info.add_text("RenderTime", told)
    picture.save(path, pnginfo=info)
    with Image.open(path) as decoded:
        pixels = hashlib.sha256(decoded.tobytes()).hexdigest()
    return {"file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "pixel_sha256": pixels}


@pytest.mark.req("BX-015")
def test_equal_renders_differ_as_files_and_agree_as_pixels_in_their_receipts(tmp_path):
    first = parse_row(row_bytes(**render(tmp_path / "a.png", "00:01.20")))
    again = parse_row(row_bytes(**render(tmp_path / "b.png", "00:01.45")))
    assert first.file_sha256 != again.file_sha256
    assert first.pixel_sha256 == again.pixel_sha256
    for row in (first, again):
        logged = parse_entry(
            encode_entry(replace(some_frame(), **{name: getattr(row, name) for name in HASH_FIELDS}))
        )
        assert (logged.file_sha256, logged.pixel_sha256) == (row.file_sha256, row.pixel_sha256)
    for member in HASH_FIELDS:
        without = {key: value for key, value in ROW.items() if key != member}
        with pytest.raises(RowRefused):
            parse_row(json.dumps(without).encode())


def test_a_row_is_read_and_written_back():
    row = parse_row(row_bytes(mark="00ff00ff00ff00ff"))
    assert row.mark == "00ff00ff00ff00ff"
    assert parse_row(encode_row(row)) == row
    assert parse_row(row_bytes(mark=None)) == parse_row(row_bytes())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lease": "x"}, RowCode.LEASE_INVALID),
        ({"lease": ROW["lease"].upper()}, RowCode.LEASE_INVALID),
        ({"lease": 7}, RowCode.LEASE_INVALID),
        ({"frame": -1}, RowCode.FRAME_INVALID),
        ({"frame": 2**31}, RowCode.FRAME_INVALID),
        ({"frame": 1.5}, RowCode.FRAME_INVALID),
        ({"frame": True}, RowCode.FRAME_INVALID),
        ({"frame": "1001"}, RowCode.FRAME_INVALID),
        ({"take": -1}, RowCode.TAKE_INVALID),
        ({"take": 32_768}, RowCode.TAKE_INVALID),
        ({"file_sha256": "AB" * 32}, RowCode.HASH_INVALID),
        ({"file_sha256": "ab" * 31}, RowCode.HASH_INVALID),
        ({"pixel_sha256": "ab " * 21 + "a"}, RowCode.HASH_INVALID),
        ({"pixel_sha256": None}, RowCode.HASH_INVALID),
        ({"outcome": "PAINTED"}, RowCode.OUTCOME_UNKNOWN),
        ({"outcome": "UNAUTHORISED"}, RowCode.OUTCOME_UNKNOWN),
        ({"outcome": "rendered"}, RowCode.OUTCOME_UNKNOWN),
        ({"outcome": 1}, RowCode.OUTCOME_UNKNOWN),
        ({"started_at": "2026-11-22T08:12:00+00:00"}, RowCode.TIME_INVALID),
        ({"started_at": "2026-02-30T08:12:00Z"}, RowCode.TIME_INVALID),
        ({"finished_at": "2026-11-22T08:11:59Z"}, RowCode.TIME_INVALID),
        ({"finished_at": 0}, RowCode.TIME_INVALID),
        ({"mark": "00FF00FF00FF00FF"}, RowCode.MARK_INVALID),
        ({"mark": "00"}, RowCode.MARK_INVALID),
        ({"mark": 255}, RowCode.MARK_INVALID),
        ({"who": "Ann"}, RowCode.ROW_MALFORMED),
        ({"mark": "x" * 2048}, RowCode.ROW_TOO_LONG),
    ],
)
def test_a_row_with_a_wrong_value_is_refused_with_its_code(changes, code):
    with pytest.raises(RowRefused) as caught:
        parse_row(row_bytes(**changes))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        row_bytes()[:-1],
        row_bytes() + row_bytes(),
        b"\xff" + row_bytes(),
        row_bytes().replace(b'"take": 1', b'"take": 1, "take": 2'),
        row_bytes(mark="00ff00ff00ff00ff").replace(b'"mark"', b'"take": 1, "mark"'),
        row_bytes(mark=None).replace(b'"mark"', b'"take": 1, "mark"'),
    ],
    ids=lambda data: data[:30],
)
def test_a_row_that_is_not_one_object_of_known_keys_is_refused(data):
    with pytest.raises(RowRefused) as caught:
        parse_row(data)
    assert caught.value.code == RowCode.ROW_MALFORMED


@given(st.binary(max_size=80) | st.integers(0, len(row_bytes()) - 1).map(lambda cut: row_bytes()[:cut]))
def test_garbage_and_rows_cut_short_always_get_a_code(data):
    with pytest.raises(RowRefused) as caught:
        parse_row(data)
    assert caught.value.code in set(RowCode)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 08:12:00Z",
        "2026-11-22T08:12:00z",
        "2026-11-22T08:12:00",
        "2026-11-22T08:12:00,5Z",
        "2026-W47-7T08:12:00Z",
        "20261122T081200.00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:12:60Z",
        "2026-11-22T08:12:00.Z",
        "2026-11-22T08:12:00.1234567Z",
        "",
    ],
)
def test_only_one_form_of_utc_time_is_a_time(text):
    assert not is_utc_time(text)


@given(st.datetimes())
def test_every_utc_moment_is_a_time(moment):
    assert is_utc_time(moment.isoformat() + "Z")


STAMPS = st.builds(
    lambda moment, digits: f"{moment.isoformat(timespec='microseconds')[: 20 + digits].rstrip('.')}Z",
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 1, 1, 0, 0, 2)),
    st.integers(0, 6),
)


@given(STAMPS, STAMPS)
def test_times_compare_as_moments_whatever_their_fractions_look_like(one, other):
    assert is_before(one, other) == (datetime.fromisoformat(one) < datetime.fromisoformat(other))


def test_no_entry_has_room_for_free_text_about_a_person():
    members = {name for kind in (*ENTRY_TYPES, Party) for name in kind.__struct_fields__}
    assert not {
        name for name in members if re.search(r"name|mail|phone|address|description|note|comment", name)
    }


def test_a_row_struct_and_its_schema_agree():
    assert set(FrameRow.__struct_fields__) == {*ROW, "mark"}
    assert msgspec.json.decode(encode_row(parse_row(row_bytes()))) == ROW
