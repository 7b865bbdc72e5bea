"""The talent's own pages: what runs now, what waits, and the stop that nobody else can press."""

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import sentences, words
from agents_portal.access import TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.views.licences import meters_of
from agents_portal.words import and_list, figure, later, opening, spelled
from licensing.selectors import (
    LicenceLine,
    live_licences,
    open_count,
    own_line,
    requests_needing,
    stop_in_force,
    talents_on_roster,
    training_asked_of,
)
from licensing.services import emergency_stop, lift_emergency_stop
from receipts.selectors import TokenCounts, quotas_of, rendered_under

_SHOWN = 50
_WAITING_SHOWN = 20
_STOPPED_MOST = 1000
NEVER = (
    later("Training a model on you"),
    later("Words you never said"),
    later("Nudity or sex"),
    later("Politics or endorsements"),
    later("Anything after your death"),
    later("A wider mandate for your agent"),
)


class StopForm(forms.Form):
    """``confirm`` says that the screen was read."""

    confirm = forms.CharField(widget=forms.HiddenInput, initial="stop")


@portal_page(TALENT)
@require_GET
def home_page(request: PortalRequest) -> HttpResponse:
    """Say who can use this person's likeness today, in their own words."""
    live = live_licences(request.principal, size=_SHOWN)
    usable = [line for line in live if line.state != "SUSPENDED"]
    used = quotas_of(line.jti for line in live)
    me = own_line(request.principal)
    return render(
        request,
        "portal/home.html",
        {
            "headline": _headline(request.principal.person.full_name, usable),
            "lead": _lead(usable),
            "waiting": requests_needing(request.principal, size=_WAITING_SHOWN),
            "running": [_running(line, used.get(line.jti) or TokenCounts(line.jti)) for line in live],
            "never": NEVER,
            "me": me,
            "training": training_asked_of(request.principal),
            "stopped": me is not None and me.stopped,
            "agent": me.agent_name.split(maxsplit=1)[0] if me and me.agent_name else "",
            "agent_email": me.agent_email if me else "",
            "visibility": words.VISIBILITY.get(me.visibility, "") if me else "",
        },
    )


def _running(line: LicenceLine, counts: TokenCounts) -> dict[str, object]:
    return {
        "line": line,
        "badge": sentences.licence_badge(line),
        "meters": meters_of(line, counts),
        "face": any(not construct.startswith("VOICE") for construct in line.constructs),
        "voice": any(construct.startswith("VOICE") for construct in line.constructs),
    }


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def stop_page(request: PortalRequest) -> HttpResponse:
    """Stop every use at once, and lift the stop: one tap to this screen, one to confirm."""
    mine = [one for one in talents_on_roster(request.principal) if one.user_id == request.principal.person.pk]
    if not mine:
        raise Http404
    if request.method == "POST" and request.POST.get("confirm") == "stop":
        for talent in mine:
            emergency_stop(
                principal=request.principal, talent=talent, reason="Stopped by the talent, in person."
            )
        return redirect("portal-home")
    stopped = [one for one in mine if stop_in_force(one.pk) is not None]
    if request.method == "POST" and request.POST.get("confirm") == "lift":
        for talent in stopped:
            lift_emergency_stop(principal=request.principal, talent=talent)
        return redirect("portal-home")
    if stopped:
        return render(request, "portal/bind.html", {"screen": _lift_screen(), "form": None})
    live = live_licences(request.principal, size=_STOPPED_MOST)
    frames = sum(rendered_under(line.jti for line in live).values())
    waiting = open_count(request.principal)
    machines = _("Machines working now stop at their next heartbeat.")
    works = and_list(sorted({line.production_title for line in live}))
    screen = Binding(
        title=_("Stop every use of your face and voice?"),
        lead="",
        verb=_("Stop everything now"),
        icon="octagon-x",
        danger=True,
        back=reverse("portal-home"),
        go_back=_("Go back, change nothing"),
        hidden={"confirm": "stop"},
        consequences=(
            Consequence(
                "octagon-x",
                ngettext("%(count)s licence stops.", "%(count)s licences stop.", len(live))
                % {"count": figure(len(live))},
                f"{works}. {machines}" if works else machines,
                "deny",
            ),
            Consequence(
                "circle-pause",
                ngettext("%(count)s request is closed.", "%(count)s requests are closed.", waiting)
                % {"count": figure(waiting)},
                _("Nobody can approve it any more.") if waiting else "",
                "deny",
            ),
            Consequence(
                "send",
                _("Your agent and the studios can see it at once."),
                _("You do not need to give a reason."),
            ),
            Consequence(
                "film",
                _("Frames already made are held, %(count)s of them.") % {"count": figure(frames)},
                _("They may not be shown until you decide."),
            ),
            Consequence(
                "lock",
                _("Only you can do this."),
                _("Nobody else can, not even the people who run this server."),
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _lift_screen() -> Binding:
    """What the talent reads while everything is stopped."""
    return Binding(
        title=_("Everything is stopped. Lift the stop?"),
        lead="",
        verb=_("Lift the stop"),
        icon="undo-2",
        danger=False,
        back=reverse("portal-home"),
        go_back=_("Go back, everything stays stopped"),
        hidden={"confirm": "lift"},
        consequences=(
            Consequence(
                "circle-check",
                _("Licences that still run permit again."),
                _("The next question of a machine is answered by their terms."),
            ),
            Consequence(
                "circle-x", _("What the stop ended stays ended."), _("Nobody can bring it back."), "deny"
            ),
            Consequence(
                "lock",
                _("Only you can do this."),
                _("Nobody else can, not even the people who run this server."),
            ),
        ),
    )


def _headline(name: str, live: list[LicenceLine]) -> str:
    productions = len({line.production_id for line in live})
    given = name.split(maxsplit=1)[0] if name.split() else _("You")
    if not productions:
        return _("%(name)s, nobody can use your likeness today") % {"name": given}
    text = ngettext(
        "%(name)s, %(count)s production can use your likeness today",
        "%(name)s, %(count)s productions can use your likeness today",
        productions,
    )
    return text % {"name": given, "count": spelled(productions)}


def _lead(live: list[LicenceLine]) -> str:
    # productions, as the headline counts them: one may hold several licences
    voices = len({one.production_id for one in live if any(c.startswith("VOICE") for c in one.constructs)})
    faces = len({one.production_id for one in live if not all(c.startswith("VOICE") for c in one.constructs)})
    if not live:
        return _("Nothing may be rendered of you. Whoever asks must wait for a yes.")
    face = ngettext("Your face in one", "Your face in %(count)s of them", faces) % {"count": spelled(faces)}
    voice = ngettext("your voice in one", "your voice in %(count)s of them", voices) % {
        "count": spelled(voices)
    }
    parts = [face] * bool(faces) + [voice] * bool(voices)
    return opening(_("%(parts)s. Nothing else, and nobody else.") % {"parts": ", ".join(parts)})
