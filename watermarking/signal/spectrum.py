"""Short-time spectra and bands of sound at the analysis rate.

>>> len(band_edges(load_sound_card()))
57
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import AnalysisCard, BandCard, SoundCard, load_sound_card

__all__ = ["band_edges", "band_matrix", "load_sound_card", "resample", "spectrogram", "waveform"]

# a whole number of hops of Hann windows sum to far more than this but where a sound begins and ends
_LEAST_WEIGHT = 1e-6


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
    """Return the ``[c, length]`` sound of ``spectra``: the inverse of ``spectrogram``.

    Frames overlap by whole hops, so that they are added hop by hop; ``torch.istft`` takes several times as long.
    """
    window = _hann(analysis.window, spectra.device)
    hop, times = analysis.hop, analysis.window // analysis.hop
    frames = torch.fft.irfft(spectra.transpose(-1, -2), n=analysis.window).mul_(window)
    channels, count = frames.shape[0], frames.shape[1]
    parts = frames.view(channels, count, times, hop)
    weights = window.square().view(times, hop)
    made = frames.new_zeros(channels, count + times - 1, hop)
    weight = frames.new_zeros(count + times - 1, hop)
    for place in range(times):
        made[:, place : place + count] += parts[:, :, place]
        weight[place : place + count] += weights[place]
    first = analysis.window // 2
    last = min(first + length, made.shape[1] * hop)
    sound = made.view(channels, -1)[:, first:last] / weight.view(-1)[first:last].clamp_min(_LEAST_WEIGHT)
    return functional.pad(sound, (0, length - sound.shape[1]))


def resample(wav: Tensor, length: int) -> Tensor:
    """Resample ``[c, n]`` to ``[c, length]`` over the same time, by its spectrum.

    Exact and without delay inside a block; the ends ring, so callers keep a margin.
    """
    before = wav.shape[-1]
    if before == length:
        return wav
    # the inverse drops the bins that are too many, and fills up with zeros where they are too few
    made: Tensor = torch.fft.irfft(torch.fft.rfft(wav), n=length).mul_(length / before)
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
