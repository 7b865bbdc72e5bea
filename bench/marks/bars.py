"""The bars of the marks, and how rows are judged by them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
FOUND_BLIND, FOUND = frozenset("B"), frozenset("BR")


@dataclass(frozen=True)
class Verdict:
    """``met`` is None where nothing was measured that the bar speaks of."""

    bar: str
    asked: str
    measured: str
    met: bool | None


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Judge everything there is."""
    return [*_quality(rows), *_survival(rows), *_absent(rows), *_costs(rows)]


def is_wrong(rows: Sequence[Row]) -> bool:
    """Whether anything was claimed that is not so: the one thing that must never be."""
    return any(row.get("letter") == "WRONG" or row.get("claimed") for row in rows)


def _quality(rows: Sequence[Row]) -> Iterable[Verdict]:
    before = [row for row in rows if row["name"] == "quality before the codec" and "failed" not in row]
    films = [row for row in before if row["room"] == "films"]
    stills = [row for row in before if row["room"] == "stills"]
    sounds = [row for row in before if row["room"] == "sounds"]
    yield _worst("films: luma PSNR, worst clip", films, "luma_psnr_db", least=48, unit=" dB")
    yield _worst("films: SSIM, worst clip", films, "ssim", least=0.988, digits=4)
    losses = [float(row["vmaf_loss"]) for row in films if row.get("vmaf_loss") is not None]
    middle = statistics.median(losses) if losses else None
    yield _bound("films: VMAF loss, median", middle, most=1, rows=films)
    yield _bound("films: VMAF loss, worst clip", max(losses, default=None), most=2, rows=films)
    yield _worst("films: RGB PSNR, worst clip", films, "rgb_psnr_db", least=41, unit=" dB")
    yield _worst("films: S-CIELAB, worst clip", films, "scielab_mean", most=0.9)
    yield _worst("films: S-CIELAB on the flattest 30 %, worst clip", films, "scielab_flat", most=0.5)
    yield _worst("stills: RGB PSNR, worst picture", stills, "rgb_psnr_db", least=42, unit=" dB")
    yield _worst("sound: SNR, worst", sounds, "snr_db", least=28, unit=" dB")
    yield _worst("sound: noise to mask, worst", sounds, "noise_to_mask_db", most=-3, unit=" dB")
    yield _worst("sound: PESQ-WB, worst", sounds, "pesq_wb", least=4.58)
    yield _worst("sound: Zimtohrli MOS, worst", sounds, "zimtohrli_mos", least=4.93, digits=3)


def _survival(rows: Sequence[Row]) -> Iterable[Verdict]:
    rows = [row for row in rows if row["room"] != "peers"]  # their cells carry the same grades
    films = [row for row in rows if row["room"] == "films"]
    main = [row for row in films if row.get("group") == "main"]
    yield _share("G1, films from 720p, blind", main, "G1", FOUND_BLIND, 0.99)
    yield _share("G2, films from 720p, registry", main, "G2", FOUND, 0.95)
    yield _share("G2, H.265 CRF 34, registry", main, "G2 hard", FOUND, 0.90)
    yield _share("G2, dark and grainy, registry", films, "G2", FOUND, 0.70, group="dark")
    yield _share("G2, 480p, registry", films, "G2", FOUND, 0.90, group="480p")
    yield _share("G3, CRF 40, registry", main, "G3", FOUND, 0.80)
    yield _share("stills, blind", rows, "stills", FOUND_BLIND, 0.85)
    yield _share("stills, registry", rows, "stills", FOUND, 0.97)
    yield _share("sound, 12 s, blind", rows, "12 s", FOUND_BLIND, 0.98)
    yield _share("sound, noise 20 dB and music at 0 dB, blind", rows, "12 s hard", FOUND_BLIND, 0.95)
    yield _share("sound, any 5 s, registry", rows, "5 s", FOUND, 0.95)
    yield _share("sound, any 5 s under noise 20 dB, registry", rows, "5 s noise", FOUND, 0.80)


