"""Counts false claims of both marks, and keeps every trial's numbers.

    python -m bench.marks.calibration archive FOLDER MEDIUM...
    python -m bench.marks.calibration run FOLDER --out FILE.npz [--trials 10000] [--searches 200] [--device gpu] [--workers 4] [--seconds S]
                                                                [--layers pixel,sound] [--keys 1]
    python -m bench.marks.calibration report FILE.npz... --figures docs/figures

``run`` reads ``--trials`` unmarked media and as many marked under another key, pixels and sound, and ``--searches`` of each
again with the full search; workers share the device. ``--keys 16``: sixteen trials of pictures, each under a key of its own, read
one clip, which costs a processor a tenth. ``report`` prints what was found and draws it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from bench.marks.calibration.archive import make_archive
from bench.marks.calibration.report import report
from bench.marks.calibration.running import run, save
from watermarking.signal.threads import device_for


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ways = parser.add_subparsers(dest="way", required=True)
    archive = ways.add_parser("archive")
    archive.add_argument("folder", type=Path)
    archive.add_argument("media", nargs="+", type=Path)
    runs = ways.add_parser("run")
    runs.add_argument("folder", type=Path)
    runs.add_argument("--out", type=Path, required=True)
    runs.add_argument("--trials", type=int, default=10_000)
    runs.add_argument("--searches", type=int, default=200)
    runs.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    runs.add_argument("--workers", type=int, default=1)
    runs.add_argument("--seconds", type=float, default=86_400.0)
    runs.add_argument("--layers", default="pixel,sound")
    runs.add_argument("--keys", type=int, default=1)
    reports = ways.add_parser("report")
    reports.add_argument("files", nargs="+", type=Path)
    reports.add_argument("--figures", type=Path)
    given = parser.parse_args()
    if given.way == "archive":
        make_archive(given.media, given.folder)
    elif given.way == "run":
        began = time.time()
        parts = run(
            given.folder,
            given.trials,
            given.searches,
            given.device,
            given.workers,
            given.seconds,
            given.layers,
            given.keys,
        )
        card = torch.cuda.get_device_name() if device_for(given.device) == "cuda" else "processor"
        told = {
            "device": card,
            "workers": given.workers,
            "seconds": round(time.time() - began, 1),
            "keys": given.keys,
        }
        save(given.out, parts, told)
    else:
        print(json.dumps(report(given.files, given.figures), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
