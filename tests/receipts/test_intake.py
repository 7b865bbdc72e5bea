"""``POST /api/v1/render/receipts``: rows in, leaves out, one answer a row, the same answer again."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import zstandard
from django.conf import settings

from common import clock
from receipts import selectors
from receipts.inspection import inspect_log
from receipts.models import EntryKind, LogEntry, UnauthorisedFrame
from tests import factories
from tests.receipts.conftest import Farm, make_farm, sha
from trustcore.receipt import CheckedEntry, FrameEntry, parse_entry

pytestmark = pytest.mark.django_db


def frames_of(farm: Farm) -> list[FrameEntry]:
    entries = selectors.entries_of(farm.token.production_id, [EntryKind.FRAME])
    return [parse_entry(leaf.entry) for leaf in entries]  # type: ignore[misc]


def test_each_row_gets_a_leaf_and_a_receipt_that_cites_its_check(farm: Farm) -> None:
    lease = farm.lease(0, 9)
    response = farm.send([farm.row(lease["id"], n) for n in range(10)])
    answer = response.json()
    assert response.status_code == 200, answer
    assert (answer["accepted"], answer["unauthorised"], answer["refused"]) == (10, 0, 0)
    places = [row["leaf_index"] for row in answer["rows"]]
    assert places == list(range(places[0], places[0] + 10))
    assert [row["row"] for row in answer["rows"]] == list(range(10))
    assert answer["size"] == places[-1] + 1
    entries = [parse_entry(leaf.entry) for leaf in selectors.entries_of(farm.token.production_id)]
    assert {entry.check for entry in entries[places[0] :]} == {lease["decision_id"]}
    cited = [n for n, e in enumerate(entries) if isinstance(e, CheckedEntry)]
    assert cited and max(cited) < places[0], "a check stands before the frames that cite it"
    assert inspect_log(production_id=farm.token.production_id).faults == ()
