"""Credentials with script and SQL in their strings: what the portal shows of them is text, and the database is as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests import factories
from tests.agents_portal.conftest import page_of
from tests.agents_portal.hostile_manifests import SIGNER, hostile_still, judged
from tests.provenance.test_revocation import House
from tests.verification.conftest import still  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_manifest_that_speaks_script_and_sql_is_shown_as_text(
    still: Path, tmp_path: Path, is_trusted: bool  # noqa: F811
) -> None:  # fmt: skip
    desk: Any = factories.make_desk(factories.make_studio(), "PRODUCER")
    path, house = hostile_still(still, tmp_path / "hostile.png")
    row = judged(desk, path, house.anchor if is_trusted else anchors_of_another())
    answer = factories.signed_in(desk.person).get(f"/verify/{row.pk}/")
    page = page_of(answer)
    # the signer's name is told, letter for letter, and nothing of it is a tag
    assert SIGNER in page.text
    assert "&lt;img src=x onerror" in page.html
    for raw in ("<img src=x", "<svg onload", "<script>window", "\u202e"):
        assert raw not in page.html, raw
    assert not page.styled
    assert "inline" not in page.scripts
    listed = page_of(factories.signed_in(desk.person).get("/verify/"))
    assert "<script>window" not in listed.html
    assert "audit_event" in connection.introspection.table_names()


def anchors_of_another() -> str:
    """Anchors that know nothing of the signer."""
    return House("another.example").anchor
