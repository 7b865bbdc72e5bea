"""The answers to a request: counter, approve, decline; and the studio's: accept the counter, withdraw."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.presence import NotBound
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.confirm import passkey_sent
from agents_portal.drafts import Draft, drop_draft
from agents_portal.forms.answers import CounterForm, DeclineForm, HashForm
from agents_portal.grants import first_words
from agents_portal.rows import money_words
from agents_portal.views.requests import detail_or_404, draft_for
from agents_portal.words import and_list, counted
from common.errors import Conflict, DomainError, InvalidInput
from licensing.selectors import RequestDetail
from licensing.services import (
    accept_counter,
    approve_request,
    counter_request,
    decline_request,
    preview_counter,
    withdraw_request,
)
from trustcore.policy.terms import Terms, terms_hash


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def approve_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Agree to exactly the terms whose hash was on the screen."""
    detail = _may(request, request_id, "APPROVE")
    return _bound(
        request,
        _approve_screen(detail, len(draft_for(request, detail))),
        detail,
        lambda: approve_request(
            principal=request.principal,
            request_id=request_id,
            terms_hash=_hash_sent(request),
            passkey=passkey_sent(request),
        ),
    )


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def counter_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Send the draft as a new version; nothing is granted by it."""
    detail = _may(request, request_id, "COUNTER")
    draft = draft_for(request, detail)
    if not draft:
        return redirect(f"{_back(request_id)}#terms")
    form = CounterForm(request.POST if request.method == "POST" else None)
    proposed, is_exact = _proposed(request, detail, draft)
    screen = Binding(
        title="Send this counter?",
        lead=f"{detail.line.licensee_name} is asked to accept {counted(len(draft), 'change', 'changes')} of yours. Nothing is granted by it.",
        verb="Send the counter",
        icon="send",
        back=_back(request_id),
        consequences=(
            Consequence(
                "circle-check", "Granted, once both agree:", first_words(proposed, granted=True), "permit"
            ),
            Consequence("ban", "Not granted:", first_words(proposed, granted=False), "deny"),
            Consequence(
                "hourglass",
                f"{detail.line.licensee_name} answers next.",
                "You approve after that; until then nothing starts.",
            ),
        ),
        terms_hash=terms_hash(proposed),
        hash_caption=(
            "You propose this hash of the terms (sha256)"
            if is_exact
            else "What you propose, before it gets its version number (sha256)"
        ),
        hidden={"terms_hash": detail.terms_hash},
        form=form,
    )
    if is_exact:
        screen = _to_sign(request, screen, detail)
    if request.method == "GET" or not form.is_valid():
        return _screen(request, screen, status=200 if request.method == "GET" else 422)
    if _hash_sent(request) != detail.terms_hash:
        raise Conflict(
            "TERMS_CHANGED", "The terms changed while you read", "Your changes are kept; nothing was sent."
        )
    note = "\n".join(part for part in (form.cleaned_data["note"], draft.note) if part)
    try:
        counter_request(
            principal=request.principal,
            request_id=request_id,
            terms_hash=detail.terms_hash,
            changes=draft.changes(detail.terms),
            note=note[:2000],
            passkey=passkey_sent(request),
        )
    except NotBound as error:
        return _screen(request, screen.refused(error), status=422)
    except InvalidInput as error:
        form.add_error(None, f"{error.title} {error.detail}".strip())
        return _screen(request, screen, status=422)
    drop_draft(request.session, request_id)
    return _done(request_id)


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def decline_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Say no, with a reason."""
    detail = _may(request, request_id, "DECLINE")
    line = detail.line
    return _with_form(
        request,
        DeclineForm(request.POST if request.method == "POST" else None),
        lambda form: Binding(
            title="Decline this request?",
            lead=f"{line.licensee_name} asks for {line.talent_name} in {line.production_title}.",
            verb="Decline the request",
            icon="ban",
            danger=True,
            back=_back(request_id),
            consequences=(
                Consequence("ban", "Nothing is granted.", "They may ask again, with other terms.", "deny"),
                Consequence("send", f"{line.licensee_name} is told at once,", "with your reason."),
                Consequence("check", "Licences that run go on.", "A decline ends none of them."),
            ),
            form=form,
        ),
        lambda form: decline_request(
            principal=request.principal, request_id=request_id, reason=form.cleaned_data["reason"]
        ),
        request_id,
    )


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def accept_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Accept the counter, word for word."""
    detail = _may(request, request_id, "ACCEPT_COUNTER")
    line = detail.line
    answerer = line.agency_name or line.talent_name
    screen = Binding(
        title=f"Accept version {detail.version}?",
        lead=f"{answerer} offers these terms for {line.talent_name} in {line.production_title}. You take them word for word.",
        verb="Accept the counter",
        back=_back(request_id),
        consequences=(
            *(Consequence("git-compare-arrows", change.sentence) for change in detail.changes_from_previous),
            Consequence(
                "circle-check",
                "Granted, once they approve:",
                first_words(detail.terms, granted=True),
                "permit",
            ),
            Consequence("ban", "Not granted:", first_words(detail.terms, granted=False), "deny"),
            Consequence("hourglass", f"{answerer} approves next.", "Nothing starts before that."),
        ),
        terms_hash=detail.terms_hash,
        hash_caption="You agree to this hash of the terms (sha256)",
        hidden={"terms_hash": detail.terms_hash},
    )
    return _bound(
        request,
        screen,
        detail,
        lambda: accept_counter(
            principal=request.principal,
            request_id=request_id,
            terms_hash=_hash_sent(request),
            passkey=passkey_sent(request),
        ),
    )


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def withdraw_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Take the request back."""
    detail = _may(request, request_id, "WITHDRAW")
    line = detail.line
    return _with_form(
        request,
        forms.Form(request.POST if request.method == "POST" else None),
        lambda form: Binding(
            title="Withdraw this request?",
            lead=f"You asked for {line.talent_name} in {line.production_title}.",
            verb="Withdraw the request",
            icon="undo-2",
            danger=True,
            back=_back(request_id),
            consequences=(
                Consequence("undo-2", "The request is closed.", "Nobody can approve it any more.", "deny"),
                Consequence("send", f"{line.agency_name or line.talent_name} is told at once."),
                Consequence("check", "Licences that run go on."),
            ),
            form=form,
        ),
        lambda _: withdraw_request(principal=request.principal, request_id=request_id),
        request_id,
    )


