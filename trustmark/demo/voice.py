"""The demonstration's sound: the clip's own, looped to the picture's length, one operation on its samples.

    python -m trustmark.demo.voice --frames 2847 --output voice.wav

Stands in for the voice render: a gentle presence lift (a first difference mixed in), written as 16-bit WAV.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile

from trustmark.demo.clip import CLIP, FPS, FRAMES, SAMPLE_RATE_HZ, Samples, looped_sound

PRESENCE = 0.15


def lift(samples: Samples) -> Samples:
    """Mix in the first difference: about +1 dB at 3 kHz and less below. Shape and range are kept."""
    difference = np.diff(samples, axis=1, prepend=samples[:, :1])
    return np.clip(samples + PRESENCE * difference, -1.0, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="voice")
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    samples = lift(looped_sound(CLIP, seconds=options.frames / FPS))
    soundfile.write(options.output, samples.T, SAMPLE_RATE_HZ, subtype="PCM_16")


if __name__ == "__main__":
    main()