def _absent(rows: Sequence[Row]) -> Iterable[Verdict]:
    wrong = [row for row in rows if row.get("letter") == "WRONG"]
    cells = [row for row in rows if "letter" in row]
    yield Verdict(
        "every cell",
        "nothing wrong",
        f"{len(wrong)} of {len(cells)}{_by_older(cells)}",
        not wrong if cells else None,
    )
    for layer in ("film", "sound"):
        for way in ("unmarked", "marked under another key"):
            told = [row for row in rows if row.get("layer") == layer and row.get("way") == way]
            trials = sum(row["trials"] for row in told)
            claims = sum(row["claimed"] for row in told)
            met = claims == 0 if trials >= 10_000 or claims else None
            yield Verdict(
                f"{layer}, {way}", "0 claims in 10,000", f"{claims} in {trials:,}{_by_older(told)}", met
            )


def _costs(rows: Sequence[Row]) -> Iterable[Verdict]:
    costs = {row["name"]: row for row in rows if row["room"] == "costs" and "failed" not in row}
    pixels, sound = costs.get("pixels", {}), costs.get("sound", {})
    seconds = pixels.get("clip_seconds", 5.0)
    yield _bound(
        "pixels: embedding over decode + x264 veryfast",
        pixels.get("embed_over_base"),
        most=0.6,
        rows=[pixels],
    )
    found, absent = pixels.get("detect_found_cpu_s"), pixels.get("detect_absent_cpu_s")
    yield _bound("pixels: reading 5 s, found, CPU s", found, most=seconds, rows=[pixels])
    yield _bound("pixels: reading 5 s, not found, CPU s", absent, most=2 * seconds, rows=[pixels])
    yield _bound(
        "sound: embedding, times real time",
        sound.get("embed_times_real_time"),
        least=100,
        digits=0,
        rows=[sound],
    )
    reading = [
        sound[key]
        for key in ("detect_found_times_real_time", "detect_absent_times_real_time")
        if key in sound
    ]
    yield _bound(
        "sound: reading 12 s, times real time", min(reading, default=None), least=10, digits=0, rows=[sound]
    )
    growth = {row["name"]: row for row in rows if row["room"] == "growth" and "failed" not in row}
    lengths = sorted((row for row in growth.values() if "minutes" in row), key=lambda row: row["minutes"])
    if len(lengths) > 1:
        first, last = lengths[0], lengths[-1]
        more = last["mebibytes"] / first["mebibytes"]
        yield _bound(f"memory at {last['minutes']} min over {first['minutes']} min", more, most=1.1)
        pace = (last["cpu"] / last["minutes"]) / (first["cpu"] / first["minutes"])
        yield _bound("CPU a minute, longest over shortest", pace, most=1.1)
    yield _bound("two workers over one", growth.get("2 workers", {}).get("two_over_one"), least=1.8)


def _share(
    bar: str, rows: Iterable[Row], grade: str, good: frozenset[str], share: float, group: str | None = None
) -> Verdict:
    cells = [
        row for row in rows if row.get("grade") == grade and (group is None or row.get("group") == group)
    ]
    found = sum(row.get("letter") in good for row in cells)
    asked = f"≥ {share:.0%}"
    if not cells:
        return Verdict(bar, asked, "not measured", None)
    return Verdict(
        bar,
        asked,
        f"{found} of {len(cells)} ({found / len(cells):.1%}){_by_older(cells)}",
        found >= share * len(cells),
    )


def _by_older(rows: Sequence[Row]) -> str:
    """How many of the rows that a verdict rests on were measured with older code."""
    older = sum(bool(row.get("older")) for row in rows)
    return (
        "" if not older else ", by older code" if older == len(rows) else f", {older} of them by older code"
    )


def _worst(
    bar: str,
    rows: Iterable[Row],
    key: str,
    *,
    least: float | None = None,
    most: float | None = None,
    unit: str = "",
    digits: int = 2,
) -> Verdict:
    told = [row for row in rows if row.get(key) is not None]
    values = [float(row[key]) for row in told]
    pick: Callable[..., float | None] = min if least is not None else max
    return _bound(
        bar, pick(values, default=None), least=least, most=most, unit=unit, digits=digits, rows=told
    )


def _bound(
    bar: str,
    value: float | None,
    *,
    least: float | None = None,
    most: float | None = None,
    unit: str = "",
    digits: int = 2,
    rows: Sequence[Row] = (),
) -> Verdict:
    asked = f"≥ {least:g}{unit}" if least is not None else f"≤ {most:g}{unit}"
    if value is None:
        return Verdict(bar, asked, "not measured", None)
    met = value >= least if least is not None else most is not None and value <= most
    return Verdict(bar, asked, f"{value:.{digits}f}{unit}{_by_older(rows)}", met)
