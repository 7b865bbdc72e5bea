"""The answers to a request: counter, approve, decline; and the studio's: accept the counter, amend it, withdraw."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.presence import NotBound
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.changes import names_in, own_changes
from agents_portal.confirm import enrolled_by, passkey_sent
from agents_portal.drafts import Draft, drop_draft
from agents_portal.fields import Kind
from agents_portal.forms.answers import CounterForm, DeclineForm, HashForm
from agents_portal.grants import first_words
from agents_portal.rows import money_words
from agents_portal.term_table import FIELDS
from agents_portal.views.requests import detail_or_404, draft_for
from agents_portal.words import and_list, figure
from common.errors import Conflict, DomainError, InvalidInput
from licensing.selectors import RequestDetail, RequestLine
from licensing.services import (
    accept_counter,
    approve_request,
    ask_questions,
    counter_request,
    decline_request,
    preview_counter,
    revise_request,
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
    """Send the draft as a new version; nothing is granted by it. A draft of questions alone asks them."""
    detail = _may(request, request_id, "COUNTER")
    draft = draft_for(request, detail)
    if not draft:
        return redirect(f"{_back(request_id)}#terms")
    if not draft.values:
        return _send_questions(request, detail, draft)
    form = CounterForm(request.POST if request.method == "POST" else None)
    proposed, is_exact = _proposed(request, detail, draft)
    screen = Binding(
        title=_("Send this counter?"),
        lead=ngettext(
            "%(licensee)s is asked to accept %(count)s change of yours. Nothing is granted by it.",
            "%(licensee)s is asked to accept %(count)s changes of yours. Nothing is granted by it.",
            len(draft.values),
        )
        % {"licensee": detail.line.licensee_name, "count": figure(len(draft.values))},
        verb=_("Send the counter"),
        icon="send",
        back=_back(request_id),
        consequences=(
            *_said(draft, detail),
            Consequence(
                "circle-check", _("Granted, once both agree:"), first_words(proposed, granted=True), "permit"
            ),
            Consequence("ban", _("Not granted:"), first_words(proposed, granted=False), "deny"),
            Consequence(
                "hourglass",
                _("%(name)s answers next.") % {"name": detail.line.licensee_name},
                _("You approve after that; until then nothing starts."),
            ),
        ),
        terms_hash=terms_hash(proposed),
        hash_caption=(
            _("You propose this hash of the terms (sha256)")
            if is_exact
            else _("What you propose, before it gets its version number (sha256)")
        ),
        hidden={"terms_hash": detail.terms_hash},
        form=form,
    )
    if is_exact:
        screen = _to_sign(request, screen, detail)
    return _put_forward(
        request,
        detail,
        screen,
        form,
        lambda: counter_request(
            principal=request.principal,
            request_id=request_id,
            terms_hash=detail.terms_hash,
            changes=draft.changes(detail.terms),
            note=form.cleaned_data["note"],
            field_notes=draft.field_notes,
            questions=draft.field_questions,
            passkey=passkey_sent(request),
        ),
    )


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def revise_page(request: PortalRequest, request_id: UUID) -> HttpResponse:
    """Put the studio's draft forward as the next version: an amendment, or an answer to a counter."""
    detail = _may(request, request_id, "REVISE")
    draft = draft_for(request, detail)
    if not draft:
        return redirect(f"{_back(request_id)}#terms")
    if not draft.values:
        return _send_questions(request, detail, draft)
    form = CounterForm(request.POST if request.method == "POST" else None)
    answerer = detail.line.agency_name or detail.line.talent_name
    form.fields["note"].label = _("A line to %(answerer)s about these terms") % {"answerer": answerer}
    proposed = draft.apply(detail.terms)
    screen = Binding(
        title=_("Send these terms?"),
        lead=ngettext(
            "%(answerer)s is asked anew, with %(count)s change of yours. Nothing is granted by it.",
            "%(answerer)s is asked anew, with %(count)s changes of yours. Nothing is granted by it.",
            len(draft.values),
        )
        % {"answerer": answerer, "count": figure(len(draft.values))},
        verb=_("Send the terms"),
        icon="send",
        back=_back(request_id),
        consequences=(
            *_said(draft, detail),
            Consequence(
                "circle-check",
                _("Granted, once they approve:"),
                first_words(proposed, granted=True),
                "permit",
            ),
            Consequence("ban", _("Not granted:"), first_words(proposed, granted=False), "deny"),
            Consequence(
                "undo-2",
                _("What was approved before counts no more."),
                _("Wider terms may ask more people, and begin their notice again."),
                "expire",
            ),
        ),
        terms_hash=terms_hash(proposed),
        hash_caption=_("What you propose, before it gets its version number (sha256)"),
        hidden={"terms_hash": detail.terms_hash},
        form=form,
    )
    return _put_forward(
        request,
        detail,
        screen,
        form,
        lambda: revise_request(
            principal=request.principal,
            request_id=request_id,
            terms_hash=detail.terms_hash,
            changes=draft.changes(detail.terms),
            note=form.cleaned_data["note"],
            field_notes=draft.field_notes,
            questions=draft.field_questions,
        ),
    )


