"""The measurement of verification measures a log and a bundle that hold, and says so in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import table
from bench.verify import audit_room, hash_each, judge, make_bundle, make_log
from receipts.inspection import inspect_log
from tests.receipts.test_inspection import superuser
from trustcore.bundle import verify_bundle
from trustcore.errors import InvalidEvidence
from trustcore.log.tiles import pack_entries


@pytest.mark.django_db(transaction=True)
def test_synthetic_log_is_whole_and_the_ratios_are_of_one_run(tmp_path: Path) -> None:
    room = audit_room(tmp_path, entries=500, turns=1)
    assert "520 entries" in room.what
    assert all(sample.rate > 0 and sample.web_us > 0 for (sample,) in room.turns.values())
    page = "\n".join(table(room))
    assert "| log check to SHA-256 | CPU cost |" in page
    assert "| bundle, two processes to one | wall |" in page


@pytest.mark.django_db
def test_measured_check_is_the_one_that_finds_a_change() -> None:
    production_id = make_log(250)
    superuser("receipts_logentry", "update receipts_logentry set take = 9 where frame = 33")
    report = inspect_log(production_id=production_id)
    assert report is not None
    assert [fault.code for fault in report.faults] == ["ROW_COLUMNS_DIFFER"]


def test_measured_bundle_holds_and_its_entries_are_judged(tmp_path: Path) -> None:
    path, entries = make_bundle(tmp_path, 200)
    assert verify_bundle(path).summary.counts.rendered == 200
    hash_each([pack_entries(entries[:256])])
    judge([pack_entries(entries)])
    with pytest.raises(InvalidEvidence):
        judge([pack_entries([*entries[:50], entries[49]])])
