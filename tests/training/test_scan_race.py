"""Two callers send the bytes of one asset at once: one scan is decided and kept, both are told the same."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from django.db import DatabaseError, connections

from audit.models import Event
from common.errors import Conflict
from tests.training.making import House, of_bytes, picture
from training.models import Fingerprint, PolicyDecision, TrainingAsset
from training.scanning import scan_file
from training.services import assets
from training.services.assets import Admission, receive_content
from training.services.takedowns import TakedownAsk, open_takedown

pytestmark = pytest.mark.django_db(transaction=True)


def send_twice(
    house: House, asset: TrainingAsset, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> list[Admission | Exception]:
    """Send ``data`` from two threads; neither may write before both have scanned."""
    both_scanned = threading.Barrier(2)

    def scan(*args: Any, **kwargs: Any) -> Any:
        found = scan_file(*args, **kwargs)
        both_scanned.wait(120)
        return found

    monkeypatch.setattr(assets, "scan_file", scan)
    answers: list[Admission | Exception] = []

    def send() -> None:
        try:
            answers.append(
                receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
            )
        except (Conflict, DatabaseError) as error:
            answers.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert len(answers) == 2
    return answers


def written(asset: TrainingAsset) -> tuple[int, int, int]:
    """Fingerprints, decisions and scans told of, of one asset."""
    return (
        Fingerprint.objects.filter(asset_id=asset.pk).count(),
        PolicyDecision.objects.filter(subject_id=asset.pk).count(),
        Event.objects.filter(kind="training.asset_scanned", object_id=str(asset.pk)).count(),
    )


def test_two_identical_scans_at_once_neither_fail_nor_write_anything_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = house.admit(**of_bytes(first := picture(11)))
    receive_content(principal=house.engineer, asset_id=alone.pk, stream=io.BytesIO(first))
    asset = house.admit(**of_bytes(data := picture(12)))
    one, other = send_twice(house, asset, data, monkeypatch)
    assert isinstance(one, Admission), one
    assert isinstance(other, Admission), other
    assert one.decision.pk == other.decision.pk
    asset.refresh_from_db()
    assert (asset.held, asset.state, asset.decision_id) == ("HERE", "ADMITTED", one.decision.pk)
    assert written(asset) == written(alone), "as if it had been sent once"
    with pytest.raises(Conflict) as later:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert later.value.code == "ASSET_HAS_CONTENT"


def test_a_takedown_between_scan_and_writing_still_holds_both(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = house.admit(**of_bytes(data := picture(13)))
    real = scan_file

    def scan(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        open_takedown(
            principal=house.engineer,
            ask=TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,)),
        )
        return found

    monkeypatch.setattr(assets, "scan_file", scan)
    with pytest.raises(Conflict) as held:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert held.value.code == "ASSET_TAKEN_DOWN"
    asset.refresh_from_db()
    assert asset.location == ""
