"""Collected static files: under their hashes, compressed, and only those that a page names."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest
from django.core.files.storage import storages
from django.core.management import call_command
from django.test import override_settings


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``collectstatic`` leaves."""
    root = tmp_path_factory.mktemp("static")
    backend = {"BACKEND": "trustmark.statics.HashedStaticFiles"}
    from django.conf import settings

    with override_settings(STATIC_ROOT=root, STORAGES={**settings.STORAGES, "staticfiles": backend}):
        call_command("collectstatic", interactive=False, verbosity=0)
        assert (
            storages["staticfiles"].url("agents_portal/css/portal.css")
            != "/static/agents_portal/css/portal.css"
        )
    return root


def test_each_file_stands_once_under_its_hash_with_what_browsers_take_compressed(collected: Path) -> None:
    (bundle,) = collected.glob("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.*.js")
    assert bundle.name != "swagger-ui-bundle.js"
    packed = Path(f"{bundle}.br").read_bytes()
    assert brotli.decompress(packed) == bundle.read_bytes()
    assert len(packed) < bundle.stat().st_size / 3
    assert Path(f"{bundle}.gz").exists()


def test_what_no_page_shows_is_not_collected_and_what_only_developers_read_is_not_compressed(
    collected: Path,
) -> None:
    assert not (collected / "rest_framework").exists()
    assert not (collected / "drf_spectacular_sidecar" / "redoc").exists()
    maps = list(collected.rglob("*.map"))
    assert maps
    assert not [*collected.rglob("*.map.br"), *collected.rglob("*.map.gz")]
