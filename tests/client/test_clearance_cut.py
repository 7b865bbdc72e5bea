"""How a cut is read for clearance, by somebody who would like it cleared: nests, transitions, speeds, media that is not there."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange
from trustmark_client.clearance.cut import CutUnreadable, Likeness, clips_of, mark_gap, read_cut, write_cut
from trustmark_client.clearance.report import clear_cut, read_licence, seconds_seen

from tests.client.test_clearance import clip, timeline_of
from tests.trustcore import samples
from trustcore.older import moment_of
from trustcore.policy.clearance import Showing

ADA, BEN = "t_ada", "t_ben"


def span(seconds: float) -> TimeRange:
    return TimeRange(duration=RationalTime(seconds * 24, 24))


def seen(cut: otio.schema.Timeline) -> dict[str, float]:
    return {talent: round(seconds, 3) for talent, seconds in seconds_seen(clips_of(cut)).items()}


def test_a_likeness_is_seen_through_the_whole_of_a_dissolve() -> None:
    half = RationalTime(12, 24)
    dissolve = otio.schema.Transition(transition_type="SMPTE_Dissolve", in_offset=half, out_offset=half)
    hard = timeline_of(clip("a", 2, likenesses=[ADA]), clip("b", 2, likenesses=[BEN]))
    soft = timeline_of(clip("a", 2, likenesses=[ADA]), dissolve, clip("b", 2, likenesses=[BEN]))
    assert seen(hard) == {ADA: 2.0, BEN: 2.0}
    assert seen(soft) == {ADA: 2.5, BEN: 2.5}


def test_a_slow_nest_is_as_long_as_it_is_on_and_a_slow_clip_is_no_longer() -> None:
    slow = otio.schema.LinearTimeWarp(time_scalar=0.25)
    one = clip("a", 2, likenesses=[ADA])
    one.effects.append(slow)
    assert seen(timeline_of(one)) == {ADA: 2.0}
    nest = otio.schema.Stack(name="nest", children=[clip("a", 2, likenesses=[ADA])], source_range=span(8))
    assert seen(timeline_of(nest)) == {ADA: 2.0}
    nest = otio.schema.Stack(
        name="nest", children=[clip("a", 2, likenesses=[ADA])], source_range=span(8), effects=[slow]
    )
    assert seen(timeline_of(nest)) == {ADA: 8.0}


def test_picture_and_sound_at_one_time_count_once_and_at_two_times_twice() -> None:
    cut = timeline_of(clip("a", 3, likenesses=[ADA]))
    cut.tracks.append(otio.schema.Track(name="A1", kind="Audio", children=[clip("a", 3, likenesses=[ADA])]))
    assert seen(cut) == {ADA: 3.0}
    cut.tracks[1].append(clip("a", 2, likenesses=[ADA]))
    assert seen(cut) == {ADA: 5.0}


def test_a_cut_takes_nobody_off_the_table_and_may_add_somebody() -> None:
    cast = {"a": (Likeness(ADA, ("FACE_RENDER",)),), "b": (Likeness(ADA),)}
    cut = timeline_of(
        clip("a", likenesses=[]),
        clip("b", likenesses=[BEN]),
        clip("a", likenesses=[{"talent": ADA, "use_types": ["VOICE_SYNTHESIS"]}]),
        clip("c"),
    )
    assert [found.likenesses for found in clips_of(cut, cast)] == [
        (Likeness(ADA, ("FACE_RENDER",)),),
        (Likeness(BEN), Likeness(ADA)),
        (Likeness(ADA, ("VOICE_SYNTHESIS", "FACE_RENDER")),),
        None,
    ]


def test_two_likenesses_of_one_clip_are_two_rows_and_the_missing_one_is_marked_alone(tmp_path: Path) -> None:
    terms = samples.terms()
    body = {
        "jti": "1", "talent": ADA, "state": "ACTIVE", "terms": samples.body(),
        "window_begins_at": "2026-11-22T00:00:00Z",
    }  # fmt: skip
    shot = terms.scope.shots[0] if terms.scope.shots else "sh010"
    sequence = terms.scope.sequences[0] if terms.scope.sequences else None
    cut = timeline_of(clip("a", 2, shot=shot, sequence=sequence, likenesses=[ADA, BEN]))
    use = terms.exploitation
    showing = Showing(
        cut="FULL_WORK", channel=str(use.channels[0]), territories=tuple(use.distribution_territory[:2]),
        at=moment_of("2027-12-01T00:00:00Z"),
    )  # fmt: skip
    rows = clear_cut(clips_of(cut), [read_licence(body)], showing)
    assert [(row.talent, row.gaps) for row in rows] == [(ADA, ()), (BEN, ("LICENCE_MISSING",))]
    for row in rows:
        if not row.is_cleared:
            mark_gap(row.clip.clip, talent=row.talent, reasons=row.gaps, licence=row.licence)
    write_cut(cut, tmp_path / "marked.otio")
    (found,) = otio.adapters.read_from_file(str(tmp_path / "marked.otio")).find_clips()
    assert [marker.name for marker in found.markers] == [f"NOT CLEARED {BEN}: LICENCE_MISSING"]


def test_media_that_is_not_there_is_measured_by_the_cut_or_the_cut_is_unreadable() -> None:
    lost = clip("a", 2, likenesses=[ADA])
    lost.media_reference = otio.schema.MissingReference()
    assert seen(timeline_of(lost)) == {ADA: 2.0}
    endless = otio.schema.Clip(name="a", media_reference=otio.schema.MissingReference())
    with pytest.raises(CutUnreadable, match="clip 'a'"):
        clips_of(timeline_of(endless))


def test_several_cuts_in_one_file_and_a_lone_clip_are_no_cut(tmp_path: Path) -> None:
    several = otio.schema.SerializableCollection(children=[timeline_of(clip("a")), timeline_of(clip("b"))])
    for number, thing in enumerate((several, clip("a"))):
        path = tmp_path / f"{number}.otio"
        otio.adapters.write_to_file(thing, str(path))
        with pytest.raises(CutUnreadable, match="not one timeline"):
            read_cut(path)
