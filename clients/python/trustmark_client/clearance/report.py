"""A cut held against the licences of its production: one row per clip and likeness."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from trustcore.errors import InvalidTerms
from trustcore.older import dataclass, moment_of
from trustcore.policy.clearance import ClearanceGap, Showing, Standing, clearance_gaps
from trustcore.policy.terms import Terms, parse_terms
from trustmark_client.clearance.cut import CutClip, Likeness


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one likeness in one clip; cleared by ``licence`` if ``gaps`` is empty."""

    clip: CutClip
    talent: str
    licence: str | None
    gaps: tuple[str, ...]

    @property
    def is_cleared(self) -> bool:
        return not self.gaps


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence, as far as it can be read: ``terms`` is ``None`` where it cannot."""

    jti: str
    talent: str
    standing: Standing
    terms: Terms | None


def read_licence(body: Mapping[str, Any]) -> Licence:
    """The licence in an answer of ``GET /api/v1/tokens/{jti}``."""
    try:
        terms = parse_terms(body.get("terms") or {})
    except InvalidTerms:
        terms = None
    standing = Standing(
        state=str(body.get("state")),
        begins_at=_moment(body.get("window_begins_at")),
        revocation_kind=body.get("revocation_kind"),
        frame_disposition=body.get("frame_disposition"),
        holds=tuple(map(str, body.get("holds") or ())),
    )
    return Licence(str(body.get("jti")), str(body.get("talent")), standing, terms)


def _moment(text: Any) -> datetime | None:
    try:
        moment = moment_of(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def clear_cut(clips: Sequence[CutClip], licences: Iterable[Licence], showing: Showing) -> list[Row]:
    """Every likeness of every clip against the licences of that talent, in the order of the cut."""
    by_talent: dict[str, list[Licence]] = {}
    for licence in licences:
        by_talent.setdefault(licence.talent, []).append(licence)
    seen = seconds_seen(clips)
    rows: list[Row] = []
    for clip in clips:
        if clip.likenesses is None:
            rows.append(Row(clip, "", None, (ClearanceGap.CAST_UNKNOWN,)))
            continue
        for likeness in clip.likenesses:
            shown = replace(showing, seconds=seen[likeness.talent])
            rows.append(_row(clip, likeness, by_talent.get(likeness.talent, []), shown))
    return rows


def seconds_seen(clips: Iterable[CutClip]) -> dict[str, float]:
    """How long each is in the cut altogether: twice five seconds are no clip of five, picture and its sound are one."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for clip in clips:
        for talent in {likeness.talent for likeness in clip.likenesses or ()}:
            spans.setdefault(talent, []).append(clip.span)
    return {talent: _length(found) for talent, found in spans.items()}


def _length(spans: list[tuple[float, float]]) -> float:
    """The length of all spans together, where they overlap counted once."""
    length, reached = 0.0, -math.inf
    for begin, end in sorted(spans):
        length += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return length


def _row(clip: CutClip, likeness: Likeness, licences: list[Licence], showing: Showing) -> Row:
    """The licence that clears it, else the one that lacks least."""
    found = [(_gaps(licence, clip, likeness, showing), licence.jti) for licence in licences]
    if not found:
        return Row(clip, likeness.talent, None, (ClearanceGap.LICENCE_MISSING,))
    gaps, jti = min(found, key=lambda pair: len(pair[0]))
    return Row(clip, likeness.talent, jti, gaps)


def _gaps(licence: Licence, clip: CutClip, likeness: Likeness, showing: Showing) -> tuple[str, ...]:
    if licence.terms is None:
        return (ClearanceGap.LICENCE_UNREADABLE,)
    return clearance_gaps(
        licence.terms,
        licence.standing,
        showing,
        shot=clip.shot,
        sequence=clip.sequence,
        use_types=likeness.use_types,
    )


def as_json(cut: str, showing: Showing, rows: Sequence[Row]) -> dict[str, Any]:
    """The report for machines."""
    return {
        "schema": "trustmark-clearance/1",
        "cut": cut,
        "shown": {
            "as": showing.cut,
            "channel": showing.channel,
            "territories": list(showing.territories),
            "at": showing.at.isoformat().replace("+00:00", "Z"),
        },
        "cleared": all(row.is_cleared for row in rows),
        "rows": [
            {
                "clip": row.clip.name,
                "track": row.clip.track,
                "shot": row.clip.shot,
                "seconds": round(row.clip.seconds, 3),
                "talent": row.talent or None,
                "licence": row.licence,
                "cleared": row.is_cleared,
                "reasons": list(row.gaps),
            }
            for row in rows
        ],
    }


def as_text(rows: Sequence[Row]) -> list[str]:
    """The report for people: a line per row, gaps spelled out, and a line that counts."""
    gaps = [row for row in rows if not row.is_cleared]
    lines = [
        f"{'cleared' if row.is_cleared else 'GAP':8}{row.clip.shot:24}{row.talent or '-':24}{' '.join(row.gaps)}".rstrip()
        for row in rows
    ]
    return [*lines, f"{len(rows) - len(gaps)} cleared, {len(gaps)} gaps"]
