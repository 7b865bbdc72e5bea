import pytest

from tests.training.making import House


@pytest.fixture
def house(db: None) -> House:
    return House()


@pytest.fixture
def stranger(db: None) -> House:
    return House()
