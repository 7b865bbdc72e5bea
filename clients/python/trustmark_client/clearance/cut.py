"""A cut, read by OpenTimelineIO: its clips, who is seen or heard in each, and markers where something is missing.

Who is in a clip stands in its metadata, under ``trustmark``, or in a table beside the cut (``shot,talent`` ...):

    {"shot": "0410_0020", "sequence": "0410", "likenesses": ["t_5f0c...", {"talent": "t_9a...", "use_types": [...]}]}

An empty list says that nobody licensed is seen; a clip of which nothing is said is a gap, not an assurance. Where
both speak of a clip, everybody is in it whom either names: a cut's own metadata takes nobody off the table.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import opentimelineio as otio

from trustcore.older import dataclass
from trustmark_client.errors import ClientError

METADATA = "trustmark"


class CutUnreadable(ClientError):
    """No cut, a format without an adapter, or words about a clip that cannot be understood."""

    def __init__(self, detail: str) -> None:
        """Every cut that cannot be read has the code ``CUT_UNREADABLE``."""
        super().__init__("CUT_UNREADABLE", detail)


@dataclass(frozen=True, slots=True)
class Likeness:
    """One person in a clip, by the pseudonym that the production's licences use."""

    talent: str
    use_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CutClip:
    """A clip in the order of the cut.

    Attributes:
        seconds: how long it is on, transitions included.
        span: from when to when it is on in the cut, in seconds.
        likenesses: ``None`` where nobody said who is in it.
    """

    clip: otio.schema.Clip
    name: str
    track: str
    shot: str
    sequence: str | None
    seconds: float
    span: tuple[float, float]
    likenesses: tuple[Likeness, ...] | None


Cast = Mapping[str, tuple[Likeness, ...]]


def read_cut(path: Path) -> otio.schema.Timeline:
    """Read a cut in any format that an adapter is installed for; EDL needs ``otio-cmx3600-adapter``.

    Raises:
        CutUnreadable: no file, no adapter for its suffix, not in that format, or several cuts in one file.
    """
    try:
        found = otio.adapters.read_from_file(str(path))
    except (otio.exceptions.OTIOError, OSError, ValueError, KeyError, AttributeError) as error:
        raise CutUnreadable(f"{path.name}: {error}") from error
    except Exception as error:  # an adapter is somebody else's code, and none of its errors is a cut
        raise CutUnreadable(f"{path.name}: {type(error).__name__}: {error}") from error
    if not isinstance(found, otio.schema.Timeline):
        raise CutUnreadable(f"{path.name}: holds a {type(found).__name__}, not one timeline")
    return found


def can_write(path: Path) -> bool:
    """Whether an adapter is installed that writes this suffix."""
    suffix = path.suffix.lstrip(".").lower()
    return suffix in otio.adapters.suffixes_with_defined_adapters(write=True)


def write_cut(timeline: otio.schema.Timeline, path: Path) -> None:
    """Write the marked copy.

    Raises:
        CutUnreadable: its format cannot hold this cut, or the file cannot be written.
    """
    try:
        otio.adapters.write_to_file(timeline, str(path))
    except Exception as error:
        raise CutUnreadable(f"{path.name}: cannot be written: {error}") from error


def clips_of(timeline: otio.schema.Timeline, cast: Cast | None = None) -> list[CutClip]:
    """Every clip that is switched on, nested ones too; ``cast`` says by shot who is in it, besides the clips themselves.

    Raises:
        CutUnreadable: a clip's metadata or its place in time cannot be understood.
    """
    return [_clip(clip, timeline.tracks, cast or {}) for clip in timeline.find_clips() if _is_seen(clip)]


def _is_seen(item: otio.schema.Clip) -> bool:
    """Whether it and all that it lies in are switched on."""
    while item is not None:
        if not getattr(item, "enabled", True):
            return False
        item = item.parent()
    return True


