"""What people of the house do about material: stop and open a class, end rights, answer a review."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agents_portal import material_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from agents_portal.forms.material import AnswerForm, StopForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import figure
from common import clock
from common.keyset import slice_of
from training.models import Review, SourceClass
from training.seats import is_counsel, is_reviewer
from training.selectors import rooms
from training.selectors.inventory import review_queue, reviews_of
from training.selectors.rights import current_rights
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.sources import open_class, stop_class

_PAGE = 50


@material_page
@require_http_methods(["GET", "POST"])
def stop_page(request: PortalRequest, class_id: UUID) -> HttpResponse:
    """Stop a class of sources, at once; before that, what it touches."""
    kind = _class(request, class_id)
    form = StopForm(_sent(request))
    if request.method == "POST" and carried_out(form, lambda: _stop(request, kind, form)):
        return redirect(reverse("portal-material") + "#classes")
    reach = rooms.reach_of(kind)
    screen = Binding(
        title=_("Stop the class %(code)s?") % {"code": kind.code},
        lead=_("It counts from the moment you press the button: at the next question of any machine."),
        verb=_("Stop the class"),
        icon="octagon-x",
        danger=True,
        back=reverse("portal-material"),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "ban",
                ngettext("Nothing more of %(n)s source", "Nothing more of %(n)s sources", reach.sources)
                % {"n": figure(reach.sources)},
                _("is admitted, whatever its licence says."),
                "deny",
            ),
            Consequence("list", _("No manifest with it"), _("is released while it is stopped.")),
            Consequence(
                "image",
                ngettext("%(n)s admitted original stays.", "%(n)s admitted originals stay.", reach.admitted)
                % {"n": figure(reach.admitted)},
                _("To remove what is held already is a takedown, another act."),
            ),
            Consequence(
                "circle-pause",
                ngettext("%(n)s stays isolated.", "%(n)s stay isolated.", reach.isolated)
                % {"n": figure(reach.isolated)},
                _("A reviewer may still decide about what came before."),
            ),
        ),
    )
    return _bind(request, screen, form)


@material_page
@require_http_methods(["GET", "POST"])
def open_page(request: PortalRequest, class_id: UUID) -> HttpResponse:
    """Open a stopped class again."""
    kind = _class(request, class_id)
    form = StopForm(_sent(request))
    if request.method == "POST" and carried_out(form, lambda: _open(request, kind, form)):
        return redirect(reverse("portal-material") + "#classes")
    screen = Binding(
        title=_("Open the class %(code)s again?") % {"code": kind.code},
        lead=_("It was stopped: %(why)s") % {"why": kind.stop_reason}
        if kind.stopped_at
        else _("It is open already."),
        verb=_("Open the class"),
        icon="circle-check",
        back=reverse("portal-material"),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "circle-check", _("The gate asks its other rules again"), _("of everything that comes.")
            ),
            Consequence(
                "history", _("What was refused meanwhile"), _("stays refused. It can be asked again.")
            ),
        ),
    )
    return _bind(request, screen, form)


@material_page
@require_http_methods(["GET", "POST"])
def end_rights_page(request: PortalRequest, rights_id: UUID) -> HttpResponse:
    """Its holder took it back: end a version of the rights now."""
    rights = rooms.rights_for(request.principal, rights_id)
    if rights is None:
        raise Http404
    if not is_counsel(request.principal):
        raise PermissionDenied
    form = StopForm(_sent(request))
    back = reverse("portal-material-source", args=[rights.source_id])
    if request.method == "POST" and carried_out(
        form,
        lambda: end_rights(
            principal=request.principal, rights_id=rights.pk, reason=form.cleaned_data["reason"]
        ),
    ):
        return redirect(back)
    screen = Binding(
        title=_("End the rights of this source?"),
        lead=_("%(holder)s, version %(n)s. It cannot be undone; a new licence is a new version.")
        % {"holder": rights.source.rights_holder, "n": rights.version},
        verb=_("End the rights"),
        icon="circle-x",
        danger=True,
        back=back,
        go_back=_("Go back"),
        consequences=(
            Consequence("ban", _("Nothing more of it"), _("is admitted, from this moment on."), "deny"),
            Consequence("layers", _("What came of it"), _("stays on record, and is found by its lineage.")),
        ),
    )
    return _bind(request, screen, form)


@material_page
@require_http_methods(["GET"])
def queue_page(request: PortalRequest) -> HttpResponse:
    """What the gate isolated and nobody answered, the riskiest first; ``tab=answered`` shows the others."""
    is_answered = request.GET.get("tab") == "answered"
    after = request.GET.get("after", "")
    if is_answered:
        told = page_after(
            reviews_of(request.principal).exclude(answer="").select_related("answered_by"), after
        )
        rows, onward = told.rows, f"?tab=answered&after={told.after}" if told.after else ""
    else:
        page = slice_of(
            review_queue(request.principal), by=("-risk", "due_at", "id"), after=after, size=_PAGE
        )
        rows, onward = list(page.rows), f"?after={page.after}" if page.after else ""
    return render(
        request,
        "portal/material_queue.html",
        {
            "tabs": tabs("portal-material-queue"),
            "rows": [
                {"review": one, "risk": say.risk(one.risk), "why": say.why(one.codes), "badge": say.review_badge(one),
                 "icon": say.KIND_ICONS[one.asset.kind], "kind": say.kind_words(one.asset.kind),
                 "is_own": one.collected_by_id == request.principal.person.pk}
                for one in rows
            ],
            "is_answered": is_answered,
            "more": onward,
            "first": ("?tab=answered" if is_answered else request.path) if after else "",
        },
    )  # fmt: skip


@material_page
@require_http_methods(["GET", "POST"])
def review_page(request: PortalRequest, review_id: UUID) -> HttpResponse:
    """One isolated original: why it lies apart, its rights, and the answer of somebody who did not collect it."""
    review = (
        reviews_of(request.principal)
        .filter(pk=review_id)
        .select_related("asset__source__source_class", "collected_by", "answered_by")
        .first()
    )
    if review is None:
        raise Http404
    is_own = review.collected_by_id == request.principal.person.pk
    form = AnswerForm(_sent(request))
    if request.method == "POST":
        if not is_reviewer(request.principal):
            raise PermissionDenied
        if carried_out(form, lambda: _answer(request, review, form)):
            return redirect("portal-material-review", review.pk)
    source = review.asset.source
    standing = current_rights([source.pk], at=clock.now()).get(source.pk)
    return render(
        request,
        "portal/material_review.html",
        {
            "review": review,
            "asset": review.asset,
            "source": source,
            "kind": say.kind_words(review.asset.kind),
            "method": say.method_words(review.asset.method),
            "badge": say.review_badge(review),
            "risk": say.risk(review.risk),
            "why": say.why(review.codes),
            "standing": standing,
            "columns": say.columns(standing) if standing else None,
            "rights_badge": say.rights_badge(standing),
            "checks": say.check_lines(standing.rights) if standing else [],
            "findings": say.told_lines(review.asset.findings),
            "form": form,
            "is_own": is_own,
            "may_answer": not review.answer and not is_own and is_reviewer(request.principal),
        },
        status=422 if form.errors else 200,
    )


def _bind(request: PortalRequest, screen: Binding, form: forms.Form) -> HttpResponse:
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _stop(request: PortalRequest, kind: SourceClass, form: StopForm) -> None:
    stop_class(principal=request.principal, class_id=kind.pk, reason=form.cleaned_data["reason"])


def _open(request: PortalRequest, kind: SourceClass, form: StopForm) -> None:
    open_class(principal=request.principal, class_id=kind.pk, reason=form.cleaned_data["reason"])


def _answer(request: PortalRequest, review: Review, form: AnswerForm) -> None:
    answer_review(principal=request.principal, review_id=review.pk, **form.cleaned_data)


def _class(request: PortalRequest, class_id: UUID) -> SourceClass:
    kind = rooms.class_for(request.principal, class_id)
    if kind is None:
        raise Http404
    if not is_counsel(request.principal):
        raise PermissionDenied
    return kind


def _sent(request: PortalRequest) -> Any:
    return request.POST if request.method == "POST" else None
