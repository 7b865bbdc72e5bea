"""Fingerprints that are written side by side: a search misses none."""

import threading

import numpy as np
import pytest
from django.db import connections, transaction

from tests.training.making import House
from training.prints import Print, keep_prints, nearest


def _prints(seed: int, count: int) -> list[Print]:
    rng = np.random.default_rng(seed)
    return [Print(rng.bytes(32), 100) for _ in range(count)]


@pytest.mark.django_db(transaction=True)
def test_a_fingerprint_committed_late_is_found_by_the_next_search() -> None:
    house = House()
    slow, quick = house.admit(), house.admit()
    late, many = _prints(1, 1), _prints(2, 1500)
    is_done = threading.Event()

    def write_many() -> None:
        try:
            with transaction.atomic():
                keep_prints(house.organisation.pk, quick.pk, many)
            is_done.set()
        finally:
            connections.close_all()

    def search() -> None:
        try:
            nearest(house.organisation.pk, many[:1])
        finally:
            connections.close_all()

    writer, reader = threading.Thread(target=write_many), threading.Thread(target=search)
    with transaction.atomic():
        keep_prints(house.organisation.pk, slow.pk, late)
        writer.start()
        assert not is_done.wait(1.0)  # the second writer waits for its turn
        reader.start()  # a reader does not
        reader.join(10)
        assert not reader.is_alive()
    writer.join(30)
    assert is_done.is_set()
    for asset, asked in ((slow, late), (quick, many[-1:])):
        like = nearest(house.organisation.pk, asked)
        assert like is not None
        assert (like.asset_id, like.distance) == (asset.pk, 0)
    assert nearest(house.organisation.pk, _prints(3, 1)) is None
    assert nearest(house.organisation.pk, late, but_for=slow.pk) is None
