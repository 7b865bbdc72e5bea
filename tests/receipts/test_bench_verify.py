"""The measurement of verification measures a log that holds, and says so in a table."""

from __future__ import annotations

import pytest

from bench.verify import make_log, measure_verify
from receipts.inspection import inspect_log
from tests.receipts.test_inspection import superuser


@pytest.mark.django_db(transaction=True)
def test_synthetic_log_is_whole_and_the_ratios_are_of_one_run() -> None:
    found = measure_verify(500, rounds=1)
    assert found.entries == 520
    assert min(found.hashing, found.check_alone, found.check_with_two, found.ledger) > 0
    lines = found.lines()
    assert lines[2].endswith("| 1.00 |")
    assert "two processes against one" in lines[-1]


@pytest.mark.django_db
def test_measured_check_is_the_one_that_finds_a_change() -> None:
    production_id = make_log(250)
    superuser("receipts_logentry", "update receipts_logentry set take = 9 where frame = 33")
    report = inspect_log(production_id=production_id)
    assert report is not None
    assert [fault.code for fault in report.faults] == ["ROW_COLUMNS_DIFFER"]
