"""Strike, dispute, majority, death, changes of representation and control, a production's end: shown, then done.

Who may declare what is decided by ``licensing.services.events``; a page offers each side its own.
"""

from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, AUDITOR, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.events import WhyForm
from agents_portal.words import Badge, figure, lower_words, opening, reason_words, spelled
from common.errors import Conflict, InvalidInput
from common.language import later
from licensing.models import Hold
from licensing.selectors import (
    Thing,
    events_declared_by,
    hold_to_lift,
    holds_in_our_name,
    name_of,
    names_of_tokens,
    thing_visible_to,
    things_for,
)
from licensing.services import Preview, declare_event, lift_hold, preview_event

_SHOWN = 100
_NAMED = 20
_SEATS = (AUDITOR, AGENT, STUDIO, TALENT, VENDOR)


class Act(NamedTuple):
    """An event as its page words it; ``of`` is what it may be declared of here."""

    of: frozenset[str]
    title: str
    verb: str
    lead: str
    icon: str


_ACTS = {
    "STRIKE": Act(
        frozenset({"production"}),
        later("Call a strike on %(name)s?"),
        later("Call the strike"),
        later("Every licence of it is paused until you lift it, later ones too."),
        "circle-pause",
    ),
    "DISPUTE": Act(
        frozenset({"production", "talent", "token"}),
        later("Declare a dispute over %(name)s?"),
        later("Declare the dispute"),
        later("What it covers is paused until your side lifts it."),
        "circle-pause",
    ),
    "MAJORITY": Act(
        frozenset({"talent"}),
        later("Declare that %(name)s came of age?"),
        later("Declare it"),
        later("The guardians’ word ends. Licences pause until the person agrees to them."),
        "user-round-pen",
    ),
    "DEATH": Act(
        frozenset({"talent"}),
        later("Declare the death of %(name)s?"),
        later("Declare the death"),
        later("Only what their last word allows goes on. There is no way back but the operator’s."),
        "octagon-x",
    ),
    "REPRESENTATION": Act(
        frozenset({"talent"}),
        later("Declare that %(name)s is represented by others now?"),
        later("Declare it"),
        later("Licences that the former agency granted pause until they are confirmed."),
        "users",
    ),
    "CHANGE_OF_CONTROL": Act(
        frozenset({"organisation"}),
        later("Declare that %(name)s changed hands?"),
        later("Declare the change of control"),
        later("Each licence says what becomes of it then: it ends, waits for consent, or goes on."),
        "building-2",
    ),
    "PRODUCTION_END": Act(
        frozenset({"production", "token"}),
        later("Declare the end of production for %(name)s?"),
        later("Declare the end of production"),
        later("Licences whose terms end at this event end now. There is no way back but a new licence."),
        "clapperboard",
    ),
}
_OFFERED = {
    AUDITOR: ("STRIKE",),
    AGENT: ("DISPUTE", "MAJORITY", "PRODUCTION_END"),
    STUDIO: ("DISPUTE", "PRODUCTION_END", "CHANGE_OF_CONTROL"),
    TALENT: ("DISPUTE", "MAJORITY", "REPRESENTATION", "DEATH", "PRODUCTION_END"),
    VENDOR: ("CHANGE_OF_CONTROL",),
}
_NAMES = {
    "STRIKE": later("Strike"),
    "DISPUTE": later("Dispute"),
    "MAJORITY": later("Coming of age"),
    "DEATH": later("Death"),
    "REPRESENTATION": later("Change of representation"),
    "CHANGE_OF_CONTROL": later("Change of control"),
    "PRODUCTION_END": later("End of production"),
}
_BECOMES = {
    "HELD": ("circle-pause", "unsure", later("paused")),
    "TERMINATED": ("circle-x", "deny", later("ended for good")),
    "NEEDS_CONSENT": ("hourglass", "expire", later("refused until the talent’s side agrees anew")),
    "UNCHANGED": ("circle-check", "permit", later("as they are")),
}


@portal_page(*_SEATS)
@require_GET
def events_page(request: PortalRequest) -> HttpResponse:
    """List holds that stand in the reader's name, and events that were declared; offer what may be declared."""
    holds = [_hold(one) for one in holds_in_our_name(request.principal)[:_SHOWN]]
    standing = sum(one["hold"].lifted_at is None for one in holds)  # type: ignore[attr-defined]
    return render(
        request,
        "portal/events.html",
        {
            "holds": holds,
            "events": [
                (one, _NAMES.get(one.kind, one.kind), _told(one.effects))
                for one in events_declared_by(request.principal)[:_SHOWN]
            ],
            "offers": [
                (kind, _NAMES[kind], things_for(request.principal, _ACTS[kind].of))
                for kind in _OFFERED.get(request.seat, ())
                if kind != "PRODUCTION_END" or request.seat == STUDIO  # others declare it on a licence's page
            ],
            "headline": opening(
                ngettext("%(n)s hold stands in your name", "%(n)s holds stand in your name", standing)
                % {"n": spelled(standing)}
            )
            if standing
            else _("No hold stands in your name"),
        },
    )


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def declare_page(request: PortalRequest) -> HttpResponse:
    """Show what an event would do to every live licence; confirmed over that very effect, carry it out.

    An effect that changed meanwhile is shown anew, and nothing has happened.
    """
    asked = request.POST if request.method == "POST" else request.GET
    kind, thing = asked.get("kind", ""), _thing(request, asked.get("of", ""))
    act = _ACTS.get(kind)
    if act is None or kind not in _OFFERED.get(request.seat, ()) or thing.covers not in act.of:
        raise Http404
    try:
        shown = preview_event(
            principal=request.principal, kind=kind, covers=thing.covers, covered_id=thing.id
        )
    except Conflict as error:  # nothing here ends by it, or not all at once
        messages.warning(request, _spoken(error))
        return redirect("portal-events")
    form = WhyForm(request.POST if request.method == "POST" else None)
    problem, status = "", 200
    if request.method == "POST" and form.is_valid():
        try:
            declare_event(
                principal=request.principal,
                kind=kind,
                covers=thing.covers,
                covered_id=thing.id,
                effect_hash=request.POST.get("effect_hash", ""),
                why=form.cleaned_data["why"],
            )
        except InvalidInput as error:
            form.add_error("why", error.title)
        except Conflict as error:
            if error.code != "EFFECT_CHANGED":
                raise
            problem, status = _("The effect changed while you were reading. Nothing has happened."), 409
            form.add_error(None, _("The effect changed while you were reading. Read it again below."))
        else:
            messages.success(request, _("It is declared. The parties are told."), extra_tags="permit")
            return redirect("portal-events")
    status = 422 if form.errors and not problem else status
    screen = _screen(request, kind, act, thing, shown)
    return render(request, "portal/bind.html", {"screen": screen, "form": form}, status=status)


