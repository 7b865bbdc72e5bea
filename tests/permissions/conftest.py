"""Both worlds, made once for this folder and undone at its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from tests.name_server import name_server
from tests.permissions.addresses import addresses
from tests.permissions.walk import Walk
from tests.permissions.worlds import make_world


@pytest.fixture
def _django_db_helper(walk: Walk) -> None:
    """Give the marker ``django_db`` the worlds' own transaction instead of one for each test, and sign all in."""
    walk.sign_in()


@pytest.fixture(scope="package")
def walk(
    django_db_setup: None,
    embedded_valkey: object,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walk]:
    """Our world and the strangers', in one transaction that is rolled back."""
    folder: Path = tmp_path_factory.mktemp("permissions")
    stores = {**settings.STORAGES}
    for name in ("log", "blobs"):
        stores[name] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder / name), "allow_overwrite": True, "base_url": None},
        }
    logging.disable(logging.WARNING)  # a thousand refusals are what is looked for
    with (
        django_db_blocker.unblock(),
        name_server() as names,
        override_settings(
            STORAGES=stores, EVENTS_URL="http://127.0.0.1:9", DNS_SERVERS=[f"127.0.0.1:{names.port}"]
        ),
        transaction.atomic(),
    ):
        both = Walk(make_world(folder), make_world(folder), addresses())
        with connection.cursor() as cursor:
            cursor.execute("analyze")  # nothing of this was ever committed: the planner would know of no row
        yield both
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
