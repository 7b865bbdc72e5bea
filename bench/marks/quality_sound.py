"""How marked sound differs from its original.

- SNR of the whole; segmental SNR: mean over blocks of 30 ms that are within 40 dB of the loudest, each kept in
  [-10, 60] dB;
- noise-to-mask: total NMR of ITU-R BS.1387 (``noise_to_mask``), an implementation of its own: nothing of the mark's mask
  is used;
- PESQ-WB (ITU-T P.862.2, package ``pesq``; its ceiling is 4.644);
- Zimtohrli's MOS (package ``zimtohrli``; its ceiling is 5).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bench.marks.ffmpeg import convert
from bench.marks.noise_to_mask import RATE_HZ, noise_to_mask_db

Samples = NDArray[np.float32]
_BLOCK_SECONDS = 0.03


@dataclass(frozen=True)
class SoundQuality:
    """The figures of one sound; PESQ is None where it could not be computed."""

    snr_db: float
    segmental_snr_db: float
    noise_to_mask_db: float
    pesq_wb: float | None
    zimtohrli_mos: float


def sound_quality(source: Path, marked: Path) -> SoundQuality:
    """Compare two files of one rate and, but for a frame at the end, one length; channels are averaged for the models.

    Raises:
        ValueError: they differ in rate or channels.
    """
    from zimtohrli import mos_from_signals

    old, rate = soundfile.read(source, dtype="float32", always_2d=True)
    new, other = soundfile.read(marked, dtype="float32", always_2d=True)
    if rate != other or old.shape[1] != new.shape[1]:
        raise ValueError(f"{source.name} and {marked.name} differ in rate or channels")
    count = min(len(old), len(new))
    old, new = old[:count], new[:count]
    full = _same_length(*(_mono(path, RATE_HZ) for path in (source, marked)))
    wide = _same_length(*(_mono(path, 16_000) for path in (source, marked)))
    return SoundQuality(
        snr_db(old, new),
        segmental_snr_db(old, new, rate),
        noise_to_mask_db(*full),
        _pesq(*wide),
        float(mos_from_signals(*full)),
    )


def snr_db(old: Samples, new: Samples) -> float:
    """Power of the original against that of the difference; 99 where there is none."""
    noise = float(np.square(new - old).sum())
    return float(10 * np.log10(np.square(old).sum() / noise)) if noise else 99.0


def segmental_snr_db(old: Samples, new: Samples, rate: int) -> float:
    block = int(_BLOCK_SECONDS * rate)
    count = len(old) // block

    def powers(samples: Samples) -> Samples:
        return np.square(samples[: count * block]).reshape(count, -1).sum(1)

    signal, noise = powers(old), powers(new - old)
    loud = signal > signal.max() * 1e-4
    ratio = 10 * np.log10(signal[loud] / np.maximum(noise[loud], 1e-12))
    return float(np.clip(ratio, -10, 60).mean())


def _mono(path: Path, rate: int) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        made = convert(path, Path(folder) / "mono.wav", ("-ac", "1", "-ar", str(rate), "-c:a", "pcm_f32le"))
        samples: Samples = soundfile.read(made, dtype="float32")[0]
    return samples


def _same_length(old: Samples, new: Samples) -> tuple[Samples, Samples]:
    count = min(len(old), len(new))
    return old[:count], new[:count]


def _pesq(old: Samples, new: Samples) -> float | None:
    from pesq import pesq

    try:
        return float(pesq(16_000, old, new, "wb"))
    except Exception:  # noqa: BLE001 - it raises what it likes where it finds no utterance
        return None
