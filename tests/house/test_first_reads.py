"""Web servers read with many threads: no shape may be read for the first time by two of them at once.

msgspec builds what it needs to read a struct at the first use, without a lock; a second thread that comes
meanwhile crashes the process (a segmentation fault, seen with msgspec 0.22.0 under granian).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("trustcore", "clients/python/trustmark_client", "licensing", "receipts", "provenance", "compliance")
CONVERT = re.compile(r"msgspec\.convert\((?:[^()]|\([^()]*\))*,\s*([A-Z_]\w*)\)")

RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from typing import Annotated
from trustcore.encoding import prepare_readers

source = '''
class Inner{n}(msgspec.Struct, frozen=True):
    a: Annotated[str, msgspec.Meta(max_length=5)] = "x"
    b: tuple[int, ...] = ()

class Outer{n}(msgspec.Struct, frozen=True):
    a: Inner{n}
    c: Annotated[int, msgspec.Meta(ge=0)] = 1
    d: list[Inner{n}] = []
'''
for n in range(300):
    exec(source.format(n=n))
shapes = [globals()[f"Outer{n}"] for n in range(300)]
prepare_readers(*shapes)
turn = threading.Barrier(8)

def read():
    for shape in shapes:
        turn.wait()
        msgspec.convert({"a": {"a": "x", "b": [1]}, "d": [{"a": "y"}], "c": 3}, shape)

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_every_shape_that_is_converted_was_prepared_at_import() -> None:
    sources = {
        path: path.read_text(encoding="utf-8") for floor in FLOORS for path in (ROOT / floor).rglob("*.py")
    }
    prepared = " ".join(re.findall(r"prepare_readers\(([^)]*)\)", " ".join(sources.values())))
    wanted = {(name, path) for path, text in sources.items() for name in CONVERT.findall(text)}
    assert len(wanted) >= 5, "the pattern finds the conversions"
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for name, path in sorted(wanted)
        if not re.search(rf"\b{name}\b", prepared)
    ]
    assert missing == []


def test_prepared_shapes_survive_eight_threads_that_read_them_first() -> None:
    """Without ``prepare_readers`` this very program ends by SIGSEGV."""
    done = subprocess.run(
        [sys.executable, "-c", RACE],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
