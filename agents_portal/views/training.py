"""Training: asked for apart, answered by the talent alone, ended by the talent alone."""

from collections.abc import Callable, Iterable
from functools import partial
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.presence import NotBound
from agents_portal import words
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.confirm import enrolled_by, passkey_sent
from agents_portal.forming import carried_out
from agents_portal.forms.own_word import ReasonForm, TrainingYesForm
from agents_portal.rows import money_words
from agents_portal.words import Badge, and_list, figure
from common import clock
from common.errors import Conflict
from common.keyset import slice_of
from licensing.models import TrainingRequest, TrainingToken
from licensing.selectors import (
    speaks_for,
    training_requests_visible_to,
    training_state,
)
from licensing.services import approve_training, decline_training, revoke_training, withdraw_training
from licensing.services.signatures import is_passkey_required
from trustcore.policy.terms import parse_terms
from trustcore.policy.vocabulary import TRAINING_USE_TYPES

_PAGE = 25
_STATES = {
    "SUBMITTED": Badge("circle-dot", gettext_noop("Waits for an answer"), "yours"),
    "APPROVED": Badge("circle-check", gettext_noop("Agreed"), "permit"),
    "DECLINED": Badge("ban", gettext_noop("Declined"), "deny"),
    "WITHDRAWN": Badge("undo-2", gettext_noop("Withdrawn")),
    "LAPSED": Badge("timer-off", gettext_noop("Lapsed")),
}


@portal_page(TALENT, AGENT, STUDIO)
@require_GET
def training_list_page(request: PortalRequest) -> HttpResponse:
    """List who asked to train with whom, the newest first."""
    after = request.GET.get("after", "")
    page = slice_of(
        training_requests_visible_to(request.principal), by=("-created_at", "-id"), after=after, size=_PAGE
    )
    return render(
        request,
        "portal/training_list.html",
        {
            "rows": [
                {
                    "made": made,
                    "badge": _badge(made),
                    "uses": words.uses_words(made.use_types),
                }
                for made in page.rows
            ],
            "may_ask": request.seat == STUDIO and request.principal.is_role("PRODUCER", "ADMIN"),
            "open": sum(_is_open(made) for made in page.rows),
            "more": f"?after={page.after}" if page.after else "",
            "first": reverse("portal-training") if after else "",
        },
    )


