"""Compliance profiles: how each text stands, its rules in words, what changed, and counsel's sign-off."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, AUDITOR, LEGAL, STUDIO, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.profile_words import (
    CONFIDENCE,
    KINDS,
    force_words,
    rule_title,
    status_badge,
    when_words,
)
from agents_portal.words import Badge
from common.dates import date_words
from common.errors import Conflict
from common.language import core
from licensing.models import ProfileAdoption, ProfileSignOff
from licensing.selectors import adoptions_of, live_licences_under, open_requests_under, sign_offs_of
from licensing.services import adopt_profile, end_adoption, sign_off_profile
from trustcore.policy.profile_diff import diff_profiles
from trustcore.policy.profiles import Profile, Rule, Status, catalogue, profile_hash

_READERS = (AUDITOR, LEGAL, AGENT, STUDIO)


@dataclass(frozen=True)
class ProfileRow:
    """A profile in the list."""

    profile: Profile
    badge: Badge
    kind: str
    force: str
    adoption: ProfileAdoption | None


@dataclass(frozen=True)
class RuleRow:
    """One rule in words: what it asks, why, of which licences, and how sure that is."""

    title: str
    because: str
    when: str
    confidence: str
    confidence_words: str


@portal_page(*_READERS)
@require_GET
def profiles_page(request: PortalRequest) -> HttpResponse:
    """List every profile that came with this version; what was struck down is shown as that."""
    standing = {one.profile: one for one in adoptions_of(request.principal).filter(ended_at=None)}
    rows = [_row(profile, standing.get(profile.ref)) for profile in catalogue().values()]
    many = len(standing)
    return render(
        request,
        "portal/profiles.html",
        {
            "groups": [
                (_("Agreements"), [row for row in rows if row.profile.kind == "AGREEMENT"]),
                (_("Statutes"), [row for row in rows if row.profile.kind == "STATUTE"]),
            ],
            "headline": ngettext("%(n)s profile binds you", "%(n)s profiles bind you", many) % {"n": many}
            if many
            else _("No profile binds you"),
        },
    )


@portal_page(*_READERS)
@require_GET
def profile_page(request: PortalRequest, ref: str) -> HttpResponse:
    """Show one text: its rules in words, where it comes from, who signed it off, whom it binds here."""
    profile = _profile(ref)
    adoptions = [one for one in adoptions_of(request.principal) if one.profile == ref]
    standing = next((one for one in adoptions if one.ended_at is None), None)
    digest = profile_hash(profile)
    signed = list(sign_offs_of(request.principal, ref, digest))
    mine = any(one.signed_by_id == request.principal.person.pk for one in signed)
    return render(
        request,
        "portal/profile.html",
        {
            "row": _row(profile, standing),
            "rules": [_rule(rule) for rule in profile.rules],
            "confidence": [(one, CONFIDENCE[str(one)]) for one in profile.confidence],
            "hash": digest,
            "standing": standing,
            "is_changed": standing is not None and standing.profile_hash != digest,
            "past": [one for one in adoptions if one.ended_at is not None],
            "live": live_licences_under(request.principal, ref),
            "waiting": open_requests_under(request.principal, ref),
            "others": [one for one in catalogue().values() if one.ref != ref and one.kind == profile.kind],
            "signed": signed,
            "may_act": request.principal.is_role("ADMIN"),
            "may_apply": any(one.signed_by_id != request.principal.person.pk for one in signed),
            "may_sign": request.principal.is_role("LEGAL") and not mine,
            "can_bind": profile.status is not Status.STRUCK_DOWN,
        },
    )


@portal_page(*_READERS)
@require_GET
def difference_page(request: PortalRequest, ref: str) -> HttpResponse:
    """Show what is different from another profile; ``with`` names the older one."""
    newer, older = _profile(ref), _profile(request.GET.get("with", ""))
    changes = [
        (change.kind, _rule(change.was) if change.was else None, _rule(change.now) if change.now else None)
        for change in diff_profiles(older, newer)
    ]
    return render(
        request,
        "portal/profile_difference.html",
        {"newer": newer, "older": older, "changes": changes, "same": len(newer.rules)},
    )


@portal_page(*_READERS)
@require_http_methods(["GET", "POST"])
def sign_off_page(request: PortalRequest, ref: str) -> HttpResponse:
    """Counsel, signed in, signs this very text off; it binds nothing yet."""
    profile = _profile(ref)
    if not request.principal.is_role("LEGAL"):
        raise PermissionDenied
    _require_binding(profile)
    if request.method == "POST":
        sign_off_profile(
            principal=request.principal, profile=ref, profile_hash_read=request.POST.get("profile_hash", "")
        )
        messages.success(
            request, _("You signed this text off. An administrator can apply it now."), extra_tags="permit"
        )
        return redirect("portal-profile", ref)
    return render(request, "portal/bind.html", {"screen": _sign_off_screen(profile, profile_hash(profile))})


@portal_page(*_READERS)
@require_http_methods(["GET", "POST"])
def adopt_page(request: PortalRequest, ref: str) -> HttpResponse:
    """Bring a text that counsel signed off into force; from then on it binds."""
    profile = _profile(ref)
    if not request.principal.is_role("ADMIN"):
        raise PermissionDenied
    _require_binding(profile)
    digest = profile_hash(profile)
    if request.method == "POST":
        adopt_profile(
            principal=request.principal, profile=ref, profile_hash_read=request.POST.get("profile_hash", "")
        )
        messages.success(request, _("It binds from now on."), extra_tags="permit")
        return redirect("portal-profile", ref)
    signed = sign_offs_of(request.principal, ref, digest).exclude(signed_by=request.principal.person).first()
    if signed is None:
        raise Conflict("SIGN_OFF_MISSING", _("Counsel has not signed this text off."))
    return render(request, "portal/bind.html", {"screen": _adopt_screen(profile, signed)})


@portal_page(*_READERS)
@require_http_methods(["GET", "POST"])
def end_page(request: PortalRequest, ref: str) -> HttpResponse:
    """Stop applying a profile to later requests."""
    profile = _profile(ref)
    if not request.principal.is_role("ADMIN"):
        raise PermissionDenied
    if request.method == "POST":
        end_adoption(principal=request.principal, profile=ref)
        messages.success(request, _("It binds no request that is made from now on."), extra_tags="permit")
        return redirect("portal-profile", ref)
    if not adoptions_of(request.principal).filter(profile=ref, ended_at=None).exists():
        raise Http404
    screen = Binding(
        title=_("Stop applying %(title)s?") % {"title": core().say(profile.title)},
        lead=_("Your house will no longer ask its rules of a request."),
        verb=_("Stop applying it"),
        icon="ban",
        danger=True,
        back=reverse("portal-profile", args=[ref]),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "circle-x", _("Requests from now on"), _("are not judged by it on your side."), "deny"
            ),
            Consequence(
                "file-check", _("Licences that are live"), _("keep the terms that were signed under it.")
            ),
            Consequence("users", _("Another party"), _("that adopted it still binds both of you.")),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _require_binding(profile: Profile) -> None:
    if profile.status is Status.STRUCK_DOWN:
        raise Conflict("PROFILE_STRUCK_DOWN", _("This text was struck down and binds nobody."))


def _sign_off_screen(profile: Profile, digest: str) -> Binding:
    many = len(profile.rules)
    return Binding(
        title=_("Sign off %(title)s?") % {"title": core().say(profile.title)},
        lead=_(
            "You say, as counsel, that you read this text, word for word, and that it may bind your house."
        ),
        verb=_("Sign off this text"),
        icon="scale",
        back=reverse("portal-profile", args=[profile.ref]),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "scale",
                ngettext("%(n)s rule", "%(n)s rules", many) % {"n": many},
                _("are what you sign off: these, and no later version."),
            ),
            Consequence("signature", _("Your name and the moment"), _("stay with it for good.")),
            *_warnings(profile),
            Consequence(
                "hourglass",
                _("It binds nothing yet."),
                _("An administrator applies it, and not you yourself."),
            ),
        ),
        terms_hash=digest,
        hash_caption=_("The text that you read, by its hash"),
        hidden={"profile_hash": digest},
    )


def _adopt_screen(profile: Profile, signed: ProfileSignOff) -> Binding:
    many = len(profile.rules)
    return Binding(
        title=_("Apply %(title)s?") % {"title": core().say(profile.title)},
        lead=_("%(name)s signed this very text off on %(day)s. From now on it binds your house.")
        % {"name": signed.signed_by.full_name, "day": date_words(signed.created_at)},
        verb=_("Apply it"),
        icon="scale",
        back=reverse("portal-profile", args=[profile.ref]),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "scale",
                ngettext("%(n)s rule", "%(n)s rules", many) % {"n": many},
                _("are asked of every request in which your house is a party, from now on."),
            ),
            Consequence(
                "users", _("Whoever is stricter binds both."), _("The other side sees which text set it.")
            ),
            *_warnings(profile),
            Consequence("file-check", _("Licences that are live"), _("stay as they were signed.")),
        ),
        terms_hash=signed.profile_hash,
        hash_caption=_("The text that counsel read, by its hash"),
        hidden={"profile_hash": signed.profile_hash},
    )


def _warnings(profile: Profile) -> tuple[Consequence, ...]:
    warning = (
        (Consequence("hourglass", _("It is not in force."), _("Its limits are shown as warnings.")),)
        if profile.status in {Status.PENDING, Status.UNCONFIRMED}
        else ()
    )
    unsure = (
        (Consequence("circle-question-mark", _("Part of it is known from the press alone."), "", "unsure"),)
        if "C" in profile.confidence
        else ()
    )
    return (*warning, *unsure)


def _profile(ref: str) -> Profile:
    found = catalogue().get(ref)
    if found is None:
        raise Http404
    return found


def _row(profile: Profile, adoption: ProfileAdoption | None) -> ProfileRow:
    return ProfileRow(
        profile, status_badge(profile), str(KINDS[profile.kind]), force_words(profile), adoption
    )


def _rule(rule: Rule) -> RuleRow:
    code = str(rule.confidence)
    return RuleRow(
        rule_title(rule), core().say(rule.because), when_words(rule.when), code, str(CONFIDENCE[code])
    )
