"""Takedowns: every case and drill, one of them with its work, a new one with what it would reach."""

from urllib.parse import quote
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import takedown_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.takedowns import TakedownForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import figure
from training.models import Takedown
from training.seats import is_counsel, is_engineer, may_take_down
from training.selectors.inventory import sources_of
from training.selectors.takedowns import reach_of, takedowns_of
from training.services.retention import kept_until
from training.services.takedowns import TakedownAsk, counted_reach, open_takedown
from training.vocabulary import NodeKind, TakedownState

_OFFERED, _ITEMS = 200, 200


@material_page
@require_GET
def takedowns_page(request: PortalRequest) -> HttpResponse:
    """Every case and drill of the house."""
    page = page_after(takedowns_of(request.principal), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_takedowns.html",
        {
            "tabs": tabs("portal-material-takedowns"),
            "rows": [
                {
                    "case": one,
                    "badge": say.case_badge(one),
                    "took": say.seconds_words(one.measured.get("whole_ms", 0)),
                    "is_open": one.ended_at is None,
                }
                for one in page.rows
            ],
            "more": f"?after={quote(page.after)}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
            "may_open": may_take_down(request.principal),
        },
    )


@material_page
@require_GET
def takedown_page(request: PortalRequest, takedown_id: UUID) -> HttpResponse:
    """One case: what it reaches, what is left to do and until when, and what counsel may do now."""
    case = case_of(request, takedown_id)
    items = list(
        case.items.select_related("owner", "done_by").order_by("done_at", "due_at", "kind", "label")[:_ITEMS]
    )
    left = case.items.filter(done_at=None).count()
    is_open = case.ended_at is None
    binds = is_counsel(request.principal) and is_open
    return render(
        request,
        "portal/material_takedown.html",
        {
            "case": case,
            "badge": say.case_badge(case),
            "lead": say.case_lead(case, left),
            "counts": say.count_lines(case.counts),
            "items": [
                {
                    "item": one,
                    "badge": say.item_badge(one),
                    "icon": say.NODE_ICONS[one.kind],
                    "may_answer": is_open
                    and one.done_at is None
                    and one.ref is not None
                    and not case.is_drill
                    and is_engineer(request.principal),
                }
                for one in items
            ],
            "further": case.items.count() - len(items) if len(items) == _ITEMS else 0,
            "is_open": is_open,
            "times": _times(case),
            "kept_until": kept_until(case) if case.state == TakedownState.CONTAINED else None,
            "late": case.measured.get("late_nodes", 0),
            "may_remove": binds and case.state == TakedownState.CONTAINED,
            "may_close": binds and not left,
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def new_takedown_page(request: PortalRequest) -> HttpResponse:
    """Ask for a drill, or for a real one: that shows what it reaches before it is opened."""
    if not may_take_down(request.principal):
        raise PermissionDenied
    sources = [
        (str(one.pk), f"{one.source_class.code}: {one.rights_holder}, {one.platform_id}")
        for one in sources_of(request.principal)[:_OFFERED]
    ]
    named = request.GET.get("source", "") or request.POST.get("source", "")
    if named and named not in dict(sources):
        sources += _one_more(request, named)
    form = TakedownForm(
        request.POST if request.method == "POST" else None,
        sources=sources,
        initial={"source": named, "assets": request.GET.get("asset", "")},
    )
    if request.method == "POST" and form.is_valid():
        ask = _ask(form)
        if not ask.is_drill and "sure" not in request.POST:
            shown: list[HttpResponse] = []
            if carried_out(form, lambda: shown.append(_shown_first(request, form, ask))):
                return shown[0]
        else:
            made: list[Takedown] = []
            if carried_out(form, lambda: made.append(open_takedown(principal=request.principal, ask=ask))):
                return redirect("portal-material-takedown", made[0].pk)
    page = FormPage(
        title=_("Take something down"),
        lead=_("Everything that was made of it is found, and nothing of that is used any more."),
        verb=_("Go on"),
        icon="arrow-right",
        back=reverse("portal-material-takedowns"),
        back_words=_("Takedowns"),
        parts=(
            Part(_("What must go"), ("source", "assets")),
            Part(_("Why"), ("trigger", "reason")),
            Part(_("How"), ("mode",)),
        ),
        consequences=(
            Consequence("circle-pause", _("Originals are isolated"), _("from the same moment on.")),
            Consequence("list", _("Manifests are withdrawn"), _("for good; a job that asks is refused.")),
            Consequence("box", _("Models become work"), _("with an owner and a clock.")),
            Consequence("scroll-text", _("A signed certificate"), _("says at the end what was done.")),
        ),
        aside_title=_("What follows"),
    )
    return show_form(request, page, form)


@material_page
@require_GET
def reach_file(request: PortalRequest, takedown_id: UUID) -> HttpResponseBase:
    """Everything that a case reaches, a line each: the root on the certificate is over these lines."""
    case = case_of(request, takedown_id)
    return as_download(
        StreamingHttpResponse(reach_of(case), content_type="text/plain; charset=utf-8"),
        f"takedown-{case.pk}-reach.txt",
    )


@material_page
@require_GET
def certificate_file(request: PortalRequest, takedown_id: UUID) -> HttpResponse:
    """The signed certificate of a case that has ended."""
    case = case_of(request, takedown_id)
    if case.certificate is None:
        raise Http404
    return as_download(
        HttpResponse(bytes(case.certificate), content_type="application/vnd.dsse.envelope.v1+json"),
        f"takedown-{case.pk}.dsse.json",
    )


def case_of(request: PortalRequest, takedown_id: UUID) -> Takedown:
    """The house's case. Raises ``Http404``."""
    row = (
        takedowns_of(request.principal).filter(pk=takedown_id).select_related("opened_by", "ended_by").first()
    )
    if row is None:
        raise Http404
    return row


def _one_more(request: PortalRequest, named: str) -> list[tuple[str, str]]:
    """A source that an address names and the list is too short for."""
    try:
        row = sources_of(request.principal).filter(pk=UUID(named)).first()
    except ValueError as error:
        raise Http404 from error
    if row is None:
        raise Http404
    return [(str(row.pk), f"{row.source_class.code}: {row.rights_holder}, {row.platform_id}")]


def _ask(form: TakedownForm) -> TakedownAsk:
    told = form.cleaned_data
    return TakedownAsk(
        trigger=told["trigger"],
        reason=told["reason"],
        sources=(UUID(told["source"]),) if told["source"] else (),
        assets=told["assets"],
        is_drill=told["mode"] == "drill",
    )


def _shown_first(request: PortalRequest, form: TakedownForm, ask: TakedownAsk) -> HttpResponse:
    counts = counted_reach(principal=request.principal, ask=ask)
    material = counts.get(NodeKind.ASSET, 0) + counts.get(NodeKind.DERIVATIVE, 0)
    manifests, models = counts.get(NodeKind.MANIFEST, 0), counts.get(NodeKind.MODEL, 0)
    screen = Binding(
        title=_("Take this down now?"),
        lead=_("It reaches %(n)s things. From the moment you press the button nothing of it may be used.")
        % {"n": figure(sum(counts.values()))},
        verb=_("Take it down"),
        icon="octagon-x",
        danger=True,
        back=reverse("portal-material-takedowns"),
        consequences=(
            Consequence(
                "image",
                ngettext("%(n)s original or derivative", "%(n)s originals and derivatives", material)
                % {"n": figure(material)},
                _("lie apart until counsel removes them or calls it off."),
                "deny",
            ),
            Consequence(
                "list",
                ngettext("%(n)s manifest", "%(n)s manifests", manifests) % {"n": figure(manifests)},
                _("are withdrawn for good."),
                "deny" if manifests else "",
            ),
            Consequence(
                "box",
                ngettext("%(n)s model", "%(n)s models", models) % {"n": figure(models)},
                _("become work: withdraw, retrain or mitigate, each with its evidence."),
                "expire" if models else "",
            ),
            Consequence("undo-2", _("Counsel may call it off"), _("while nothing was removed.")),
        ),
        hidden={"sure": "yes"},
        repeated=tuple(
            (name, str(value))
            for name, values in request.POST.lists()
            if name in form.fields
            for value in values
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _times(case: Takedown) -> list[tuple[str, str]]:
    told = case.measured
    return [
        (label, say.seconds_words(told[name]))
        for name, label in (
            ("radius_ms", _("To find it all")),
            ("plan_ms", _("To plan and contain")),
            ("whole_ms", _("Together")),
        )
        if name in told
    ]
