"""Short-time spectra and bands of sound at the analysis rate.

>>> len(band_edges(load_sound_card()))
57
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from watermarking.cards import AnalysisCard, SoundCard, load_sound_card

__all__ = ["band_edges", "band_matrix", "load_sound_card", "resample", "spectrogram", "waveform"]


def band_edges(card: SoundCard) -> list[float]:
    """Return the ``count + 1`` band edges in Hz."""
    edges = [card.bands.low_hz]
    for _ in range(card.bands.count):
        width = max(card.bands.min_width_hz, card.bands.relative_width * edges[-1])
        edges.append(edges[-1] + width)
    return edges


def band_matrix(card: SoundCard, scale: float = 1.0) -> Tensor:
    """Return ``[count, bins]`` averaging weights of the bands, their edges times ``scale``.

    A bin that straddles an edge is shared in proportion; each row sums to one.
    """
    bins = card.analysis.window // 2 + 1
    width = card.analysis.rate_hz / card.analysis.window
    low = (torch.arange(bins, dtype=torch.float64) - 0.5) * width
    edges = torch.tensor(band_edges(card), dtype=torch.float64) * scale
    start = torch.maximum(low[None, :], edges[:-1, None])
    stop = torch.minimum(low[None, :] + width, edges[1:, None])
    share = (stop - start).clamp_min(0.0)
    return (share / share.sum(1, keepdim=True).clamp_min(1e-9)).float()


def spectrogram(wav: Tensor, analysis: AnalysisCard) -> Tensor:
    """Return the complex spectra of ``wav`` ``[c, n]`` as ``[c, bins, frames]``."""
    return torch.stft(
        wav,
        analysis.window,
        analysis.hop,
        window=_hann(analysis.window),
        return_complex=True,
        pad_mode="constant",
    )


def waveform(spectra: Tensor, analysis: AnalysisCard, length: int) -> Tensor:
    """Return the ``[c, length]`` sound of ``spectra``: the inverse of ``spectrogram``."""
    return torch.istft(spectra, analysis.window, analysis.hop, window=_hann(analysis.window), length=length)


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


@cache
def _hann(window: int) -> Tensor:
    return torch.hann_window(window)