_ONE_VALUE = frozenset({Kind.NUMBER, Kind.MONEY, Kind.POINTS, Kind.FLAG, Kind.DATE, Kind.CHOICE})


def _said(draft: Draft, detail: RequestDetail) -> tuple[Consequence, ...]:
    """Each change by its term, what it was and becomes, and its note; and each question."""
    sentences = {one.field: one.sentence for one in own_changes(detail, draft, names_in(detail, draft))}
    changed = tuple(
        Consequence(
            "pencil",
            f"{FIELDS[key].label}:",
            _changed(draft, detail.terms, key, sentences.get(FIELDS[key].path, "")),
            "accent",
        )
        for key in draft.values
    )
    asked = tuple(
        Consequence("message-circle", f"{FIELDS[key].label}", f"“{text}”")
        for key, text in draft.questions.items()
    )
    return (*changed, *asked)


def _changed(draft: Draft, terms: Terms, key: str, sentence: str) -> str:
    """What one term was and becomes, a list by the sentence of its difference."""
    field, note = FIELDS[key], draft.notes.get(key)
    said = f"“{note}”" if note else ""
    if field.kind not in _ONE_VALUE:
        return f"{sentence} {said}".strip() or _("changes, without a note")
    before, now = field.value_of(terms), field.told(draft.values[key], draft.currency(terms), {})
    if before is None:
        told = _("%(now)s, where nothing was agreed.") % {"now": now}
    else:
        was = field.told(before, terms.compensation.currency, {})
        told = _("%(now)s, was %(was)s.") % {"now": now, "was": was}
    return f"{told} {said}".strip()


def _send_questions(request: PortalRequest, detail: RequestDetail, draft: Draft) -> HttpResponse:
    """Ask what the draft asks; the terms, their deadline and every approval stay as they are."""
    count = len(draft.questions)
    screen = Binding(
        title=ngettext("Ask this question?", "Ask these questions?", count),
        lead=_("The terms stay as they are, and so does the deadline."),
        verb=ngettext("Send the question", "Send the questions", count),
        icon="message-circle",
        back=_back(detail.line.id),
        consequences=_said(draft, detail),
        hidden={"terms_hash": detail.terms_hash},
    )
    if request.method == "GET":
        return _screen(request, screen)
    try:
        ask_questions(principal=request.principal, request_id=detail.line.id, questions=draft.field_questions)
    except InvalidInput as error:
        return _screen(request, screen.refused(error), status=422)
    drop_draft(request.session, detail.line.id, answers=draft.answers)
    return _done(detail.line.id)


