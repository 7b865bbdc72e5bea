"""Short-time spectra and bands of sound at the analysis rate.

>>> len(band_edges(load_sound_card()))
57
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from watermarking.cards import AnalysisCard, BandCard, SoundCard, load_sound_card

__all__ = ["band_edges", "band_matrix", "load_sound_card", "resample", "spectrogram", "waveform"]


def band_edges(card: SoundCard) -> list[float]:
    """Return the ``count + 1`` band edges in Hz."""
    return list(_edges(card.bands))


def band_matrix(card: SoundCard, scale: float = 1.0, device: torch.device | str = "cpu") -> Tensor:
    """Return ``[count, bins]`` averaging weights of the bands, their edges times ``scale``; not to be written to.

    A bin that straddles an edge is shared in proportion; each row sums to one.
    """
    return _band_matrix(card.analysis, card.bands, scale, torch.device(device))


def spectrogram(wav: Tensor, analysis: AnalysisCard) -> Tensor:
    """Return the complex spectra of ``wav`` ``[..., n]`` as ``[..., bins, frames]``."""
    spectra = torch.stft(
        wav.reshape(-1, wav.shape[-1]),
        analysis.window,
        analysis.hop,
        window=_hann(analysis.window, wav.device),
        return_complex=True,
        pad_mode="constant",
    )
    return spectra.view(*wav.shape[:-1], *spectra.shape[-2:])


def waveform(spectra: Tensor, analysis: AnalysisCard, length: int) -> Tensor:
    """Return the ``[c, length]`` sound of ``spectra``: the inverse of ``spectrogram``."""
    window = _hann(analysis.window, spectra.device)
    return torch.istft(spectra, analysis.window, analysis.hop, window=window, length=length)


def resample(wav: Tensor, length: int) -> Tensor:
    """Resample ``[c, n]`` to ``[c, length]`` over the same time, by its spectrum.

    Exact and without delay inside a block; the ends ring, so callers keep a margin.
    """
    before = wav.shape[-1]
    if before == length:
        return wav
    spectrum = torch.fft.rfft(wav)
    bins = length // 2 + 1
    kept = spectrum.new_zeros(*spectrum.shape[:-1], bins)
    common = min(bins, spectrum.shape[-1])
    kept[..., :common] = spectrum[..., :common]
    made: Tensor = torch.fft.irfft(kept, n=length) * (length / before)
    return made


@lru_cache(8)
def _hann(window: int, device: torch.device) -> Tensor:
    return torch.hann_window(window, device=device)


@lru_cache(8)
def _edges(bands: BandCard) -> tuple[float, ...]:
    edges = [bands.low_hz]
    for _ in range(bands.count):
        width = max(bands.min_width_hz, bands.relative_width * edges[-1])
        edges.append(edges[-1] + width)
    return tuple(edges)


@lru_cache(128)
def _band_matrix(analysis: AnalysisCard, bands: BandCard, scale: float, device: torch.device) -> Tensor:
    width = analysis.rate_hz / analysis.window
    low = (torch.arange(analysis.window // 2 + 1, dtype=torch.float64, device="cpu") - 0.5) * width
    edges = torch.tensor(_edges(bands), dtype=torch.float64, device="cpu") * scale
    start = torch.maximum(low[None, :], edges[:-1, None])
    stop = torch.minimum(low[None, :] + width, edges[1:, None])
    share = (stop - start).clamp_min(0.0)
    return (share / share.sum(1, keepdim=True).clamp_min(1e-9)).float().to(device)
