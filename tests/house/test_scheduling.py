"""The files of tests begin in an order in which all processes end together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import scheduling

ROOT = Path(__file__).resolve().parents[2]


def test_the_heaviest_file_comes_first_and_a_new_one_in_the_middle() -> None:
    weights = {"light.py": 1.0, "heavy.py": 90.0, "middling.py": 20.0}
    assert scheduling.order(["light.py", "new.py", "heavy.py", "light.py"], weights) == [
        "heavy.py",
        "new.py",
        "light.py",
    ]
    assert scheduling.order(["b.py", "a.py"], {}) == ["a.py", "b.py"]


def test_what_was_weighed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "weights.txt"
    scheduling.write_weights({"a.py": 3.2, "b.py": 120.4}, file)
    assert file.read_text().splitlines()[1:] == ["120 b.py", "3 a.py"]
    assert scheduling.read_weights(file) == {"a.py": 3.0, "b.py": 120.0}
    assert scheduling.read_weights(tmp_path / "none.txt") == {}


def test_the_kept_weights_speak_of_most_files() -> None:
    weights = scheduling.read_weights()
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(files & set(weights)) > 0.8 * len(files), "weigh anew: make test PYTEST_ARGS=--weigh"


@pytest.mark.parametrize("is_shared", [True, False])
def test_only_a_process_among_several_puts_files_in_order(
    monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    class One:
        def __init__(self, nodeid: str) -> None:
            self.nodeid = nodeid

    config = type("Config", (), {"workerinput": {}} if is_shared else {})()
    monkeypatch.setattr(scheduling, "read_weights", lambda: {"b.py": 9.0, "a.py": 1.0})
    items = [One("a.py::x"), One("b.py::y"), One("a.py::w"), One("b.py::x")]
    scheduling.pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
    ordered = ["b.py::y", "b.py::x", "a.py::x", "a.py::w"]
    assert [one.nodeid for one in items] == (
        ordered if is_shared else ["a.py::x", "b.py::y", "a.py::w", "b.py::x"]
    )