def _put_forward(
    request: PortalRequest,
    detail: RequestDetail,
    screen: Binding,
    form: CounterForm,
    act: Callable[[], object],
) -> HttpResponse:
    """Show the screen of a new version, or send it over the terms that were read; the screen again if refused."""
    if request.method == "GET" or not form.is_valid():
        return _screen(request, screen, status=200 if request.method == "GET" else 422)
    if _hash_sent(request) != detail.terms_hash:
        raise Conflict(
            "TERMS_CHANGED",
            _("The terms changed while you read"),
            _("Your changes are kept; nothing was sent."),
        )
    try:
        act()
    except NotBound as error:
        return _screen(request, screen.refused(error), status=422)
    except InvalidInput as error:
        form.add_error(None, f"{error.title} {error.detail}".strip())
        return _screen(request, screen, status=422)
    drop_draft(request.session, detail.line.id, answers=request.seat != STUDIO)
    return _done(detail.line.id)


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
            title=_("Decline this request?"),
            lead=_("%(licensee)s asks for %(talent)s in %(production)s.") % _names(line),
            verb=_("Decline the request"),
            icon="ban",
            danger=True,
            back=_back(request_id),
            consequences=(
                Consequence(
                    "ban", _("Nothing is granted."), _("They may ask again, with other terms."), "deny"
                ),
                Consequence(
                    "send",
                    _("%(name)s is told at once,") % {"name": line.licensee_name},
                    _("with your reason."),
                ),
                Consequence("check", _("Licences that run go on."), _("A decline ends none of them.")),
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
        title=_("Accept version %(number)s?") % {"number": detail.version},
        lead=_(
            "%(answerer)s offers these terms for %(talent)s in %(production)s. You take them word for word."
        )
        % {"answerer": answerer, **_names(line)},
        verb=_("Accept the counter"),
        back=_back(request_id),
        consequences=(
            *(Consequence("git-compare-arrows", change.sentence) for change in detail.changes_from_previous),
            Consequence(
                "circle-check",
                _("Granted, once they approve:"),
                first_words(detail.terms, granted=True),
                "permit",
            ),
            Consequence("ban", _("Not granted:"), first_words(detail.terms, granted=False), "deny"),
            Consequence(
                "hourglass",
                _("%(name)s approves next.") % {"name": answerer},
                _("Nothing starts before that."),
            ),
        ),
        terms_hash=detail.terms_hash,
        hash_caption=_("You agree to this hash of the terms (sha256)"),
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
            title=_("Withdraw this request?"),
            lead=_("You asked for %(talent)s in %(production)s.") % _names(line),
            verb=_("Withdraw the request"),
            icon="undo-2",
            danger=True,
            back=_back(request_id),
            consequences=(
                Consequence(
                    "undo-2", _("The request is closed."), _("Nobody can approve it any more."), "deny"
                ),
                Consequence(
                    "send", _("%(name)s is told at once.") % {"name": line.agency_name or line.talent_name}
                ),
                Consequence("check", _("Licences that run go on.")),
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
            _("The request moved on while you read"),
            _("Nothing was signed. Open it again to see how it stands."),
        )
    raise PermissionDenied


def _approve_screen(detail: RequestDetail, unsent: int) -> Binding:
    line, terms = detail.line, detail.terms
    others = [one.name for one in detail.signers if one.state != "AGREED" and not one.is_me]
    then = (
        Consequence(
            "hourglass",
            _("Then %(names)s must agree.") % {"names": and_list(others)},
            _("Nothing starts before that."),
        )
        if others
        else Consequence(
            "clock", _("The licence is issued at once,"), _("and the studio may render inside these terms.")
        )
    )
    return Binding(
        title=_("Approve version %(number)s for %(talent)s?")
        % {"number": detail.version, "talent": line.talent_name},
        lead=ngettext(
            "You are saying yes to exactly this, for %(production)s only, for %(days)s day.",
            "You are saying yes to exactly this, for %(production)s only, for %(days)s days.",
            terms.window.days or 0,
        )
        % {"production": line.production_title, "days": terms.window.days},
        verb=_("Approve version %(number)s") % {"number": detail.version},
        back=_back(line.id),
        consequences=(
            Consequence("circle-check", _("Granted:"), first_words(terms, granted=True), "permit"),
            Consequence("ban", _("Not granted:"), first_words(terms, granted=False), "deny"),
            Consequence(
                "banknote",
                money_words(terms) + ",",
                ngettext(
                    "and %(hours)s hour to see the final shots.",
                    "and %(hours)s hours to see the final shots.",
                    terms.approvals.final_review_hours,
                )
                % {"hours": figure(terms.approvals.final_review_hours)},
            ),
            then,
            *_unsent_words(unsent),
        ),
        terms_hash=detail.terms_hash,
        hash_caption=_("You approve this hash of the terms (sha256)"),
        hidden={"terms_hash": detail.terms_hash},
        after=_(
            "Your approval is stored with the terms and can be checked years later, without this server."
        ),
    )


def _unsent_words(unsent: int) -> tuple[Consequence, ...]:
    if not unsent:
        return ()
    changes = ngettext(
        "%(count)s change of yours is not part of this.",
        "%(count)s changes of yours are not part of this.",
        unsent,
    ) % {"count": figure(unsent)}
    return (
        Consequence(
            "pencil", changes, _("You approve what they ask. To give less, send the counter."), "expire"
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
    drop_draft(request.session, detail.line.id, answers=request.seat != STUDIO)
    return _done(detail.line.id)


def _to_sign(request: PortalRequest, screen: Binding, detail: RequestDetail) -> Binding:
    return screen.signed_by(enrolled_by(request), required=detail.needs_passkey)


def _proposed(request: PortalRequest, detail: RequestDetail, draft: Draft) -> tuple[Terms, bool]:
    """The terms that the draft proposes; and whether they are, to the letter, the next version."""
    try:
        terms = preview_counter(
            principal=request.principal, request_id=detail.line.id, changes=draft.changes(detail.terms)
        )
    except DomainError:  # the act itself will say what is wrong with it
        return draft.apply(detail.terms), False
    return terms, True


def _names(line: RequestLine) -> dict[str, str]:
    return {
        "licensee": line.licensee_name,
        "talent": line.talent_name,
        "production": line.production_title,
    }


def _hash_sent(request: PortalRequest) -> str:
    form = HashForm(request.POST)
    if not form.is_valid():
        raise Conflict(
            "TERMS_UNREAD",
            _("The terms you read were not named"),
            _("Nothing was signed. Open the request again."),
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
