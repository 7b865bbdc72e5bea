"""What the bench of verifications says of its targets: each beside what was measured, met or not."""

from __future__ import annotations

from typing import Any

import pytest

from bench.verification import TARGETS, _figures, targets


def clip(seconds: float, sampling: float, failed: tuple[str, ...] = ()) -> dict[str, Any]:
    stages = {"ingest": 100.0, "canonicalise": sampling * 1000}
    return {"seconds": seconds, "cpu_seconds": seconds, "stages": stages, "failed": list(failed)}


@pytest.mark.req("LV-206")
@pytest.mark.req("LV-207")
def test_a_run_within_its_targets_meets_them_and_one_over_does_not() -> None:
    even = [clip(2.0 + n / 100, 0.5 + n / 100) for n in range(20)]
    told = {"short": _figures(even), "long": {"seconds": 31.0}}
    assert {name: one["met"] for name, one in targets(told).items()} == {
        "short_seconds_p95": True, "sampling_p95_by_median": True, "long_seconds": True,
    }  # fmt: skip
    # two of twenty clips took long: more than one in twenty
    uneven = [*even[:18], clip(9.0, 1.4), clip(9.0, 1.4)]
    told = {"short": _figures(uneven), "long": {"seconds": 61.0}}
    found = targets(told)
    assert not any(one["met"] for one in found.values())
    assert found["short_seconds_p95"] == {"measured": 9.0, "at_most": 5.0, "met": False}
    assert found["sampling_p95_by_median"]["measured"] == pytest.approx(1.4 / 0.595, abs=0.05)
    assert (TARGETS["sampling_p95_by_median"], TARGETS["long_seconds"]) == (1.5, 60.0)


def test_a_queue_that_loses_one_or_turns_two_round_or_grows_misses_its_target() -> None:
    whole = {"failed": [], "out_of_order": 0, "worker_mib_after_10": 90, "worker_mib_at_end": 92}
    assert all(one["met"] for one in targets({"queued": whole}).values())
    for change in ({"failed": ["x"]}, {"out_of_order": 2}, {"worker_mib_at_end": 120}):
        assert [one["met"] for one in targets({"queued": whole | change}).values()].count(False) == 1
    assert targets({}) == {}
