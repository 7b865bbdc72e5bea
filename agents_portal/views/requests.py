"""One request in full, its signed text, and the draft of a counter edited in place."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents_portal import sentences
from agents_portal.access import AGENT, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.changes import change_lists, names_in
from agents_portal.drafts import Draft, draft_of, keep_change, undo_change
from agents_portal.forms.change import ChangeForm
from agents_portal.grants import granted_in_words
from agents_portal.outlook_words import outlook_words
from agents_portal.rows import Reading, term_groups
from agents_portal.talk import open_questions, talk_of
from agents_portal.term_table import FIELDS, KEY_OF, may_change
from agents_portal.trail import trail_of
from agents_portal.words import Badge, figure, later, likeness_words, outside_words
from common import clock
from licensing.selectors import RequestDetail, licence_detail, neighbours_of, request_detail
from licensing.services import outlook_on
from trustcore.policy.terms import Terms, canonical_terms, terms_hash

_UP = {
    AGENT: {"name": "portal-inbox", "label": later("Inbox")},
    TALENT: {"name": "portal-decide", "label": later("To decide")},
    STUDIO: {"name": "portal-requests", "label": later("Requests")},
    VENDOR: {"name": "portal-licences", "label": later("Licences")},
}


def detail_or_404(request: PortalRequest, request_id: UUID) -> RequestDetail:
    """The request as this reader may see it.

    Raises:
        Http404: there is none, or none for this reader: the two read the same.
    """
    detail = request_detail(request.principal, request_id)
    if detail is None:
        raise Http404
    return detail


def draft_for(request: PortalRequest, detail: RequestDetail) -> Draft:
    """What the reader has not sent yet: a counter, or the studio's revision."""
    return draft_of(
        request.session, detail.line.id, detail.terms, detail.terms_hash, answers=request.seat != STUDIO
    )


def writes(detail: RequestDetail) -> bool:
    """Whether the reader may put other terms forward: a counter, or a revision."""
    return not detail.may.isdisjoint({"COUNTER", "REVISE"})


@portal_page(AGENT, TALENT, STUDIO, VENDOR)
@require_GET
def request_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show a request in the order of the approval screen; ``edit`` opens one term's form."""
    detail = detail_or_404(request, request_id)
    return render(
        request, "portal/request.html", page_of(request, detail, editing=request.GET.get("edit", ""))
    )


@portal_page(AGENT, TALENT, STUDIO)
@require_http_methods(["GET", "POST"])
def change_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Keep what is said of one term in the draft: a row by htmx, the whole page without."""
    detail = detail_or_404(request, request_id)
    if not writes(detail):
        raise PermissionDenied
    key = (request.POST if request.method == "POST" else request.GET).get("field", "")
    draft = draft_for(request, detail)
    if key not in FIELDS or not may_change(FIELDS[key], answers=draft.answers):
        raise Http404
    if request.method == "GET":
        return _answer(request, detail, editing=key)
    form = ChangeForm(
        request.POST, field=FIELDS[key], terms=detail.terms, names=names_in(detail, draft), draft=draft
    )
    if not form.is_valid():
        return _answer(request, detail, editing=key, form=form, status=422)
    keep_change(
        request.session, request_id, draft=draft, terms=detail.terms, key=key,
        value=form.cleaned_data["value"], note=form.cleaned_data["note"], question=form.cleaned_data["question"],
    )  # fmt: skip
    return _after(request, detail, key)


@portal_page(AGENT, TALENT, STUDIO)
@require_POST
def undo_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Drop what was said of one term from the draft."""
    detail = detail_or_404(request, request_id)
    if not writes(detail):
        raise PermissionDenied
    key = request.POST.get("field", "")
    undo_change(request.session, request_id, draft=draft_for(request, detail), terms=detail.terms, key=key)
    return _after(request, detail, key if key in FIELDS else "")


