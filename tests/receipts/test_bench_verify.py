"""The measurement of verification measures a log that holds, and says so in a table."""

from __future__ import annotations

import pytest

from bench.verify import Cost, Verified, make_log, measure_verify
from receipts.inspection import inspect_log
from tests.receipts.test_inspection import superuser


@pytest.mark.django_db(transaction=True)
def test_synthetic_log_is_whole_and_the_ratios_are_of_one_run() -> None:
    found = measure_verify(500, rounds=1)
    assert found.entries == 520
    for cost in (found.hashing, found.check_alone, found.check_with_two, found.ledger):
        assert cost.wall > 0
    found = Verified(520, Cost(1e-6, 5e-7), Cost(4e-6, 1e-6), Cost(2e-6, 1e-6), Cost(3e-6, 3e-6))
    lines = found.lines()
    assert lines[2].endswith("| 1.00 | 1.00 | 0.50 | 1.00 |")
    assert lines[3].endswith("| 4.00 | 4.00 | 1.00 | 2.00 |")
    assert "2.00 x faster" in lines[-1]
    assert "two processes against one" in lines[-1]


@pytest.mark.django_db
def test_measured_check_is_the_one_that_finds_a_change() -> None:
    production_id = make_log(250)
    superuser("receipts_logentry", "update receipts_logentry set take = 9 where frame = 33")
    report = inspect_log(production_id=production_id)
    assert report is not None
    assert [fault.code for fault in report.faults] == ["ROW_COLUMNS_DIFFER"]
