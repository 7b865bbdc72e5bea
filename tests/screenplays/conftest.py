"""A studio with a work, and blobs in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from accounts.principals import Principal
from screenplays import services
from screenplays.models import Version, Work
from tests import factories
from tests.screenplays import scripts


@pytest.fixture(autouse=True)
def _own_blobs(tmp_path: Path) -> Any:
    stores = {**settings.STORAGES}
    stores["blobs"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "blobs"), "base_url": None},
    }
    with override_settings(STORAGES=stores):
        yield


@pytest.fixture
def producer(db: None) -> Principal:
    """Who keeps the works of a studio."""
    return factories.make_producer(factories.make_studio())


@pytest.fixture
def work(producer: Principal) -> Work:
    """A work without versions."""
    return services.register_work(principal=producer, title="The Glass Meridian", authors="Ada Writer")


@pytest.fixture
def add(tmp_path: Path, producer: Principal, work: Work) -> Callable[..., Version]:
    """Hands a version of the work in."""

    def handed_in(
        content: str | bytes = scripts.FOUNTAIN, name: str = "meridian.fountain", **further: Any
    ) -> Version:
        given = {"label": "First draft", "principal": producer, "work_id": work.pk, **further}
        return services.add_version(path=scripts.written(tmp_path, name, content), file_name=name, **given)

    return handed_in