@portal_page(AGENT, TALENT, STUDIO, VENDOR)
@require_GET
def terms_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show the full text that is signed, version by version, with its hash."""
    detail = detail_or_404(request, request_id)
    asked = request.GET.get("version", str(detail.version))
    version = next((one for one in detail.versions if str(one.version) == asked), None)
    if version is None:
        raise Http404
    return render(
        request,
        "portal/terms.html",
        {"detail": detail, "version": version, "text": canonical_terms(version.terms).decode()},
    )


def page_of(
    request: PortalRequest, detail: RequestDetail, *, editing: str = "", form: ChangeForm | None = None
) -> dict[str, Any]:
    """Everything the request's page and its parts draw."""
    draft = draft_for(request, detail)
    yours = draft.apply(detail.terms) if draft else detail.terms
    names = names_in(detail, draft)
    may_write = writes(detail)
    talk = talk_of(detail)
    editing = editing if may_write and editing in FIELDS else ""
    if editing and not may_change(FIELDS[editing], answers=draft.answers):
        editing = ""
    if editing and form is None:
        form = ChangeForm(field=FIELDS[editing], terms=detail.terms, names=names, draft=draft)
    reading = Reading(
        detail.terms, draft, names, may_write, last=_last_terms(request, detail), talk=talk, editing=editing
    )
    at = clock.now()
    is_told = detail.is_talents_side or request.seat == TALENT
    return {
        "detail": detail,
        "line": detail.line,
        "badge": sentences.request_badge(detail.line),
        "unusual": sentences.unusual_badges(detail.line, request.seat),
        "who_next": sentences.who_acts_next(detail.line),
        "draft": draft,
        "draft_hash": terms_hash(yours),
        "groups": term_groups(reading),
        "outlook": outlook_words(outlook_on(detail.request, yours, at=at, for_talent=is_told), yours),
        "is_told_of_conflicts": is_told,
        "open_questions": open_questions(talk),
        "decides": request.seat in {AGENT, TALENT},
        "editing": editing,
        "form": form,
        "change_lists": change_lists(detail, draft, names),
        "grants": granted_in_words(yours, removed=_removed_uses(draft, detail.terms)),
        "neighbours": _neighbours(request, detail),
        "trail": trail_of(detail.actions),
        "outside": [_outside(code) for code in detail.outside_mandate],
        "changed_by_you": Badge("pencil", _("Changed by you"), "yours"),
        "draft_badge": Badge(
            "pencil",
            ngettext("%(number)s change", "%(number)s changes", len(draft)) % {"number": figure(len(draft))},
            "yours",
        ),
        "likeness": likeness_words(str(one) for one in detail.terms.constructs),
        "may_ask": detail.line.closed_at is None and bool(detail.sides),
        "was_asked": any(act.kind == "QUESTION" and act.side not in detail.sides for act in detail.actions),
        "up": _UP[request.seat],
    }


def _outside(code: str) -> str:
    """A path beyond the mandate by the name of its row; one with a member says the member, too."""
    return str(FIELDS[KEY_OF[code]].label) if code in KEY_OF else outside_words(code)


def _last_terms(request: PortalRequest, detail: RequestDetail) -> Terms | None:
    """What the rows compare with: the version before in this request, or the licence it renews."""
    earlier = [one for one in detail.versions if one.version < detail.version]
    if earlier:
        return earlier[-1].terms
    renewed = licence_detail(request.principal, detail.last_licence) if detail.last_licence else None
    return renewed.terms if renewed else None


def _removed_uses(draft: Draft, terms: Terms) -> tuple[str, ...]:
    kept = draft.values.get("use_types")
    if not isinstance(kept, tuple):
        return ()
    return tuple(str(use) for use in terms.use_types if str(use) not in kept)


def _neighbours(request: PortalRequest, detail: RequestDetail) -> dict[str, Any]:
    found = neighbours_of(request.principal, detail.line)
    return asdict(found) if found else {}


def _answer(
    request: PortalRequest,
    detail: RequestDetail,
    *,
    editing: str,
    form: ChangeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    template = "portal/parts/answerable_swap.html" if request.htmx else "portal/request.html"
    context = page_of(request, detail, editing=editing, form=form)
    return render(request, template, context, status=status)


def _after(request: PortalRequest, detail: RequestDetail, key: str) -> HttpResponse:
    if request.htmx:
        return _answer(request, detail, editing="")
    place = f"row-{key}" if key else "terms"
    return redirect(f"{reverse('portal-request', args=[detail.line.id])}#{place}")
