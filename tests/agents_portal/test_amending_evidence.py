"""The studio's revision names scripts, reference assets and further vendors; the side that answers changes none of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils.html import escape

from agents_portal import evidence_fields as evidence
from common.errors import InvalidInput
from licensing import services
from licensing.models import LicenceRequest
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of

PINK, BLUE = "a1" * 32, "b2" * 32


def change(reader: Reader, request: LicenceRequest, **sent: Any) -> Any:
    return reader.post(f"/requests/{request.pk}/change/", sent)


def script(*rows: tuple[str, str, str, str]) -> dict[str, list[str]]:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    return {
        f"value-{part}": list(column) for part, column in zip(evidence.SCRIPT_PARTS, columns, strict=True)
    }


def revised(studio: Reader, request: LicenceRequest) -> dict[str, Any]:
    """Send the draft; the terms that stand then."""
    assert request.current is not None
    body = {"terms_hash": request.current.terms_hash, "note": ""}
    sent = studio.post(f"/requests/{request.pk}/revise/", body)
    assert sent.status_code == 302, page_of(sent).text[-400:]
    request.refresh_from_db()
    assert request.current is not None
    return request.current.terms


def test_a_script_is_named_changed_and_taken_out_in_rows(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    studio = Reader(cast.producer)
    empty = ("", "", "", "")
    rows = script(
        ("hollow-city", "pink-2", f"sha256:{PINK.upper()}", "2026-05-01"), ("outline", "3", BLUE, ""), empty
    )
    assert change(studio, request, field="script", **rows).status_code == 302
    page = studio.page(path)
    assert "hollow-city, version pink-2, 1 May 2026, a1a1 a1a1 … a1a1" in page
    assert (
        f"Added to the script versions: now hollow-city version pink-2, dated 1 May 2026 (sha256 {PINK})"
        in page
    )
    assert f"outline version 3 (sha256 {BLUE})" in studio.page(f"{path}revise/")
    opened = studio.page(f"{path}change/?field=script")
    assert opened.html.count('name="value-ref"') == 3, "two rows, and one for another"
    assert revised(studio, request)["script"] == [
        {"ref": "hollow-city", "version": "pink-2", "sha256": PINK, "dated": "2026-05-01T00:00:00Z"},
        {"ref": "outline", "version": "3", "sha256": BLUE, "dated": None},
    ]
    assert f"{path}change/?field=script" not in Reader(cast.agent).page(path).links
    assert change(studio, request, field="script", **script(("outline", "4", BLUE, ""))).status_code == 302
    assert [one["version"] for one in revised(studio, request)["script"]] == ["4"]
    change(studio, request, field="script", **script())
    assert "Taken out of the script versions: was outline version 4" in studio.page(path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("hollow-city", "", PINK, ""), "A script needs its name, its version and its SHA-256."),
        (("hollow city", "1", PINK, ""), "hollow city: letters, digits and"),
        (("<b>", "1", PINK, ""), "letters, digits and"),
        (("hollow-city", "1", PINK[:-1], ""), "is no SHA-256: it has 64 characters"),
        (("hollow-city", "1", PINK, "May"), "Enter a day, as 2026-11-30."),
    ],
)
def test_a_script_that_cannot_be_read_is_refused_with_what_was_typed(
    cast: Cast, row: tuple[str, str, str, str], words: str
) -> None:
    request = cast.ask()
    studio = Reader(cast.producer)
    sent = change(studio, request, field="script", **script(row))
    page = page_of(sent)
    assert (sent.status_code, words in page) == (422, True)
    assert f'name="value-ref" value="{escape(row[0])}"' in page.html
    assert "Your changes are not sent yet." not in studio.page(f"/requests/{request.pk}/")


def test_more_scripts_than_terms_hold_are_refused() -> None:
    lines = [evidence.script_line("one", str(at), PINK, None) for at in range(evidence.SCRIPTS_MOST + 1)]
    assert len(evidence.read_scripts(lines[1:])) == evidence.SCRIPTS_MOST
    with pytest.raises(InvalidInput, match="VALUE_INVALID"):
        evidence.read_scripts(lines)


def test_a_date_with_a_time_of_day_is_kept_to_the_second() -> None:
    line = evidence.script_line("one", "1", PINK, "2026-05-01T09:30:00Z")
    assert evidence.read_scripts([line]) == (line,)
    assert evidence.script_of(line)["dated"] == "2026-05-01T09:30:00Z"


def test_reference_assets_are_named_by_their_hashes(cast: Cast) -> None:
    request = cast.ask()
    path = f"/requests/{request.pk}/"
    studio = Reader(cast.producer)
    wrong = change(studio, request, field="anchors", value=f"{PINK}\nnot a hash")
    assert (wrong.status_code, "not is no SHA-256" in page_of(wrong)) == (422, True)
    assert (
        change(studio, request, field="anchors", value=f"sha256:{BLUE.upper()}, {PINK}\n{PINK}").status_code
        == 302
    )
    page = studio.page(path)
    assert "a1a1 a1a1 … a1a1" in page
    assert f"Added to the reference assets: now {PINK} and {BLUE}." in page
    assert revised(studio, request)["anchors"] == [PINK, BLUE]
    assert change(Reader(cast.agent), request, field="anchors", value=PINK).status_code == 404


def test_a_vendor_is_added_by_its_short_name_and_said_by_its_name(cast: Cast) -> None:
    request = cast.ask()
    path, further = f"/requests/{request.pk}/", factories.make_vendor()
    studio, listed = Reader(cast.producer), str(cast.vendor.organisation_id)
    unknown = change(studio, request, field="vendors", value=[listed], added="nobody-at-all")
    assert (unknown.status_code, "No vendor has this name: nobody-at-all." in page_of(unknown)) == (422, True)
    # a studio is no vendor
    other = cast.other_studio.organisation.slug
    assert change(studio, request, field="vendors", value=[listed], added=other).status_code == 422
    forged = change(studio, request, field="vendors", value=[listed, str(uuid4())])
    assert forged.status_code == 422
    kept = change(studio, request, field="vendors", value=[listed], added=f" {further.slug.upper()} ")
    assert kept.status_code == 302
    page = studio.page(path)
    assert f"Added to the vendors who may work on it: now {further.name}." in page
    assert str(further.pk) not in page.text
    assert f"Added to the vendors who may work on it: {further.name}." in studio.page(f"{path}revise/")
    assert set(revised(studio, request)["vendors"]) == {listed, str(further.pk)}
    agent = Reader(cast.agent).page(path)
    assert further.name in agent
    assert str(further.pk) not in agent.text
    # the side that answers takes out, and adds nobody
    assert 'name="added"' not in Reader(cast.agent).page(f"{path}change/?field=vendors").html


def test_the_service_refuses_a_vendor_that_is_none(cast: Cast) -> None:
    request = cast.ask()
    assert request.current is not None
    for stranger in (str(uuid4()), str(cast.other_studio.organisation_id), "somebody"):
        with pytest.raises(InvalidInput) as refused:
            services.revise_request(
                principal=cast.producer, request_id=request.pk, terms_hash=request.current.terms_hash,
                changes={"vendors": [*request.current.terms["vendors"], stranger]},
            )  # fmt: skip
        assert refused.value.code == "VENDOR_UNKNOWN"
    token = factories.approve(request)
    with pytest.raises(InvalidInput) as refused:
        services.request_renewal(
            principal=cast.producer, jti=token.pk, days=30, changes={"vendors": [str(uuid4())]}
        )
    assert refused.value.code == "VENDOR_UNKNOWN"
