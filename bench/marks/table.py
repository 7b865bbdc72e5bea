"""docs/watermark-table.md and its figures, from the rows of one version of the code."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS
from bench.marks.attacks_sound import SOUND_ATTACKS
from bench.marks.attacks_stills import STILL_ATTACKS
from bench.marks.bars import FOUND, Row, Verdict, verdicts
from bench.marks.material import Material
from bench.marks.plots import write_scores, write_uniformity

_TITLES = {"films": "Films", "stills": "Stills", "sounds": "Sound"}
_QUALITY = (
    ("luma_psnr_db", "luma PSNR, dB", 2),
    ("ssim", "SSIM", 4),
    ("ssim_blocks", "SSIM, 8 x 8 blocks", 4),
    ("vmaf_loss", "VMAF loss", 2),
    ("rgb_psnr_db", "RGB PSNR, dB", 2),
    ("scielab_mean", "S-CIELAB", 2),
    ("scielab_flat", "S-CIELAB, flattest 30 %", 2),
    ("flicker_levels", "flicker, levels", 3),
    ("snr_db", "SNR, dB", 1),
    ("segmental_snr_db", "segmental SNR, dB", 1),
    ("noise_to_mask_db", "noise to mask, dB", 1),
    ("pesq_wb", "PESQ-WB", 3),
    ("zimtohrli_mos", "Zimtohrli MOS", 3),
)

_HEAD = """# What the marks survive

Written by `make bench-marks`; how to read it and what stands behind it is in [watermark.md](watermark.md).

Each film is a cut of five seconds, each sound of twelve, marked once as a release marks it by default, then attacked, then read. Rows of geometry, colour, noise and overlay are encoded with H.264 at CRF 23
after the change; codec rows with that codec, at presets of medium pace; so every row is a delivered file. Stills
are saved as JPEG 85 after such a change, sounds as 16 bit WAV. Attacks and figures of quality are made by ffmpeg and by code
of the bench, not by the code that is measured.

