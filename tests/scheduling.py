"""Which file of tests begins when, where several processes share them: what takes longest first, so that all end together.

``weights.txt`` says how many seconds each file took; ``make test PYTEST_ARGS=--weigh`` writes it anew. A file that is not
in it counts as one of middling weight. Without several processes nothing is put in another order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import pytest

WEIGHTS = Path(__file__).with_name("weights.txt")
ROOT = Path(__file__).resolve().parents[1]


def read_weights(file: Path = WEIGHTS) -> dict[str, float]:
    """Seconds by the file's path below the root."""
    lines = file.read_text().splitlines() if file.is_file() else []
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {path: float(seconds) for seconds, path in pairs}


def write_weights(weights: Mapping[str, float], file: Path = WEIGHTS) -> None:
    """Keep ``weights``, the heaviest first."""
    rows = sorted(weights.items(), key=lambda row: (-round(row[1]), row[0]))
    said = "# seconds a file of tests took; written by: make test PYTEST_ARGS=--weigh\n"
    file.write_text(said + "".join(f"{seconds:.0f} {path}\n" for path, seconds in rows))


def order(paths: list[str], weights: Mapping[str, float]) -> list[str]:
    """The heaviest first; what has no weight stands in the middle."""
    middling = median(weights.values()) if weights else 0.0
    return sorted(set(paths), key=lambda path: (-weights.get(path, middling), path))


def path_of(nodeid: str) -> str:
    """The file that a test stands in."""
    return nodeid.split("::", 1)[0]


class Scales:
    """Adds up what each file took, and writes it at the end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[path_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        kept = {path: took for path, took in read_weights().items() if (ROOT / path).is_file()}
        write_weights(kept | self.seconds)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--weigh``, for whoever refreshes the weights."""
    parser.addoption(
        "--weigh", action="store_true", help="write tests/weights.txt anew (several processes only)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Weigh in the process that hands the tests out."""
    if config.getoption("--weigh") and config.getoption("numprocesses", default=None):
        config.pluginmanager.register(Scales())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files in order, in each process alike; a file's own tests keep theirs."""
    if hasattr(config, "workerinput"):
        place = {
            path: at for at, path in enumerate(order([path_of(one.nodeid) for one in items], read_weights()))
        }
        items.sort(key=lambda one: place[path_of(one.nodeid)])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Read no file in vain where only the tests that keep a promise in seconds are asked for."""
    if config.getoption("markexpr") == "timed" and collection_path.suffix == ".py":
        return b"mark.timed" not in collection_path.read_bytes() or None
    return None
