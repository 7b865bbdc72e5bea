"""Mandates: what an agent may sign for whom, and the talent's forms that give, change and end it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import words
from agents_portal.access import AGENT, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.bounds import limits_in_words
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.mandates import MandateForm
from agents_portal.views.people import mine, spoken_for
from licensing.models import Talent
from licensing.selectors import (
    MandateLine,
    absences_seen_by,
    delegations_seen_by,
    held_mandate,
    mandates_page,
    person_on_roster,
    signers_of,
)
from licensing.services import Preview, end_mandate, grant_mandate, preview_representation


@portal_page(AGENT, TALENT)
@require_GET
def mandates_list_page(request: PortalRequest) -> HttpResponse:
    """Show what one may sign for whom; to a talent, who may sign for them."""
    return _of_talent(request) if request.seat == TALENT else _of_agent(request)


@portal_page(AGENT)
@require_GET
def mandate_page(request: PortalRequest, mandate_id: UUID) -> HttpResponse:
    """Show one mandate: inside, never, and through whose hands it went."""
    held = held_mandate(request.principal, mandate_id)
    if held is None:
        raise Http404
    return render(
        request,
        "portal/mandate.html",
        {
            "held": held,
            "mandate": held.mandate,
            "limits": limits_in_words(held.mandate.limits),
            "mode": words.MODES.get(held.mandate.mode, words.lower_words(held.mandate.mode)),
            "delegations": [
                {"line": line, "limits": limits_in_words(line.limits)}
                for line in delegations_seen_by(request.principal, mandate_id=mandate_id)
            ],
        },
    )


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def give_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Give an agency a mandate, or change the one in force: a new one takes its place."""
    talent = spoken_for(request, talent_id)
    now = _in_force(request, talent)
    form = MandateForm(
        request.POST if request.method == "POST" else None,
        now=now,
        signers=signers_of(now.id) if now and now.quorum else (),
    )
    if request.method == "POST" and form.is_valid():
        shown = preview_representation(
            principal=request.principal, talent=talent, agency=form.mandate()["agency"]
        )
        if held_by_it(shown) and request.POST.get("effect_hash") != shown.effect_hash:
            return _confirm_effect(request, talent, shown)
    if request.method == "POST" and carried_out(
        form,
        lambda: grant_mandate(
            principal=request.principal,
            talent=talent,
            effect_hash=request.POST.get("effect_hash"),
            **form.mandate(),
        ),
    ):
        messages.success(request, _("The mandate is in force."), extra_tags="permit")
        return redirect("portal-mandates")
    return show_form(request, _give_screen(now), form)


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def end_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """End the mandate in force."""
    talent = spoken_for(request, talent_id)
    now = _in_force(request, talent)
    if now is None:
        raise Http404
    if request.method == "POST":
        end_mandate(principal=request.principal, talent=talent, effect_hash=request.POST.get("effect_hash"))
        return redirect("portal-mandates")
    shown = preview_representation(principal=request.principal, talent=talent, agency=None)
    screen = Binding(
        title=_("End the mandate of %(agency)s?") % {"agency": now.agency_name},
        lead=_("From then on you decide each request in person."),
        verb=_("End the mandate"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-mandates"),
        consequences=(
            Consequence("circle-x", _("Nobody there signs for you any more."), _("What was passed on to colleagues ends with it."), "deny"),
            Consequence("inbox", _("Requests that wait there wait for you."), _("If you do nothing, the answer is no.")),
            *_effect_lines(shown, _("until you let them go on.")),
            Consequence("check", _("Other licences that run go on."), _("You can stop each of them, or all at once.")),
        ),
        hidden={"effect_hash": shown.effect_hash},
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def held_by_it(shown: Preview) -> int:
    """How many live licences would stand still."""
    return sum(one.becomes == "HELD" for one in shown.effects)


def _effect_lines(shown: Preview, until: str) -> tuple[Consequence, ...]:
    many = held_by_it(shown)
    if not many:
        return ()
    told = ngettext("%(n)s licence stands still", "%(n)s licences stand still", many) % {"n": many}
    return (Consequence("circle-pause", told, until, "expire"),)


def _confirm_effect(request: PortalRequest, talent: Talent, shown: Preview) -> HttpResponse:
    """Another agency: what stands still is read before the mandate is given."""
    filled = [
        (name, value)
        for name in request.POST
        if name not in {"csrfmiddlewaretoken", "effect_hash"}
        for value in request.POST.getlist(name)
    ]
    screen = Binding(
        title=_("Change who speaks for you?"),
        lead=_("What your former agency granted waits until you, or your new agent, confirms it."),
        verb=_("Change my agency"),
        back=reverse("portal-mandate-give", args=[talent.pk]),
        consequences=(
            *_effect_lines(shown, _("until you or your new agent lets them go on.")),
            Consequence("send", _("Everybody concerned is told."), _("The studios, your former agency and the guild.")),
            Consequence("check", _("What you granted in person goes on."), ""),
        ),
        terms_hash=shown.effect_hash,
        hash_caption=_("This effect, by its hash"),
        hidden={"effect_hash": shown.effect_hash},
        repeated=tuple(filled),
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _of_agent(request: PortalRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    page = mandates_page(request.principal, after=after)
    return render(
        request,
        "portal/mandates_agent.html",
        {
            "rows": [
                {
                    "held": held,
                    "mode": words.MODES.get(held.mandate.mode, words.lower_words(held.mandate.mode)),
                    "limits": limits_in_words(held.mandate.limits)[:3],
                }
                for held in page.lines
            ],
            "delegations": delegations_seen_by(request.principal),
            "absences": absences_seen_by(request.principal),
            "more": f"?after={page.after}" if page.after else "",
            "first": reverse("portal-mandates") if after else "",
        },
    )


def _of_talent(request: PortalRequest) -> HttpResponse:
    rows = []
    for talent in mine(request):
        person = person_on_roster(request.principal, talent.pk)
        if person is not None:
            rows.append(
                {
                    "person": person,
                    "mandate": person.mandate,
                    "limits": limits_in_words(person.mandate.limits) if person.mandate else [],
                    "mode": words.MODES.get(person.mandate.mode, "") if person.mandate else "",
                    "is_me": talent.user_id == request.principal.person.pk,
                }
            )
    return render(request, "portal/mandates.html", {"rows": rows})


def _in_force(request: PortalRequest, talent: Talent) -> MandateLine | None:
    person = person_on_roster(request.principal, talent.pk)
    return person.mandate if person else None


def _give_screen(now: MandateLine | None) -> FormPage:
    return FormPage(
        title=_("Change what your agent may sign") if now else _("Let an agent sign for you"),
        lead=_("It takes the place of the mandate in force, at once.")
        if now
        else _("Inside these limits they decide for you. Outside, nothing happens without you."),
        verb=_("Change the mandate") if now else _("Give this mandate"),
        icon="signature",
        back=reverse("portal-mandates"),
        back_words=_("My agent’s mandate"),
        parts=(
            Part(_("Who"), ("agency", "agent", "mode")),
            Part(_("What"), ("use_types",)),
            Part(_("How much"), ("frames_max", "lines_max", "days_max", "fee_least", "currency"), _("Leave empty what you do not want to limit.")),
            Part(_("Where"), ("render_territory", "distribution_territory"), _("None chosen: anywhere."), folded=True),
            Part(_("Content that only you open, unless you say otherwise"), ("content",), folded=True),
            Part(_("For “several must agree” and “notice to the union”"), ("quorum", "signers", "notice_hours"), folded=True),
            Part(_("How long"), ("first_day", "last_day")),
        ),
        aside_title=_("Never part of it"),
        consequences=(
            Consequence("x", _("Training any model"), "", "deny"),
            Consequence("x", _("Stopping everything, or lifting that"), "", "deny"),
            Consequence("x", _("Making this mandate wider"), "", "deny"),
            Consequence("x", _("Who can see you"), "", "deny"),
            Consequence("x", _("What may be done after your death"), "", "deny"),
        ),
    )  # fmt: skip
