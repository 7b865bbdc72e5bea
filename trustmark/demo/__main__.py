"""``python -m trustmark.demo --out FOLDER``: play the main job against the running deployment.

The supervisor starts it with the deployment's environment. It prints a progress bar while it plays and a table
when it is done, leaves ``summary.json`` beside the files, and ends with 1 if any act failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

from trustmark.demo.journey import ACTS, play
from trustmark.demo.logins import read_logins
from trustmark.demo.stage import Stage
from trustmark.demo.summary import table, write_summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trustmark.demo")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    var = Path(os.environ["TRUSTMARK_VAR"])
    stage = Stage(
        base_url=os.environ["TRUSTMARK_BASE_URL"],
        out=options.out,
        logins={login.key: login for login in read_logins(var / "run" / "logins.json")},
        clock_file=Path(os.environ["TRUSTMARK_TEST_CLOCK_FILE"]),
    )
    shutil.rmtree(stage.work, ignore_errors=True)
    stage.work.mkdir(parents=True)
    console = Console()
    results = play(stage, console)
    write_summary(options.out / "summary.json", results)
    console.print(table(results))
    complete = len(results) == len(ACTS) and all(result.passed for result in results)
    if complete:  # the frames are two gigabytes; a failed run keeps them for whoever looks into it
        shutil.rmtree(stage.work)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