def _clip(clip: otio.schema.Clip, tracks: otio.schema.Stack, cast: Cast) -> CutClip:
    said = clip.metadata.get(METADATA, {})
    if not isinstance(said, Mapping):
        raise CutUnreadable(f"clip {clip.name!r}: its metadata {METADATA!r} must be an object")
    shot = str(said.get("shot") or clip.name)
    try:
        span = _span(clip, tracks)
    except otio.exceptions.OTIOError as error:
        raise CutUnreadable(f"clip {clip.name!r}: {error}") from error
    parent = clip.parent()
    return CutClip(
        clip=clip,
        name=clip.name,
        track=parent.name if parent is not None else "",
        shot=shot,
        sequence=str(said["sequence"]) if said.get("sequence") else None,
        seconds=span[1] - span[0],
        span=span,
        likenesses=_together(
            _likenesses(clip.name, said["likenesses"]) if "likenesses" in said else None, cast.get(shot)
        ),
    )


def _span(clip: otio.schema.Clip, tracks: otio.schema.Stack) -> tuple[float, float]:
    """When the clip is on, at the longest: with its transitions, and not cut to what a nest shows of it.

    A clip's own speed changes what of its media is seen, not for how long; that of a nest it lies in may hold it for
    as long as the nest is on.
    """
    item: otio.core.Item = clip
    above = clip.parent()
    while above is not None and above is not tracks:
        if any(isinstance(effect, otio.schema.TimeEffect) for effect in above.effects):
            item = above
        above = above.parent()
    found = item.transformed_time_range(item.visible_range(), tracks)
    return float(found.start_time.to_seconds()), float(found.end_time_exclusive().to_seconds())


def _together(
    said: tuple[Likeness, ...] | None, told: tuple[Likeness, ...] | None
) -> tuple[Likeness, ...] | None:
    """Everybody whom the clip or the table names, with all uses that either names."""
    if said is None or told is None:
        return said if told is None else told
    uses: dict[str, list[str]] = {}
    for one in (*said, *told):
        uses.setdefault(one.talent, []).extend(one.use_types)
    return tuple(Likeness(talent, tuple(dict.fromkeys(found))) for talent, found in uses.items())


def _likenesses(name: str, said: Any) -> tuple[Likeness, ...]:
    try:
        if isinstance(said, (str, Mapping)):
            raise TypeError
        return tuple(_likeness(one) for one in said)
    except (TypeError, KeyError) as error:
        raise CutUnreadable(
            f"clip {name!r}: likenesses must be a list of pseudonyms, or of objects with a talent"
        ) from error


def _likeness(said: Any) -> Likeness:
    if isinstance(said, str):
        return Likeness(said)
    if not isinstance(said, Mapping):
        raise TypeError
    uses = said.get("use_types") or ()
    if isinstance(uses, str):
        raise TypeError
    return Likeness(str(said["talent"]), tuple(map(str, uses)))


def read_cast(path: Path) -> dict[str, tuple[Likeness, ...]]:
    """Read who is in which shot: CSV with the columns ``shot,talent`` and, if wanted, ``use_type``.

    A row without a talent says that nobody licensed is in that shot.

    Raises:
        CutUnreadable: no such table.
    """
    people: dict[str, dict[str, list[str]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            if not {"shot", "talent"} <= set(table.fieldnames or ()):
                raise CutUnreadable(f"{path.name}: the columns shot and talent are needed")
            for row in table:
                shot = people.setdefault((row["shot"] or "").strip(), {})
                if talent := (row["talent"] or "").strip():
                    uses = shot.setdefault(talent, [])
                    uses.extend(filter(None, [(row.get("use_type") or "").strip()]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CutUnreadable(f"{path.name}: {error}") from error
    return {
        shot: tuple(Likeness(talent, tuple(uses)) for talent, uses in found.items())
        for shot, found in people.items()
    }


def mark_gap(clip: otio.schema.Clip, *, talent: str, reasons: tuple[str, ...], licence: str | None) -> None:
    """Lay a red marker over the clip that says who is not cleared, and why."""
    clip.markers.append(
        otio.schema.Marker(
            name=f"NOT CLEARED {talent}: {' '.join(reasons)}"
            if talent
            else f"NOT CLEARED: {' '.join(reasons)}",
            marked_range=clip.trimmed_range(),
            color=otio.schema.MarkerColor.RED,
            metadata={METADATA: {"talent": talent, "reasons": list(reasons), "licence": licence or ""}},
        )
    )