@portal_page(TALENT, AGENT, STUDIO)
@require_GET
def training_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Show one request to train in full: what is asked, what is never part of it, how it stands."""
    made = _made(request, request_id)
    terms = parse_terms(made.terms)
    token = _token(made)
    mine = speaks_for(request.principal, made.talent)
    others = [use for use in TRAINING_USE_TYPES if str(use) not in made.use_types]
    return render(
        request,
        "portal/training.html",
        {
            "made": made,
            "terms": terms,
            "badge": _badge(made),
            "token": token,
            "state": str(training_state(token)) if token else "",
            "uses": [words.use_words(use) for use in made.use_types],
            "constructs": and_list([words.construct_words(str(one)) for one in terms.constructs]),
            "places": and_list([words.country(one) for one in terms.render_territory]),
            "other_training": sorted(words.use_words(str(use)) for use in others),
            "money": money_words(terms),
            "is_open": _is_open(made),
            "may_answer": mine and _is_open(made),
            "may_end": mine and token is not None and token.state == "ACTIVE",
            "may_withdraw": _may_withdraw(request, made) and _is_open(made),
        },
    )


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def approve_training_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Agree to exactly the training whose hash was on the screen."""
    made = _answerable(request, request_id)
    problem: NotBound | None = None
    if request.method == "POST":
        form = TrainingYesForm(request.POST)
        if not form.is_valid():
            raise Conflict(
                "TERMS_UNREAD",
                _("The terms you read were not named"),
                _("Nothing was signed. Open the request again."),
            )
        try:
            approve_training(
                principal=request.principal,
                request_id=request_id,
                terms_hash=form.cleaned_data["terms_hash"],
                passkey=passkey_sent(request),
            )
            return redirect("portal-training-request", request_id)
        except NotBound as error:
            problem = error
    terms = parse_terms(made.terms)
    screen = Binding(
        title=_("Let %(studio)s train on you?") % {"studio": made.licensee.name},
        lead=_("For %(production)s only, for %(days)s.")
        % {"production": made.production.title, "days": _days(terms.window.days or 0)},
        verb=_("Agree to this training"),
        back=reverse("portal-training-request", args=[request_id]),
        consequences=(
            Consequence("circle-check", _("Allowed:"), _allowed(made.use_types, terms.scope.runs_max), "permit"),
            Consequence("ban", _("Not allowed:"), _("any other training, and any frame or sound. Those are asked for apart."), "deny"),
            Consequence("banknote", money_words(terms) + "."),
            Consequence("undo-2", _("You can end it at any time."), _("What a model has learned by then is destroyed as the terms say; it cannot be unlearned.")),
            Consequence("lock", _("Only you can say this yes.")),
        ),
        terms_hash=made.terms_hash,
        hash_caption=_("You agree to this hash of the terms (sha256)"),
        hidden={"terms_hash": made.terms_hash},
    )  # fmt: skip
    screen = screen.signed_by(
        enrolled_by(request), required=is_passkey_required(request.principal, made.talent)
    )
    if problem is not None:
        screen = screen.refused(problem)
    status = 422 if problem else 200
    return render(request, "portal/bind.html", {"screen": screen, "form": None}, status=status)


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def decline_training_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Say no to training, with a reason."""
    made = _answerable(request, request_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    screen = Binding(
        title=_("Decline this training?"),
        lead=_("%(studio)s asks for it in %(production)s.")
        % {"studio": made.licensee.name, "production": made.production.title},
        verb=_("Decline the training"),
        icon="ban",
        danger=True,
        back=reverse("portal-training-request", args=[request_id]),
        consequences=(
            Consequence("ban", _("Nothing is learned from you."), _("They may ask again, with other terms."), "deny"),
            Consequence("check", _("Licences that run go on.")),
        ),
        form=form,
    )  # fmt: skip
    act = partial(decline_training, principal=request.principal, request_id=request_id)
    return _with_reason(request, screen, form, act, request_id)


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def end_training_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """End a training licence that runs."""
    made = _made(request, request_id)
    token = _token(made)
    if token is None:
        raise Http404
    if not speaks_for(request.principal, made.talent):
        raise PermissionDenied
    if token.state != "ACTIVE":
        raise Conflict("TOKEN_STATE", _("This licence has ended already"), _("Nothing was changed."))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    screen = Binding(
        title=_("End this training?"),
        lead=_("%(studio)s, in %(production)s. It cannot be undone.")
        % {"studio": made.licensee.name, "production": made.production.title},
        verb=_("End the training"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-training-request", args=[request_id]),
        consequences=(
            Consequence("circle-x", _("No further run begins."), _("Machines ask before each, and are refused."), "deny"),
            Consequence("send", _("The studio can see it at once,"), _("with your reason.")),
        ),
        form=form,
    )  # fmt: skip
    act = partial(revoke_training, principal=request.principal, jti=token.pk)
    return _with_reason(request, screen, form, act, request_id)


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def withdraw_training_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Take a request to train back."""
    made = _made(request, request_id)
    if not _may_withdraw(request, made):
        raise PermissionDenied
    if request.method == "POST":
        withdraw_training(principal=request.principal, request_id=request_id)
        return redirect("portal-training-request", request_id)
    screen = Binding(
        title=_("Withdraw this request to train?"),
        lead=_("You asked for %(name)s in %(production)s.")
        % {"name": made.talent.stage_name, "production": made.production.title},
        verb=_("Withdraw the request"),
        icon="undo-2",
        danger=True,
        back=reverse("portal-training-request", args=[request_id]),
        consequences=(Consequence("undo-2", _("The request is closed."), "", "deny"),),
    )
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _made(request: PortalRequest, request_id: UUID) -> TrainingRequest:
    found = training_requests_visible_to(request.principal).filter(pk=request_id).first()
    if found is None:
        raise Http404
    return found


def _answerable(request: PortalRequest, request_id: UUID) -> TrainingRequest:
    made = _made(request, request_id)
    if not speaks_for(request.principal, made.talent):
        raise PermissionDenied
    if not _is_open(made):
        raise Conflict(
            "REQUEST_MOVED", _("This request was answered already"), _("Nothing was changed by this.")
        )
    return made


def _may_withdraw(request: PortalRequest, made: TrainingRequest) -> bool:
    principal = request.principal
    return made.licensee_id == principal.organisation_id and principal.acts_as("PRODUCER", "ADMIN")


def _token(made: TrainingRequest) -> TrainingToken | None:
    return getattr(made, "token", None)


def _is_open(made: TrainingRequest) -> bool:
    return made.state == "SUBMITTED" and clock.now() < made.answer_by


def _badge(made: TrainingRequest) -> Badge:
    token = _token(made)
    if token is not None and token.state == "REVOKED":
        return Badge("circle-x", _("Ended by the talent"), "deny")
    if token is not None and token.not_after <= clock.now():
        return Badge("calendar-x", _("Over"))
    found = _STATES.get(made.state, Badge("circle-dashed", words.lower_words(made.state)))
    return Badge(found.icon, _(found.words), found.tone)


def _with_reason(
    request: PortalRequest,
    screen: Binding,
    form: forms.Form,
    act: Callable[..., object],
    request_id: UUID,
) -> HttpResponse:
    """The screen of an act that wants a reason, or the act once it has one."""
    if request.method == "POST" and carried_out(form, lambda: act(reason=form.cleaned_data["reason"])):
        return redirect("portal-training-request", request_id)
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": figure(days)}


def _allowed(use_types: Iterable[str], runs: int) -> str:
    said = ngettext("%(uses)s, %(n)s run.", "%(uses)s, %(n)s runs.", runs)
    return said % {"uses": words.uses_words(use_types), "n": figure(runs)}