`B`: read blind, from the file and the key alone. `R`: named among the registered ids only. `?`: something of this key, but
no id. `-`: nothing. **WRONG**: a claim that is not so. The number is the score *z*.
"""


def write_page(
    path: Path, rows: Sequence[Row], material: Sequence[Material], *, version: str, registered: int
) -> None:
    """Write the page and the figures beside it."""
    rows = _ordered(rows, material)
    lines = [_HEAD, *_stamp(rows, version, registered), *judged(verdicts(rows))]
    for room in _TITLES:
        lines += _room(room, [row for row in rows if row["room"] == room], [item.name for item in material])
    lines += _retention(rows)
    lines += _claims([row for row in rows if row["room"] == "false claims"], path.parent / "figures")
    lines += _plain("averages", "Averages", rows)
    lines += _plain("costs", "Cost", rows)
    lines += _plain("growth", "Growth", rows)
    lines += _peers([row for row in rows if row["room"] == "peers"])
    lines += _sources(material)
    path.write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def _ordered(rows: Sequence[Row], material: Sequence[Material]) -> list[Row]:
    """In the order of the material and of the attacks, whenever each was measured; what is neither stays behind."""
    attacks = [one.name for one in (*FILM_ATTACKS, *CONTAINER_ATTACKS, *STILL_ATTACKS, *SOUND_ATTACKS)]
    names = {name: place for place, name in reversed(list(enumerate(attacks)))}
    items = {item.name: place for place, item in enumerate(material)}

    def place(row: Row) -> tuple[int, int]:
        name = row["attack"] if "attack" in row else row["name"]
        return names.get(name, len(names)), items.get(row["material"], len(items))

    return sorted(rows, key=place)


def judged(told: Iterable[Verdict]) -> list[str]:
    """The bars as a table."""
    word = {None: "not judged", True: "met", False: "**missed**"}
    lines = ["## Bars", "", "| bar | asked | measured | |", "| --- | --- | --- | --- |"]
    lines += [f"| {one.bar} | {one.asked} | {one.measured} | {word[one.met]} |" for one in told]
    return [*lines, ""]


def _stamp(rows: Sequence[Row], version: str, registered: int) -> list[str]:
    last = max((row["at"] for row in rows), default=f"{datetime.now(tz=UTC):%Y-%m-%d}")[:10]
    own = sum(not row.get("older") for row in rows)
    told = (
        f"Code `{version}` (SHA-256 over what in `watermarking/` marks and reads), {own:,} of {len(rows):,} rows, the last of "
        f"{last}; a registry of {registered:,} random ids; {platform.machine()}, Python {platform.python_version()}."
    )
    older = Counter(row["code"] for row in rows if row.get("older"))
    if older:
        codes = ", ".join(f"{count:,} of `{code}`" for code, count in older.most_common())
        told += f" Cells with a ring (°) were measured with older code and not again: {codes}."
    return [told, ""]


def _room(room: str, rows: Sequence[Row], material: Sequence[str]) -> list[str]:
    if not rows:
        return []
    measured = {row["material"] for row in rows}
    materials = [*(name for name in material if name in measured), *sorted(measured - set(material))]
    at = {(row["material"], row["name"]): row for row in rows}
    lines = [f"## {_TITLES[room]}", "", f"| | | {' | '.join(materials)} |"]
    lines.append(f"| --- | --- |{' --- |' * len(materials)}")
    for name in ("quality before the codec", "quality as delivered"):
        shown = [at.get((material, name), {}) for material in materials]
        for key, label, digits in _QUALITY:
            if any(row.get(key) is not None for row in shown):
                cells = [
                    "" if row.get(key) is None else f"{row[key]:.{digits}f}{_ring(row)}" for row in shown
                ]
                where = "as delivered" if name.endswith("delivered") else ""
                lines.append(f"| {label} | {where} | {' | '.join(cells)} |")
    graded = [row for row in rows if "grade" in row or "failed" in row]
    for name in dict.fromkeys(row["name"] for row in graded):
        grade = next((row["grade"] for row in graded if row["name"] == name and "grade" in row), "")
        cells = [_cell(at.get((material, name))) for material in materials]
        lines.append(f"| {name} | {grade} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if "failed" in row:
        return "failed"
    letter = f"**{row['letter']}**" if row["letter"] == "WRONG" else row["letter"]
    return f"{letter} {row['z']:.1f}{_ring(row)}"


def _ring(row: Row) -> str:
    return "°" if row.get("older") else ""


def retention(rows: Sequence[Row]) -> dict[tuple[str, str], tuple[float, float]]:
    """Per room and attack: the share of copies that were named, and the mean score over that of the copy untouched."""
    untouched = {
        (row["room"], row["material"]): row["z"] for row in rows if row["name"] == "none" and "z" in row
    }
    kept: dict[tuple[str, str], list[tuple[bool, float]]] = {}
    for row in rows:
        whole = untouched.get((row["room"], row["material"]))
        if whole and "letter" in row and row.get("grade") != "absent" and row["name"] != "none":
            kept.setdefault((row["room"], row["name"]), []).append((row["letter"] in FOUND, row["z"] / whole))
    return {
        key: (sum(hit for hit, _ in values) / len(values), sum(part for _, part in values) / len(values))
        for key, values in kept.items()
    }


def _retention(rows: Sequence[Row]) -> list[str]:
    told = retention(rows)
    if not told:
        return []
    lines = [
        "## Retention",
        "",
        "*Hit rate*: copies that lead to their id, blind or by the registry. *Retention*: the score over that of the",
        "copy as delivered, mean over the materials.",
        "",
        "| | attack | hit rate | retention |",
        "| --- | --- | --- | --- |",
    ]
    for (room, name), (hits, kept) in told.items():
        lines.append(f"| {_TITLES.get(room, room)} | {name} | {hits:.0%} | {kept:.2f} |")
    return [*lines, ""]


def _claims(rows: Sequence[Row], figures: Path) -> list[str]:
    told = [row for row in rows if "trials" in row]
    if not told:
        return []
    lines = [
        "## False claims",
        "",
        "Media under keys that nobody marked them with; some are searched over geometry, tempo and pitch too.",
        "",
        "| | trials | of them searched | claims | uncertain | least p-value | highest score | fixed id: mean | sd | share of p below .01 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = list(dict.fromkeys(f"{row['layer']}, {row['way']}" for row in told))
    fixed: dict[str, list[float]] = {}
    best: dict[str, list[float]] = {}
    for name in names:
        these = [row for row in told if f"{row['layer']}, {row['way']}" == name]
        scores = [score for row in these for score in row.get("fixed_scores", ())]
        if scores:
            fixed[name] = scores
            best[name] = [score for row in these for score in row["best_scores"]]
            mean = sum(scores) / len(scores)
            spread = (sum((z - mean) ** 2 for z in scores) / len(scores)) ** 0.5
            below, highest = sum(z > 2.3263 for z in scores) / len(scores), max(best[name])
        else:
            mean, spread, below, highest = (
                these[0][key] for key in ("fixed_mean", "fixed_sd", "fixed_below", "highest")
            )
        sums = [sum(row[key] for row in these) for key in ("trials", "searched", "claimed", "uncertain")]
        lines.append(
            f"| {name}{_ring(these[0])} | {' | '.join(f'{value:,}' for value in sums)} | {min(row['least_p'] for row in these):.2g} "
            f"| {highest:.2f} | {mean:.4f} | {spread:.4f} | {below:.4f} |"
        )
    if not fixed:
        return [*lines, "", "Drawn in [watermark.md](watermark.md#by-chance).", ""]
    write_uniformity(figures / "mark-p-values.svg", fixed)
    write_scores(figures / "mark-best-scores.svg", best, bound=11.4)
    lines += [
        "",
        "![p-values of one fixed id against their ranks](figures/mark-p-values.svg)",
        "",
        "![best scores of a trial](figures/mark-best-scores.svg)",
        "",
    ]
    return lines


def _plain(room: str, title: str, rows: Sequence[Row]) -> list[str]:
    told = [row for row in rows if row["room"] == room]
    if not told:
        return []
    lines = [f"## {title}", "", "| what | figure | |", "| --- | --- | --- |"]
    for row in told:
        for key, value in row.items():
            if key not in {"code", "room", "material", "name", "at", "older"}:
                lines.append(
                    f"| {row['material']}: {row['name']} | {key.replace('_', ' ')} | {_number(value)}{_ring(row)} |"
                )
    return [*lines, ""]


def _peers(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    lines = [
        "## Peers",
        "",
        "The same material, attacks and quality figures; each in its own environment at its defaults. *Right*: every bit of the payload,",
        "or for a mark without payload that it is there. *Unmarked*: what it says of the material before it was marked.",
        "",
    ]
    measured = [row for row in rows if "right" in row]
    names = list(dict.fromkeys(row["peer"] for row in measured))
    lines += [f"- {row['name']}: {row['failed']}" for row in rows if "failed" in row]
    quality = {row["peer"]: row for row in rows if "quality" in row}
    lines += [
        "",
        "| peer | bits | quality | attacked copies right | unmarked |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in names:
        mine = [row for row in measured if row["peer"] == name]
        attacked = [row for row in mine if row["grade"] != "absent"]
        absent = [row for row in mine if row["grade"] == "absent"]
        right = sum(row["right"] for row in attacked)
        claims = sum(row["claims"] for row in absent)
        told = quality.get(name, {})
        lines.append(
            f"| {name} | {mine[0]['nbits'] or 'none'} | {told.get('quality', '')} | {right} of {len(attacked)} "
            f"| claims a mark in {claims} of {len(absent)} |"
        )
    lines += ["", f"| attack | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for attack in dict.fromkeys(row["attack"] for row in measured if row["grade"] != "absent"):
        cells = []
        for name in names:
            these = [row for row in measured if row["attack"] == attack and row["peer"] == name]
            cells.append(f"{sum(row['right'] for row in these)} of {len(these)}" if these else "")
        lines.append(f"| {attack} | {' | '.join(cells)} |")
    return [*lines, ""]


def _number(value: Any) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


def _sources(material: Sequence[Material]) -> list[str]:
    lines = ["## Material", "", "| name | kind | terms |", "| --- | --- | --- |"]
    return [*lines, *(f"| {item.name} | {item.kind} | {item.licence} |" for item in material), ""]
