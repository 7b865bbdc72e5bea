"""A page of our own portal may read the stream with its reader's session; a page of another site may not."""

from __future__ import annotations

from typing import Any

import pytest

from notify.stream.app import _for_portal as leave_for


def test_our_own_portal_gets_leave(settings: Any) -> None:
    settings.BASE_URL = "https://trustmark.example"
    named = dict(leave_for("https://trustmark.example"))
    assert named[b"access-control-allow-origin"] == b"https://trustmark.example"
    assert named[b"access-control-allow-credentials"] == b"true"


@pytest.mark.parametrize(
    "origin",
    ["", "null", "http://trustmark.example", "https://trustmark.example.evil.test", "https://evil.test", "*"],
)
def test_no_other_site_does(settings: Any, origin: str) -> None:
    settings.BASE_URL = "https://trustmark.example"
    assert leave_for(origin) == []