def _may(request: PortalRequest, request_id: UUID, act: str) -> RequestDetail:
    """The request, if this act is open to the reader; what is over answers as a conflict.

    Raises:
        Http404: not this reader's to see.
        PermissionDenied: the reader may see it, and others decide.
        Conflict: the request moved on while it was read.
    """
    detail = detail_or_404(request, request_id)
    if act in detail.may:
        return detail
    if any(signer.is_me for signer in detail.signers):
        raise Conflict(
            "REQUEST_MOVED",
            "The request moved on while you read",
            "Nothing was signed. Open it again to see how it stands.",
        )
    raise PermissionDenied


def _approve_screen(detail: RequestDetail, unsent: int) -> Binding:
    line, terms = detail.line, detail.terms
    others = [one.name for one in detail.signers if one.state != "AGREED" and not one.is_me]
    then = (
        Consequence("hourglass", f"Then {and_list(others)} must agree.", "Nothing starts before that.")
        if others
        else Consequence(
            "clock", "The licence is issued at once,", "and the studio may render inside these terms."
        )
    )
    return Binding(
        title=f"Approve version {detail.version} for {line.talent_name}?",
        lead=f"You are saying yes to exactly this, for {line.production_title} only, for {terms.window.days} days.",
        verb=f"Approve version {detail.version}",
        back=_back(line.id),
        consequences=(
            Consequence("circle-check", "Granted:", first_words(terms, granted=True), "permit"),
            Consequence("ban", "Not granted:", first_words(terms, granted=False), "deny"),
            Consequence(
                "banknote",
                money_words(terms) + ",",
                f"and {terms.approvals.final_review_hours} hours to see the final shots.",
            ),
            then,
            *_unsent_words(unsent),
        ),
        terms_hash=detail.terms_hash,
        hash_caption="You approve this hash of the terms (sha256)",
        hidden={"terms_hash": detail.terms_hash},
        after="Your approval is stored with the terms and can be checked years later, without this server.",
    )


def _unsent_words(unsent: int) -> tuple[Consequence, ...]:
    if not unsent:
        return ()
    changes = counted(
        unsent, "change of yours is not part of this.", "changes of yours are not part of this."
    )
    return (
        Consequence(
            "pencil", changes, "You approve what they ask. To give less, send the counter.", "expire"
        ),
    )


def _bound(
    request: PortalRequest, screen: Binding, detail: RequestDetail, act: Callable[[], object]
) -> HttpResponse:
    """Show the screen of an act that signs terms, or carry the act out; the same screen again if it does not bind."""
    screen = _to_sign(request, screen, detail)
    if request.method == "GET":
        return _screen(request, screen)
    try:
        act()
    except (NotBound, InvalidInput) as error:
        return _screen(request, screen.refused(error), status=422)
    drop_draft(request.session, detail.line.id)
    return _done(detail.line.id)


def _to_sign(request: PortalRequest, screen: Binding, detail: RequestDetail) -> Binding:
    return screen.signed_by(request.principal, required=detail.needs_passkey)


def _proposed(request: PortalRequest, detail: RequestDetail, draft: Draft) -> tuple[Terms, bool]:
    """The terms that the draft proposes; and whether they are, to the letter, the next version."""
    try:
        terms = preview_counter(
            principal=request.principal, request_id=detail.line.id, changes=draft.changes(detail.terms)
        )
    except DomainError:  # the act itself will say what is wrong with it
        return draft.apply(detail.terms), False
    return terms, True


def _hash_sent(request: PortalRequest) -> str:
    form = HashForm(request.POST)
    if not form.is_valid():
        raise Conflict(
            "TERMS_UNREAD", "The terms you read were not named", "Nothing was signed. Open the request again."
        )
    return str(form.cleaned_data["terms_hash"])


def _with_form(
    request: PortalRequest,
    form: forms.Form,
    screen: Callable[[forms.Form], Binding],
    act: Callable[[forms.Form], object],
    request_id: UUID,
) -> HttpResponse:
    if request.method == "GET":
        return _screen(request, screen(form))
    if form.is_valid():
        try:
            act(form)
            return _done(request_id)
        except InvalidInput as error:
            form.add_error(next(iter(form.fields), None), f"{error.title} {error.detail}".strip())
    return _screen(request, screen(form), status=422)


def _screen(request: PortalRequest, screen: Binding, status: int = 200) -> HttpResponse:
    return render(request, "portal/bind.html", {"screen": screen, "form": screen.form}, status=status)


def _back(request_id: UUID) -> str:
    return reverse("portal-request", args=[request_id])


def _done(request_id: UUID) -> HttpResponse:
    return redirect(_back(request_id))