@portal_page(*_SEATS)
@require_http_methods(["GET", "POST"])
def lift_page(request: PortalRequest, hold_id: UUID) -> HttpResponse:
    """Lift a hold; other holds may still stand."""
    hold = hold_to_lift(request.principal, hold_id)
    if hold is None:
        raise Http404
    back = reverse("portal-licence", args=[hold.token_id]) if hold.token_id else reverse("portal-events")
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            lift_hold(principal=request.principal, hold_id=hold.pk, why=form.cleaned_data["why"])
        except InvalidInput as error:
            form.add_error("why", error.title)
        else:
            messages.success(request, _("The hold is lifted."), extra_tags="permit")
            return redirect(back)
    screen = Binding(
        title=_("Lift the hold on %(name)s?") % {"name": _name(hold)},
        lead=reason_words(hold.reason),
        verb=_("Lift the hold"),
        icon="circle-check",
        back=back,
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "circle-check",
                _("What it paused goes on."),
                _("The very next check is allowed again."),
                "permit",
            ),
            Consequence(
                "circle-pause", _("Other holds still stand."), _("Each is lifted by the side that placed it.")
            ),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _screen(request: PortalRequest, kind: str, act: Act, thing: Thing, shown: Preview) -> Binding:
    jtis = [one.jti for one in shown.effects if one.becomes != "UNCHANGED"][:_NAMED]
    names = names_of_tokens(request.principal, jtis)
    lines = [
        Consequence(
            icon,
            ngettext("%(count)s licence:", "%(count)s licences:", number) % {"count": figure(number)},
            str(words) + ".",
            tone,
        )
        for becomes, (icon, tone, words) in _BECOMES.items()
        if (number := sum(one.becomes == becomes for one in shown.effects))
    ]
    touched = ", ".join(names[jti] for jti in jtis if jti in names)
    ends = sorted({one.reason for one in shown.effects if one.becomes == "TERMINATED"})
    return Binding(
        title=str(act.title) % {"name": thing.name},
        lead=str(act.lead),
        verb=str(act.verb),
        icon=act.icon,
        danger=True,
        back=reverse("portal-licence", args=[thing.id])
        if thing.covers == "token"
        else reverse("portal-events"),
        go_back=_("Go back"),
        consequences=(
            *(lines or [Consequence("circle-check", _("No live licence is touched now."), "", "permit")]),
            *(
                [Consequence("calendar-clock", _("What their terms wait for:"), ", ".join(ends))]
                if kind == "PRODUCTION_END"
                else []
            ),
            *([Consequence("file-check", _("These are touched:"), touched)] if touched else []),
            Consequence(
                "film", _("Frames that were rendered"), _("stay where they are. Nothing is deleted by this.")
            ),
        ),
        terms_hash=shown.effect_hash,
        hash_caption=_("The effect that you confirm, by its hash"),
        hidden={"effect_hash": shown.effect_hash, "kind": kind, "of": f"{thing.covers}:{thing.id}"},
    )


def _thing(request: PortalRequest, text: str) -> Thing:
    covers, _colon, identifier = text.partition(":")
    try:
        found = thing_visible_to(request.principal, covers, UUID(identifier))
    except ValueError as error:
        raise Http404 from error
    if found is None:
        raise Http404
    return Thing(covers, found.pk, name_of(found))


def _name(hold: Hold) -> str:
    thing = hold.talent or hold.production or hold.token or hold.organisation
    return name_of(thing) if thing else ""


def _hold(hold: Hold) -> dict[str, object]:
    badge = (
        Badge("circle-pause", _("Stands"), "unsure")
        if hold.lifted_at is None
        else Badge("circle-check", _("Lifted"))
    )
    return {"hold": hold, "name": _name(hold), "badge": badge, "reason": reason_words(hold.reason)}


def _spoken(error: Conflict) -> str:
    """Why the end of a production cannot be declared of the whole of it."""
    if error.code == "ENDS_DIFFER":
        return _("These licences end at different events. Declare each on its own page.")
    return _("No live licence here ends at an event of the production.")


def _told(effects: list[dict[str, str]]) -> str:
    numbers: dict[str, int] = {}
    for one in effects:
        numbers[one["becomes"]] = numbers.get(one["becomes"], 0) + 1
    return ", ".join(
        f"{number} {_BECOMES[code][2] if code in _BECOMES else lower_words(code)}"
        for code, number in numbers.items()
    )
