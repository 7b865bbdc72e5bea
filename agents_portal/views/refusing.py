"""Refusing a studio's requests, taking them again, and handing a request up to the talent."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from agents_portal.forms.refusing import BlockForm, EscalateForm
from agents_portal.words import opening, spelled
from licensing.selectors import RequestDetail, request_detail
from licensing.selectors.blocks import blocks_seen_by, may_open, page_of_blocks
from licensing.services import block_studio, escalate_request, unblock_studio

_MOST = 100


@portal_page(AGENT, TALENT)
@require_GET
def blocks_page(request: PortalRequest) -> HttpResponse:
    """Studios from which no requests are taken, for whom, and since when."""
    after = request.GET.get("after", "")
    rows, last = page_of_blocks(request.principal, after=_cursor(after), limit=_MOST)
    address = reverse("portal-blocks")
    number = blocks_seen_by(request.principal).filter(ended_at=None).count()
    return render(
        request,
        "portal/blocks.html",
        {
            "headline": opening(
                ngettext("%(n)s studio is refused", "%(n)s studios are refused", number)
                % {"n": spelled(number)}
            )
            if number
            else _("Studios you refuse"),
            "standing": [one for one in rows if one.ended_at is None],
            "past": [one for one in rows if one.ended_at],
            "first": address if after else "",
            "more": f"{address}?after={last}" if last else "",
        },
    )


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def block_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Take no more requests from whoever made this one."""
    detail = _may(request, request_id, "DECLINE")
    names = {"studio": detail.line.licensee_name, "talent": detail.line.talent_name}
    form = BlockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form,
        lambda: block_studio(
            principal=request.principal, request_id=request_id, why=form.cleaned_data["why"]
        ),
    ):
        messages.success(request, _("Its requests are refused from now on."), extra_tags="permit")
        return redirect("portal-blocks")
    screen = Binding(
        title=_("Take no more requests from %(studio)s?") % names,
        lead=_("For %(talent)s, and for nobody else you represent.") % names,
        verb=_("Block this studio"),
        icon="ban",
        danger=True,
        back=reverse("portal-request", args=[request_id]),
        consequences=(
            Consequence("ban", _("Its open requests are declined,"), _("with your reason."), "deny"),
            Consequence("eye", _("From then on it finds nobody here."), _("It cannot tell a block from somebody who is hidden.")),
            Consequence("check", _("Licences that run go on."), _("A block ends none of them.")),
            Consequence("lock-open", _("It can be taken back."), _("What the talent blocks, only the talent opens.")),
        ),
        form=form,
    )  # fmt: skip
    return _shown(request, screen)


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def unblock_page(request: PortalRequest, block_id: UUID) -> HttpResponse:
    """Take its requests again."""
    row = blocks_seen_by(request.principal).filter(pk=block_id, ended_at=None).first()
    if row is None:
        raise Http404
    if not may_open(request.principal, row):
        raise PermissionDenied
    if request.method == "POST":
        unblock_studio(principal=request.principal, block_id=block_id)
        return redirect("portal-blocks")
    screen = Binding(
        title=_("Take requests from %(studio)s again?") % {"studio": row.studio.name},
        lead=_("For %(talent)s.") % {"talent": row.talent.stage_name},
        verb=_("Take its requests again"),
        icon="lock-open",
        back=reverse("portal-blocks"),
        consequences=(
            Consequence(
                "eye", _("It sees again what it may see."), _("As the talent decided who can see them.")
            ),
            Consequence("inbox", _("It may ask again."), _("Nothing is granted by that.")),
        ),
    )
    return _shown(request, screen)


@portal_page(AGENT)
@require_http_methods(["GET", "POST"])
def escalate_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Hand a request up to the talent."""
    detail = _may(request, request_id, "ESCALATE")
    name = detail.line.talent_name
    form = EscalateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form,
        lambda: escalate_request(
            principal=request.principal, request_id=request_id, note=form.cleaned_data["note"]
        ),
    ):
        messages.success(request, _("%(talent)s decides it now.") % {"talent": name}, extra_tags="permit")
        return redirect("portal-request", request_id)
    screen = Binding(
        title=_("Hand this request up to %(talent)s?") % {"talent": name},
        lead=_("You could decide it alone. From then on they decide it, and you read along."),
        verb=_("Hand it up"),
        icon="send",
        back=reverse("portal-request", args=[request_id]),
        consequences=(
            Consequence("users", _("%(talent)s decides alone.") % {"talent": name}, _("Your mandate does not reach this request any more.")),
            Consequence("hourglass", _("The deadline stays."), _("If they do nothing, the answer is no.")),
        ),
        form=form,
    )  # fmt: skip
    return _shown(request, screen)


def _may(request: PortalRequest, request_id: UUID, act: str) -> RequestDetail:
    detail = request_detail(request.principal, request_id)
    if detail is None:
        raise Http404
    if act not in detail.may:
        raise PermissionDenied
    return detail


def _shown(request: PortalRequest, screen: Binding) -> HttpResponse:
    form = screen.form
    status = 422 if form is not None and form.errors else 200
    return render(request, "portal/bind.html", {"screen": screen, "form": form}, status=status)
