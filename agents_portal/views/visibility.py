"""Who can see a talent: one answer for all of them, and one for each part; set by the talent alone."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import words
from agents_portal.access import TALENT, PortalRequest, portal_page
from agents_portal.binding import Consequence
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.own_word import VisibilityForm
from agents_portal.views.people import mine, spoken_for
from agents_portal.words import and_list
from licensing.selectors import Person, person_on_roster
from licensing.services import set_visibility


@portal_page(TALENT)
@require_GET
def visibility_page(request: PortalRequest) -> HttpResponse:
    """Show who can see the reader, part by part, with a way to change each."""
    people = [person_on_roster(request.principal, talent.pk) for talent in mine(request)]
    return render(
        request,
        "portal/visibility.html",
        {"rows": [{"person": one, "parts": _parts(one), "whole": _whole(one)} for one in people if one]},
    )


@portal_page(TALENT)
@require_http_methods(["GET", "POST"])
def change_visibility_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Say who sees the reader, or with ``part`` one part of them."""
    talent = spoken_for(request, talent_id)
    person = person_on_roster(request.principal, talent.pk)
    part = (request.POST if request.method == "POST" else request.GET).get("part", "")
    kinds = {line.kind: line for line in person.constructs} if person else {}
    if person is None or (part and part not in kinds):
        raise Http404
    level = kinds[part].level if part else person.line.visibility
    listed = kinds[part].listed_to if part else person.listed_to
    form = VisibilityForm(request.POST if request.method == "POST" else None, level=level, listed=listed)
    if request.method == "POST" and carried_out(
        form,
        lambda: set_visibility(principal=request.principal, talent=talent, construct=part, **form.rule()),
    ):
        messages.success(request, _("That is who can see it now."), extra_tags="permit")
        return redirect("portal-visibility")
    return show_form(request, _screen(part), form)


def seen_by_words(level: str, listed_to: tuple[str, ...]) -> str:
    """Who sees it, in a few words: ``Only Lanternfish Pictures``."""
    if level == "LISTED_TO" and listed_to:
        return _("Only %(names)s") % {"names": and_list(list(listed_to))}
    return str(words.VISIBILITY.get(level, words.lower_words(level)))


def _whole(person: Person) -> str:
    return seen_by_words(person.line.visibility, person.listed_to)


def _parts(person: Person) -> list[dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for line in person.constructs:
        found.setdefault(
            line.kind,
            {
                "kind": line.kind,
                "words": seen_by_words(line.level, line.listed_to),
                "is_other": (line.level, line.listed_to) != (person.line.visibility, person.listed_to),
            },
        )
    return list(found.values())


def _screen(part: str) -> FormPage:
    title = (
        _("Who can see your %(part)s?") % {"part": words.construct_words(part)}
        if part
        else _("Who can see you?")
    )
    return FormPage(
        title=title,
        lead=_("Seeing never lets anyone use it. For that they must ask, and you or your agent must say yes."),
        verb=_("Keep this"),
        icon="eye",
        back=reverse("portal-visibility"),
        back_words=_("Who can see me"),
        parts=(Part("", ("level", "organisations")),),
        hidden={"part": part},
        aside_title=_("What this does not change"),
        consequences=(
            Consequence("check", _("Licences that run go on."), _("Stop them on your home page.")),
            Consequence("lock", _("Only you set this."), _("Not your agent, and not the people who run this server.")),
        ),
    )  # fmt: skip
