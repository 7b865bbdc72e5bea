"""Scripts: the list, one work with its versions, grants and accesses, its scenes; what is taken along."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, LEGAL, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.forms.scripts import ShotsForm
from agents_portal.paging import page_after
from agents_portal.script_words import FORMATS, KINDS, access_row, columns, grant_row, lead
from agents_portal.words import opening, spelled
from common.errors import Conflict, InvalidInput
from common.keyset import slice_of
from compliance.scripts import proof_document
from screenplays import selectors, services
from screenplays.api.base import handed_out
from screenplays.models import Version, Work

READERS = (STUDIO, LEGAL, AGENT, TALENT, VENDOR)
_PAGE, _ACCESSES, _SHOWN = 40, 20, 40


@portal_page(*READERS)
@require_GET
def scripts_page(request: PortalRequest) -> HttpResponse:
    """List the works of the house, those that one wrote, and those granted to one in person."""
    page = slice_of(
        selectors.works_open_with_counts(request.principal),
        by=("-created_at", "-id"),
        after=request.GET.get("after", ""),
        size=_PAGE,
    )
    return render(
        request,
        "portal/scripts.html",
        {
            "rows": [
                {"work": one, "kind": KINDS[one.kind], "part": _part(request, one)} for one in page.rows
            ],
            "more": f"?after={page.after}" if page.after else "",
            "may_keep": selectors.may_keep(request.principal),
            "lead": _list_lead(request),
        },
    )


@portal_page(*READERS)
@require_GET
def script_page(request: PortalRequest, work_id: UUID) -> HttpResponse:
    """Show one work: all of it to its house and its writer; to others what was granted to them."""
    work = open_work(request, work_id)
    if not selectors.knows(request.principal, work):
        return _granted_page(request, work)
    versions = list(selectors.versions_with_scenes(work))
    grants = list(selectors.grants_of(work)[:_SHOWN])
    accesses = page_after(selectors.accesses_of(work), request.GET.get("after", ""), size=_ACCESSES)
    return render(
        request,
        "portal/script.html",
        {
            "work": work,
            "kind": KINDS[work.kind],
            "lead": lead(len(versions), grants),
            "columns": columns(grants),
            "versions": [(one, FORMATS[one.format]) for one in versions],
            "grants": [grant_row(one) for one in grants],
            "accesses": [access_row(one) for one in accesses.rows],
            "more": f"?after={accesses.after}#record" if accesses.after else "",
            "first": request.path if request.GET.get("after") else "",
            "copies": list(selectors.copies_of(work)[:_SHOWN]),
            "may_write": selectors.may_write(request.principal, work) and work.destroyed_at is None,
            "may_read": work.destroyed_at is None
            and bool(versions)
            and selectors.may_read_now(request.principal, work),
            "newest": versions[0] if versions else None,
        },
    )


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def scenes_page(request: PortalRequest, work_id: UUID, version_id: UUID) -> HttpResponse:
    """Scenes of a version by number, and the shots that are made of each; never their words."""
    work, version = known_version(request, work_id, version_id)
    after = request.GET.get("after", "")
    place = reverse("portal-script-scenes", args=[work.pk, version.pk])
    here = f"{place}?{urlencode({'after': after})}&" if after else f"{place}?"
    form, editing = ShotsForm(_sent(request)), _number(request.GET.get("scene", ""))
    if request.method == "POST":
        services.require_writer(request.principal, work)
        if form.is_valid():
            editing = form.cleaned_data["ordinal"]
            try:
                services.link_shots(
                    principal=request.principal,
                    work_id=work.pk,
                    version_id=version.pk,
                    ordinal=editing,
                    shots=form.cleaned_data["shots"].replace(",", " ").split(),
                )
                return redirect(f"{here.rstrip('?&')}#scene-{editing}")
            except InvalidInput as error:
                form.add_error("shots", f"{error.title} {error.detail}".strip())
    page = slice_of(selectors.scenes_with_shots(version), by=("ordinal",), after=after, size=_PAGE)
    return render(
        request,
        "portal/script_scenes.html",
        {
            "work": work,
            "version": version,
            "scenes": page.rows,
            "more": f"?after={page.after}" if page.after else "",
            "first": place if after else "",
            "form": form,
            "may_write": selectors.may_write(request.principal, work),
            "editing": editing if selectors.may_write(request.principal, work) else 0,
            "here": here,
            "back": f"{here.rstrip('?&')}#scene-{editing}",
        },
        status=422 if form.errors else 200,
    )


@portal_page(*READERS)
@require_GET
def proof_page(request: PortalRequest, work_id: UUID, version_id: UUID) -> HttpResponse:
    """Save what this server signed of a version when it came in."""
    _work, version = known_version(request, work_id, version_id)
    data = json.dumps(proof_document(version), indent=2).encode()
    return handed_out(data, "application/json", f"script-proof-{str(version.pk)[-8:]}.json")


@portal_page(*READERS)
@require_GET
def copy_page(request: PortalRequest, copy_id: UUID) -> HttpResponse:
    """Save a marked copy that one had made; it is decided anew, and on record."""
    copy, data = services.fetch_copy(principal=request.principal, copy_id=copy_id)
    return handed_out(data, "application/pdf", f"script-copy-{copy.number}.pdf")


def open_work(request: PortalRequest, work_id: UUID) -> Work:
    """The work, if the reader may ask for it."""
    work = selectors.works_open_to(request.principal).filter(pk=work_id).first()
    if work is None:
        raise Http404
    return work


def known_version(request: PortalRequest, work_id: UUID, version_id: UUID) -> tuple[Work, Version]:
    """A version of a work that the reader may know all of."""
    work = selectors.work_for(request.principal, work_id)
    version = selectors.versions_of(work).filter(pk=version_id).first() if work else None
    if work is None or version is None:
        raise Http404
    return work, version


def _granted_page(request: PortalRequest, work: Work) -> HttpResponse:
    grants = [one for one in selectors.own_grants(request.principal) if one.work_id == work.pk]
    if not grants:
        raise Conflict("NOTHING_GRANTED", _("Nothing of this is yours."))
    rows = [grant_row(one) for one in grants]
    may_read = work.destroyed_at is None and selectors.may_read_now(request.principal, work)
    return render(
        request,
        "portal/script_granted.html",
        {
            "work": work,
            "kind": KINDS[work.kind],
            "grants": rows,
            "columns": columns(grants),
            "may_read": may_read,
            "copies": selectors.own_copies(request.principal, work)[:_SHOWN],
        },
    )


def _part(request: PortalRequest, work: Any) -> str:
    if work.organisation_id == request.principal.organisation_id:
        return _("Your house keeps it")
    return _("You wrote it") if work.writer_id == request.principal.person.pk else _("Granted to you")


def _list_lead(request: PortalRequest) -> str:
    number = selectors.works_open_to(request.principal).count()
    if not number:
        return _("None is here yet.")
    return opening(
        ngettext(
            "%(n)s work, sealed under a key of its own.",
            "%(n)s works, each sealed under a key of its own.",
            number,
        )
        % {"n": spelled(number)}
    )


def _sent(request: PortalRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0
