"""Bundles in the portal: asked for, looked at, downloaded by studio and guild; nobody else learns of one."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from common.ids import new_id
from compliance.models import Bundle
from compliance.services import build_bundle, fail_bundle
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


@pytest.fixture(autouse=True)
def own_stores(settings: LazySettings, tmp_path: Path) -> None:
    stores: dict[str, Any] = {**settings.STORAGES}
    for name in ("log", "blobs"):
        stores[name] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / name), "allow_overwrite": True, "base_url": None},
        }
    settings.STORAGES = stores


def asked(cast: Cast, who: Any) -> Bundle:
    """Ask through the form; the work itself is queued."""
    answer = Reader(who).post(
        "/bundles/new/", {"production": str(cast.production.pk), "purpose": "UNION_REPORTING"}
    )
    assert answer.status_code == 302, page_of(answer).text
    bundle = Bundle.objects.latest("created_at")
    assert answer["Location"] == f"/bundles/{bundle.pk}/"
    return bundle


def test_an_agency_asks_for_its_talents_part_where_others_work_too_and_for_no_more(cast: Cast) -> None:
    token = factories.approve(cast.ask())
    reader = Reader(cast.agent)
    assert "Make a bundle" in reader.page("/bundles/")
    assert 'href="/bundles/"' in reader.page("/inbox/").html
    sent = {"production": str(cast.production.pk), "purpose": "REGULATORY"}
    # every licence of the production is theirs: the whole of it
    assert reader.post("/bundles/new/", sent).status_code == 302
    factories.make_live_token(cast.production)
    refused = reader.post("/bundles/new/", sent)
    assert refused.status_code == 422
    assert "you may ask for your own talent" in page_of(refused).text
    whose = {**sent, "talent": str(token.talent_id)}
    answer = reader.post("/bundles/new/", whose)
    assert answer.status_code == 302, page_of(answer).text
    bundle = Bundle.objects.latest("created_at")
    assert (bundle.talent_id, bundle.organisation_id) == (token.talent_id, cast.agent.organisation_id)
    build_bundle(bundle.pk)
    path = f"/bundles/{bundle.pk}/"
    assert "Please do not take our word for it." in reader.page(path)
    assert reader.get(f"{path}download/")["Content-Type"] == "application/zip"
    assert cast.production.title in Reader(cast.colleague).page("/bundles/").text
    # nobody else: another agency is offered nothing, and the studio does not fetch what the agency asked for
    other = Reader(cast.other_agent)
    assert "Make a bundle" not in other.page("/bundles/").text
    assert other.post("/bundles/new/", whose).status_code == 422
    for stranger in (cast.other_agent, cast.producer, cast.auditor, cast.self):
        assert Reader(stranger).get(path).status_code == 404
        assert Reader(stranger).get(f"{path}download/").status_code == 404


@pytest.mark.req("ST-070")
def test_the_auditor_makes_and_downloads_a_bundle_and_strangers_cannot(cast: Cast) -> None:
    factories.approve(cast.ask())
    bundle = asked(cast, cast.auditor)
    reader, path = Reader(cast.auditor), f"/bundles/{bundle.pk}/"
    assert "Being made" in reader.page(path)
    assert reader.get(f"{path}download/").status_code == 409
    build_bundle(bundle.pk)
    page = reader.page(path)
    assert page.text.index("Look at these first") < page.text.index("Check it yourself")
    assert "Please do not take our word for it." in page
    answer = reader.get(f"{path}download/")
    assert answer["Content-Type"] == "application/zip"
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    for stranger in (cast.other_studio, cast.other_agent, cast.agent, cast.vendor):
        assert Reader(stranger).get(path).status_code == 404
        assert Reader(stranger).get(f"{path}download/").status_code == 404


def test_a_bundle_that_failed_says_what_was_not_done(cast: Cast) -> None:
    bundle = asked(cast, cast.producer)
    fail_bundle(bundle.pk, "LOG_BROKEN")
    page = Reader(cast.producer).page(f"/bundles/{bundle.pk}/")
    assert "Nothing was exported." in page
    assert "LOG_BROKEN" in page


def test_a_bundle_of_a_strangers_production_is_not_offered(cast: Cast) -> None:
    theirs = factories.make_production(cast.other_studio.organisation)
    reader = Reader(cast.producer)
    assert str(theirs.pk) not in reader.page("/bundles/new/").html
    sent = {"production": str(theirs.pk), "purpose": "UNION_REPORTING"}
    assert reader.post("/bundles/new/", sent).status_code == 422
    assert reader.post("/bundles/new/", {**sent, "production": "x"}).status_code == 422
    assert not Bundle.objects.exists()


def test_the_list_is_empty_until_one_is_asked_for(cast: Cast) -> None:
    assert "A bundle is made on request" in Reader(cast.auditor).page("/bundles/")
    asked(cast, cast.producer)
    assert cast.production.title in Reader(cast.auditor).page("/bundles/")
    assert cast.production.title not in Reader(cast.other_studio).page("/bundles/").text


def test_a_part_is_asked_for_by_performer_and_days_and_a_wrong_one_is_said(cast: Cast) -> None:
    reader = Reader(cast.producer)
    assert "Performer" in reader.page("/bundles/new/").text
    sent = {"production": str(cast.production.pk), "purpose": "REGULATORY"}
    answer = reader.post("/bundles/new/", {**sent, "begins": "2026-01-01", "until": "2026-01-01"})
    assert answer.status_code == 302
    bundle = Bundle.objects.latest("created_at")
    assert bundle.until - bundle.begins == timedelta(days=1)
    assert bundle.talent_id is None
    for wrong in (
        {"begins": "2026-01-02", "until": "2026-01-01"},
        {"size": "999999"},
        {"talent": str(cast.production.pk)},
    ):
        assert reader.post("/bundles/new/", {**sent, **wrong}).status_code == 422
    assert Bundle.objects.count() == 1


def test_the_page_of_a_bundle_being_made_says_how_far_it_is_and_comes_again(cast: Cast) -> None:
    bundle, reader = asked(cast, cast.producer), Reader(cast.producer)
    path = f"/bundles/{bundle.pk}/"
    assert "log entries read" not in reader.page(path).text
    progress = {"part": "READING", "entries_read": 2000, "entries": 4500}
    Bundle.objects.filter(pk=bundle.pk).update(state="BUILDING", progress=progress)
    page = reader.page(path)
    assert "Reading the log. 2,000 of 4,500 log entries read." in page.text
    assert 'hx-trigger="every 2s"' in page.html
    fail_bundle(bundle.pk, "LOG_BROKEN")
    assert "hx-trigger" not in reader.page(path).html


def test_bundles_are_listed_a_page_at_a_time_and_the_headline_counts_them_all(cast: Cast) -> None:
    first = asked(cast, cast.producer)
    rest = [Bundle.objects.get(pk=first.pk) for _ in range(51)]
    for number, one in enumerate(rest):
        one.pk, one.created_at = new_id(), first.created_at + timedelta(seconds=number + 1)
    Bundle.objects.bulk_create(rest)
    reader = Reader(cast.producer)
    newest = reader.page("/bundles/")
    assert "52 bundles" in newest.text
    link = re.search(r'href="(\?after=[^"]+)">Earlier ones', newest.html)
    assert link is not None
    older = reader.page("/bundles/" + unescape(link[1]))
    shown = [len(re.findall(r'href="/bundles/[0-9a-f-]{36}/"', page.html)) for page in (newest, older)]
    assert shown == [50, 2]
    assert f"/bundles/{first.pk}/" in older.html
    assert "Earlier ones" not in older.text
    assert f"/bundles/{first.pk}/" not in Reader(cast.other_agent).page("/bundles/" + unescape(link[1])).html
