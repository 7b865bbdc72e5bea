"""Fingerprints that are written side by side: a search misses none."""

import threading

import numpy as np
import pytest
from django.db import connections, transaction

from tests.training.making import House
from training.prints import Print, as_words, distances_to, keep_prints, near_to, nearest


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


@pytest.mark.parametrize("most", [0, 1, 31, 40, 128, 256])
def test_what_half_a_fingerprint_rules_out_is_out_and_nothing_else_is(most: int) -> None:
    rng = np.random.default_rng(most)
    asked = rng.bytes(32)
    number = int.from_bytes(asked, "big")
    # some that differ from it in so many bits, wherever they lie: all in one half too
    many = [rng.bytes(32) for _ in range(200)]
    for bits in (most, most + 1):
        for first in (0, 64, 128) if bits <= 128 else (0,):
            places = rng.choice(np.arange(first, 256), min(bits, 256 - first), replace=False)
            flipped = sum(1 << int(one) for one in places)
            many.append((number ^ flipped).to_bytes(32, "big"))
    rows = as_words(many)
    distances = distances_to(rows, asked)
    expected = [(int(at), int(distances[at])) for at in np.flatnonzero(distances <= most)]
    assert expected
    assert list(near_to(np.ascontiguousarray(rows.T), asked, most=most)) == expected
    assert list(near_to(np.zeros((4, 0), np.uint64), asked, most=most)) == []
