"""Asking for a licence: find the person, write the draft, which keeps itself, and send it.

A person who is hidden and one who does not exist are refused in the same words, whichever way one asks.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import STUDIO, PortalRequest, portal_page
from agents_portal.asking import ask_of, body_of, field_of, initial_of
from agents_portal.binding import Binding, Consequence
from agents_portal.finding import find_page, nobody, require_asker, seen_by_asking
from agents_portal.forms.compose import ComposeForm, sections_of
from agents_portal.grants import granted_in_words
from agents_portal.words import Badge
from common.errors import Conflict, InvalidInput, NotFound
from common.language import core
from licensing.models import Production, RequestDraft
from licensing.selectors import draft_for, drafts_of, production_for, talent_seen
from licensing.services import (
    AskPreview,
    discard_draft,
    preview_ask,
    save_draft,
    submit_draft,
)

_DRAFTS_SHOWN = 100


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def new_request_page(request: PortalRequest) -> HttpResponse:
    """Find whom to ask; POST (``production``, ``talent``) begins a draft."""
    return find_page(request, begin=partial(_begin, request))


@portal_page(STUDIO)
@require_GET
def drafts_page(request: PortalRequest) -> HttpResponse:
    """List what was begun and not sent."""
    require_asker(request)
    return render(request, "portal/drafts.html", {"drafts": drafts_of(request.principal)[:_DRAFTS_SHOWN]})


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def draft_page(request: PortalRequest, draft_id: UUID) -> HttpResponse:
    """Write a draft. POST keeps it (``act``: ``save``), or keeps it and sends it (``send``)."""
    draft = _draft_or_404(request, draft_id)
    if draft.submitted_id is not None:
        return redirect("portal-request", draft.submitted_id)
    if request.method == "GET":
        looked = _preview(request, draft)
        form = ComposeForm(constructs=_constructs(request, draft, looked[0]), initial=initial_of(draft.body))
        return _page(request, draft, form, looked=looked)
    form = ComposeForm(request.POST, constructs=_constructs(request, draft))
    draft = save_draft(
        principal=request.principal, draft_id=draft_id, title=draft.title, body=body_of(form, draft.body)
    )
    if request.htmx and request.POST.get("act") != "send":
        return render(request, "portal/parts/draft_state.html", _state(draft, *_preview(request, draft)))
    if request.POST.get("act") != "send":
        messages.success(request, _("The draft is kept. Nobody else has seen it."), extra_tags="permit")
        return redirect("portal-draft", draft_id)
    return _send(request, draft, form)


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def discard_page(request: PortalRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    draft = _draft_or_404(request, draft_id)
    if draft.submitted_id is not None:
        return redirect("portal-request", draft.submitted_id)
    if request.method == "POST":
        discard_draft(principal=request.principal, draft_id=draft_id)
        return redirect("portal-drafts")
    screen = Binding(
        title=_("Throw this draft away?"),
        lead=draft.title,
        verb=_("Throw the draft away"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-draft", args=[draft_id]),
        consequences=(
            Consequence("circle-x", _("What was written in it is lost."), "", "deny"),
            Consequence("check", _("Nobody was asked, and nobody hears of it."), "", "permit"),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _begin(request: PortalRequest, production: Production, handle: str) -> HttpResponse | None:
    """A draft for that person; None where there is nobody, or nobody whom this studio may know of."""
    seen = seen_by_asking(request.principal, production, handle)
    if seen is None:
        return None
    body = {"project": str(production.pk), "talent": seen.handle, "window": {"days": 90, "not_before": None}}
    title = _("%(talent)s in %(production)s") % {
        "talent": seen.name or seen.handle,
        "production": production.title,
    }
    draft = save_draft(principal=request.principal, body=body, title=title[:200])
    return redirect("portal-draft", draft.pk)


def _send(request: PortalRequest, draft: RequestDraft, form: ComposeForm) -> HttpResponse:
    if form.is_valid():
        try:
            made = submit_draft(principal=request.principal, draft_id=draft.pk, ask=ask_of(draft.body))
        except (InvalidInput, Conflict) as error:
            if error.code == "DRAFT_SUBMITTED":
                return redirect("portal-request", UUID(str(error.extra["request"])))
            _show(form, error)
        except NotFound:
            form.add_error(None, nobody())
        else:
            if made is not None:
                messages.success(request, _("Sent. It is now with the person’s side."), extra_tags="permit")
                return redirect("portal-request", made.pk)
            form.add_error(None, nobody())
    return _page(request, draft, form, status=422)


def _show(form: ComposeForm, error: InvalidInput | Conflict) -> None:
    """Put a refusal where its field is, else above all of them."""
    path = str(error.extra.get("field", "")) if error.extra else ""
    by_code = {
        "DESCRIPTION_TOO_VAGUE": "description",
        "WINDOW_INVALID": "days",
        "VENDOR_UNKNOWN": "vendors",
        "USE_TYPE_UNKNOWN": "use_types",
        "TRAINING_SEPARATE": "use_types",
    }
    name = by_code.get(error.code) or field_of(path)
    form.add_error(name if name in form.fields else None, f"{error.title} {error.detail or ''}".strip())


def _page(
    request: PortalRequest,
    draft: RequestDraft,
    form: ComposeForm,
    *,
    status: int = 200,
    looked: tuple[AskPreview | None, str] | None = None,
) -> HttpResponse:
    preview, problem = looked or _preview(request, draft)
    state = _state(draft, preview, problem)
    wanted = [one["name"] for one in state["missing"] if one["name"]]
    production = (
        preview.production
        if preview
        else production_for(request.principal, UUID(str(draft.body.get("project"))))
    )
    return render(
        request,
        "portal/draft.html",
        {**state, "form": form, "sections": sections_of(form, wanted), "production": production},
        status=status,
    )


def _state(draft: RequestDraft, preview: AskPreview | None, problem: str) -> dict[str, Any]:
    """What the draft would say now, what stands against it, and when it was kept."""
    judged = preview.judged if preview else None
    return {
        "draft": draft,
        "badge": Badge("file-pen-line", _("Draft")),
        "grants": granted_in_words(preview.terms) if preview else None,
        "problem": problem,
        "profiles": preview.profiles if preview else (),
        "limits": judged.limits if judged else (),
        "missing": [
            {"because": core().say(one.because), "profile": one.profile, "name": field_of(one.field)}
            for one in judged.unmet
        ]
        if judged
        else [],
        "warnings": judged.warnings if judged else (),
    }


def _preview(request: PortalRequest, draft: RequestDraft) -> tuple[AskPreview | None, str]:
    try:
        return preview_ask(principal=request.principal, ask=ask_of(draft.body)), ""
    except (InvalidInput, Conflict) as error:
        return None, f"{error.title} {error.detail or ''}".strip()
    except NotFound:
        return None, nobody()


def _constructs(
    request: PortalRequest, draft: RequestDraft, preview: AskPreview | None = None
) -> Iterable[str]:
    if preview is not None:
        return preview.constructs
    seen = talent_seen(request.principal.organisation_id, str(draft.body.get("talent", "")))
    return seen.constructs if seen else ()


def _draft_or_404(request: PortalRequest, draft_id: UUID) -> RequestDraft:
    require_asker(request)
    draft = draft_for(request.principal, draft_id)
    if draft is None:
        raise Http404
    return draft
