"""Ask the other side something about a request, and answer what was asked; nothing is granted by either."""

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.binding import Consequence
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.questions import QuestionForm
from agents_portal.views.requests import detail_or_404
from common.errors import Conflict
from licensing.selectors import RequestDetail
from licensing.services import answer_question, ask_question


@portal_page(AGENT, TALENT, STUDIO)
@require_http_methods(["GET", "POST"])
def ask_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Ask a question; the deadline stays where it is."""
    detail = _open_to(request, request_id)
    return _say(
        request,
        detail,
        ask_question,
        _("Ask a question"),
        ngettext("Send the question", "Send the questions", 1),
    )


@portal_page(AGENT, TALENT, STUDIO)
@require_http_methods(["GET", "POST"])
def answer_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Answer what the other side asked."""
    detail = _open_to(request, request_id)
    if not was_asked(detail):
        raise Conflict("NO_QUESTION", _("Nobody has asked you anything"), _("Nothing was sent."))
    return _say(request, detail, answer_question, _("Answer the question"), _("Send the answer"))


def was_asked(detail: RequestDetail) -> bool:
    """Whether another side has asked something."""
    return any(act.kind == "QUESTION" and act.side not in detail.sides for act in detail.actions)


def _open_to(request: PortalRequest, request_id: UUID) -> RequestDetail:
    detail = detail_or_404(request, request_id)
    if not detail.sides:
        raise PermissionDenied
    if detail.line.closed_at is not None:
        raise Conflict("REQUEST_MOVED", _("The request is closed"), _("Nothing was sent."))
    return detail


def _say(
    request: PortalRequest,
    detail: RequestDetail,
    service: Callable[..., object],
    title: str,
    verb: str,
) -> HttpResponse:
    about = request.GET.get("about", "")
    form = QuestionForm(request.POST if request.method == "POST" else None, about=about)
    if request.method == "POST" and carried_out(
        form,
        lambda: service(
            principal=request.principal,
            request_id=detail.line.id,
            text=form.cleaned_data["text"],
            about=form.cleaned_data["about"],
        ),
    ):
        return redirect("portal-request", detail.line.id)
    asked = [act for act in detail.actions if act.kind == "QUESTION"]
    return show_form(
        request,
        FormPage(
            title=title,
            lead=_("About %(name)s in %(production)s.")
            % {"name": detail.line.talent_name, "production": detail.line.production_title},
            verb=verb,
            icon="message-circle",
            back=reverse("portal-request", args=[detail.line.id]),
            back_words=_("The request"),
            parts=(Part("", ("about", "text")),),
            aside_title=_("Asked so far") if asked else _("What this does"),
            consequences=tuple(Consequence("message-circle", f"{act.actor}:", act.note) for act in asked[-5:])
            or (
                Consequence("hourglass", _("The deadline stays where it is.")),
                Consequence("check", _("It stays with the request, and both sides read it.")),
            ),
        ),
        form,
    )
