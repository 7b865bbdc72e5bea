"""The words of inventories, schemas and screens are counsel's: approved by hash, and one that changed after that is seen."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Event
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests import factories
from tests.training.making import House
from training.reporting.tables import TABLES, Table
from training.services.wording import approve_wording, wording_of

pytestmark = pytest.mark.django_db


@pytest.mark.req("TP-163")
def test_counsel_approves_inventory_words_schema_names_and_labels_in_every_language(
    house: House, stranger: House
) -> None:
    held = wording_of(house.engineer)
    assert (held.state, held.approved_by) == ("NEVER_APPROVED", None)
    assert held.words["LicenceClass.NEGOTIATED"] == "Negotiated licence"
    assert held.words["LicenceClass.NEGOTIATED@es"] not in {"", "Negotiated licence"}
    assert held.words["table.sources.rights_holder"] == "rights_holder"
    assert held.words["schema.Source.canonical_url"] == "canonical_url"
    assert held.words["code.LICENCE_MISSING"] == "LICENCE_MISSING"
    assert held.words["clause.retention"] == "retention"
    approved = approve_wording(principal=house.counsel, hash_=held.hash, note="Read with the guild.")
    assert (approved.state, approved.approved_hash, approved.note) == (
        "APPROVED", held.hash, "Read with the guild.",
    )  # fmt: skip
    assert approved.approved_by == house.counsel.person.pk
    assert wording_of(stranger.engineer).state == "NEVER_APPROVED", "each house approves for itself"


@pytest.mark.req("TP-163")
def test_a_label_that_an_engineer_changes_after_that_is_named_and_waits_for_counsel(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = wording_of(house.counsel)
    approve_wording(principal=house.counsel, hash_=held.hash, note="Read.")
    table = TABLES["sources"]
    renamed = Table(
        table.question, tuple("holder" if one == "rights_holder" else one for one in table.columns)
    )
    monkeypatch.setitem(TABLES, "sources", renamed)
    changed = wording_of(house.engineer)
    assert (changed.state, changed.approved_hash) == ("CHANGED", held.hash)
    assert changed.changed == {
        "table.sources.holder": (None, "holder"), "table.sources.rights_holder": ("rights_holder", None),
    }  # fmt: skip
    with pytest.raises(Conflict) as stale:
        approve_wording(principal=house.counsel, hash_=held.hash, note="The old ones.")
    assert (stale.value.code, stale.value.extra) == ("WORDING_CHANGED", {"hash": changed.hash})
    assert approve_wording(principal=house.counsel, hash_=changed.hash, note="Fine.").state == "APPROVED"
    assert Event.objects.filter(kind="training.wording_approved").count() == 2


def test_nobody_else_approves_and_nothing_twice(house: House) -> None:
    held = wording_of(house.engineer)

    def code(error: type[Exception], **changes: Any) -> str:
        asked = {"principal": house.counsel, "hash_": held.hash, "note": "Read.", **changes}
        with pytest.raises(error) as refused:
            approve_wording(**asked)
        return str(getattr(refused.value, "code", ""))

    assert code(Forbidden, principal=house.engineer) == "COUNSEL_ONLY"
    assert code(InvalidInput, note=" ") == "NOTE_INVALID"
    code(NotFound, principal=factories.make_desk(factories.make_agency(), "LEGAL"))
    assert not Event.objects.filter(kind="training.wording_approved").exists()
    approve_wording(principal=house.counsel, hash_=held.hash, note="Read.")
    assert code(Conflict) == "WORDING_APPROVED"
