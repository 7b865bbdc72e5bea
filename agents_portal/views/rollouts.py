"""Policies on their way: judged in shadow, binding a share, binding everybody; what each would change, before it does."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organisation
from agents_portal.access import AGENT, AUDITOR, STUDIO, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.rollouts import CanaryForm, ShadowForm, SignOffForm, SinceForm
from agents_portal.rollout_words import KINDS, difference_words, share_words, stage_badge, title_of
from common.errors import Forbidden, InvalidInput
from licensing import services
from licensing.models import PolicyRollout
from licensing.selectors import productions_named, rollout_for, rollouts_of, shadow_counts
from licensing.services.difference import Report

_SEATS = (AUDITOR, AGENT, STUDIO)
_MOST = 100
_FIELD_OF = {
    "SHARE_INVALID": "share_percent",
    "PRODUCTION_UNKNOWN": "production",
    "COUNSEL_INVALID": "counsel_name",
}


@portal_page(*_SEATS)
@require_GET
def rollouts_page(request: PortalRequest) -> HttpResponse:
    """List what is on its way and what was, newest first."""
    rows = list(rollouts_of(request.principal)[:_MOST])
    counts = shadow_counts(rows)
    lines = [
        {
            "rollout": one,
            "title": title_of(one),
            "badge": stage_badge(one),
            "share": share_words(one),
            "count": counts.get(one.pk),
        }
        for one in rows
    ]
    live = sum(one.ended_at is None for one in rows)
    headline = (
        ngettext("%(n)s policy is on its way", "%(n)s policies are on their way", live) % {"n": live}
        if live
        else _("No policy is on its way")
    )
    return render(
        request, "portal/rollouts.html", {"lines": lines, "headline": headline, "may_act": _may_act(request)}
    )


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def new_rollout_page(request: PortalRequest) -> HttpResponse:
    """Choose a policy: look at what it would change, or have it judged in shadow from now on."""
    if not _may_act(request):
        raise PermissionDenied
    is_sent = request.method == "POST"
    form = ShadowForm(
        request.POST if is_sent else None,
        is_guild=request.principal.organisation.kind == Organisation.Kind.GUILD,
        initial={"policy": request.GET.get("profile", "")},
    )
    context: dict[str, Any] = {"form": form}
    if is_sent and form.is_valid():
        try:
            if "look" not in request.POST:
                row = services.start_shadow(principal=request.principal, **form.policy_asked())
                return redirect("portal-rollout", row.pk)
            row = services.candidate(principal=request.principal, **form.policy_asked())
            report = services.difference_report(
                principal=request.principal, rollout=row, since=SinceForm().chosen()
            )
            context |= {"title": title_of(row), **_report(report)}
        except (InvalidInput, Forbidden) as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
    return render(request, "portal/rollout_new.html", context, status=422 if form.errors else 200)


@portal_page(*_SEATS)
@require_GET
def rollout_page(request: PortalRequest, rollout_id: UUID) -> HttpResponse:
    """Show one: whom it binds, what it showed in shadow, what it would change now."""
    row = _rollout(request, rollout_id)
    form = SinceForm(request.GET if "since" in request.GET else None)
    context: dict[str, Any] = {}
    if row.ended_at is None and _may_act(request):
        try:
            context = _report(
                services.difference_report(principal=request.principal, rollout=row, since=form.chosen())
            )
        except InvalidInput as error:
            form.add_error("since", error.title)
    return render(
        request,
        "portal/rollout.html",
        {
            "row": row,
            "title": title_of(row),
            "badge": stage_badge(row),
            "share": share_words(row),
            "count": shadow_counts([row]).get(row.pk),
            "form": form,
            "may_act": _may_act(request) and row.ended_at is None,
            "is_shadow": row.stage == PolicyRollout.Stage.SHADOW,
            **context,
        },
        status=422 if form.errors else 200,
    )


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def canary_page(request: PortalRequest, rollout_id: UUID) -> HttpResponse:
    """Let it bind a share, after counsel read what it would change."""
    row = _mine(request, rollout_id)
    named = [(str(one.pk), one.title) for one in productions_named(request.principal)[:_MOST]]
    is_sent = request.method == "POST"
    form = CanaryForm(
        request.POST if is_sent else None, productions=named, names_counsel=row.kind == "DEFAULTS"
    )
    if is_sent and form.is_valid():
        fields = dict(form.cleaned_data)
        production = fields.pop("production")
        try:
            canary = services.start_canary(
                principal=request.principal,
                rollout_id=row.pk,
                productions=[UUID(production)] if production else [],
                **fields,
            )
            return redirect("portal-rollout", canary.pk)
        except InvalidInput as error:
            form.add_error(_FIELD_OF.get(error.code), f"{error.title} {error.detail}".strip())
    lines = (
        Consequence(
            "circle-dot",
            _("The share you choose"),
            _("is judged by it from now on, and refused or asked as it says."),
        ),
        Consequence("circle-dashed", _("All others"), _("are judged beside it, and nothing follows.")),
        Consequence("file-check", _("Licences that are live"), _("stay as they were signed.")),
    )
    return _sign(request, row, form, _("Bind a share by %(title)s?"), _("Bind a share"), lines)


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def promote_page(request: PortalRequest, rollout_id: UUID) -> HttpResponse:
    """Let it bind everybody, after counsel read what it would change."""
    row = _mine(request, rollout_id)
    is_sent = request.method == "POST"
    form = SignOffForm(request.POST if is_sent else None, names_counsel=row.kind == "DEFAULTS")
    if is_sent and form.is_valid():
        try:
            services.promote(principal=request.principal, rollout_id=row.pk, **form.cleaned_data)
            return redirect("portal-rollouts")
        except InvalidInput as error:
            form.add_error(_FIELD_OF.get(error.code), f"{error.title} {error.detail}".strip())
    lines = (
        Consequence(
            "scale", _("Every request from now on"), _("in which your house is a party is judged by it.")
        ),
        Consequence("file-check", _("Licences that are live"), _("stay as they were signed.")),
    )
    return _sign(request, row, form, _("Let %(title)s bind everybody?"), _("Bind everybody"), lines)


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def end_rollout_page(request: PortalRequest, rollout_id: UUID) -> HttpResponse:
    """Stop it; what it showed stays."""
    row = _mine(request, rollout_id)
    if request.method == "POST":
        services.end_rollout(principal=request.principal, rollout_id=row.pk)
        return redirect("portal-rollout", row.pk)
    screen = Binding(
        title=_("Stop rolling out %(title)s?") % {"title": title_of(row)},
        lead=_("Nothing is judged by it from now on."),
        verb=_("Stop it"),
        icon="ban",
        danger=True,
        back=reverse("portal-rollout", args=[row.pk]),
        go_back=_("Go back"),
        consequences=(
            Consequence("file-pen-line", _("Requests that it bound"), _("keep the terms that they have.")),
            Consequence("history", _("What it showed"), _("is kept.")),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _sign(
    request: PortalRequest,
    row: PolicyRollout,
    form: SignOffForm,
    title: str,
    verb: str,
    lines: tuple[Consequence, ...],
) -> HttpResponse:
    """The screen of a sign-off: what it would change as of now, by its hash; hidden, what was read."""
    since = SinceForm(request.POST or request.GET)
    report = services.difference_report(principal=request.principal, rollout=row, since=since.chosen())
    told = ngettext(
        "%(n)s outcome would be different.", "%(n)s outcomes would be different.", report.differ
    ) % {"n": f"{report.differ:,}"}
    hidden = {
        "content_hash": row.content_hash,
        "report_hash": report.hash,
        "since": report.since.isoformat(),
    }
    for name in hidden:
        del form.fields[name]
    screen = Binding(
        title=title % {"title": title_of(row)},
        lead=_("Counsel signs off two things: the text, and what it would change."),
        verb=verb,
        icon="signature",
        back=f"{reverse('portal-rollout', args=[row.pk])}?since={report.since.isoformat()}",
        go_back=_("Go back"),
        consequences=(
            Consequence("git-compare-arrows", told, _("Read them on the page before this one.")),
            *lines,
        ),
        terms_hash=report.hash,
        hash_caption=_("What it would change, by its hash"),
        hidden=hidden,
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _report(report: Report) -> dict[str, Any]:
    """The report in words; rows that the reader may not know of are counted together where they say the same."""
    named, others = [], Counter[tuple[str, tuple[str, ...]]]()
    for one in report.rows:
        sentences = tuple(difference_words(one.difference))
        if one.id is None:
            others[(str(KINDS[one.kind]), sentences)] += 1
        else:
            named.append((KINDS[one.kind], one, sentences))
    return {
        "report": report,
        "tallies": [(KINDS[one.kind], one) for one in report.tallies],
        "changes": named,
        "others": [(kind, sentences, count) for (kind, sentences), count in others.items()],
    }


def _rollout(request: PortalRequest, rollout_id: UUID) -> PolicyRollout:
    row = rollout_for(request.principal, rollout_id)
    if row is None:
        raise Http404
    return row


def _mine(request: PortalRequest, rollout_id: UUID) -> PolicyRollout:
    row = _rollout(request, rollout_id)
    if not _may_act(request):
        raise PermissionDenied
    return row


def _may_act(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")
