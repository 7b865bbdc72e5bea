"""How an organisation's people sign in: passkeys on acts that bind, its domains, its own sign-in service."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.domains import claim_domain, drop_domain, record_of, verify_domain
from accounts.models import DomainClaim, IdentityProvider, OrganisationDomain
from accounts.own_sign_in import add_own_service, end_own_service, may_set_passkeys, set_passkey_rule
from accounts.passkeys import passkey_holders
from accounts.presence import require_presence
from accounts.team import team_of
from agents_portal.access import PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import FormPage, Part, show_form
from agents_portal.forms.own_sign_in import DomainForm, ServiceForm
from agents_portal.words import figure
from audit.services import record
from common.errors import Conflict, DomainError, InvalidInput

_FIELD_OF: Final = {
    "DOMAIN_INVALID": "domain", "DOMAIN_YOURS": "domain", "ISSUER_INVALID": "issuer", "ISSUER_DIFFERS": "issuer",
    "ISSUER_UNREACHABLE": "issuer", "CLIENT_INVALID": "client_id",
}  # fmt: skip


@portal_page()
@require_GET
def own_sign_in_page(request: PortalRequest) -> HttpResponse:
    """Show all three."""
    _require_reader(request)
    organisation = request.principal.organisation
    with_passkey, members = _enrolled(request)
    return render(
        request,
        "portal/own_sign_in.html",
        {
            "is_required": organisation.passkey_required,
            "may_set_passkeys": may_set_passkeys(request.principal),
            "may_manage": request.principal.is_role("ADMIN"),
            "with_passkey": with_passkey,
            "members": members,
            "domains": list(OrganisationDomain.objects.filter(organisation=organisation).order_by("domain")),
            "claims": [
                {"claim": one, "record": record_of(one)}
                for one in DomainClaim.objects.filter(organisation=organisation).order_by("domain")
            ],
            "services": [
                {"service": one, **_addresses(one)}
                for one in IdentityProvider.objects.filter(organisation=organisation, ended_at=None).order_by("name")
            ],
        },
    )  # fmt: skip


@portal_page()
@require_http_methods(["GET", "POST"])
def passkey_rule_page(request: PortalRequest) -> HttpResponse:
    """Ask for a passkey on acts that bind, or no more; the button says which."""
    if not may_set_passkeys(request.principal):
        raise PermissionDenied
    wanted = not request.principal.organisation.passkey_required
    if request.method == "POST":
        if request.POST.get("required") != ("on" if wanted else "off"):
            raise Conflict(
                "RULE_MOVED", _("Somebody changed this meanwhile"), _("Nothing was changed by you.")
            )
        with transaction.atomic():
            set_passkey_rule(principal=request.principal, required=wanted)
            _record(
                request,
                "sign_in.passkeys_required" if wanted else "sign_in.passkeys_not_required",
                request.principal.organisation,
            )
        return redirect("portal-own-sign-in")
    return render(request, "portal/bind.html", {"screen": _rule_screen(request, wanted=wanted), "form": None})


@portal_page()
@require_http_methods(["GET", "POST"])
def new_domain_page(request: PortalRequest) -> HttpResponse:
    """Say that a domain is the organisation's own."""
    _require_manager(request)
    form = DomainForm(request.POST if request.method == "POST" else None)

    def act() -> None:
        claim = claim_domain(principal=request.principal, domain=form.cleaned_data["domain"])
        _record(request, "sign_in.domain_claimed", claim, domain=claim.domain)

    if request.method == "POST" and _done(form, act):
        return redirect("portal-own-sign-in")
    page = FormPage(
        title=_("Which domain is yours?"),
        lead=_("Your own sign-in lets in addresses of your domains alone."),
        verb=_("Go on"),
        back=reverse("portal-own-sign-in"),
        back_words=_("Sign-in of your people"),
        parts=(Part("", ("domain",)),),
        aside_title=_("How it is shown to be yours"),
        consequences=(
            Consequence("key-round", _("You get a word"), _("to put into a TXT record of the domain.")),
            Consequence("search-check", _("Its name servers are asked"), _("when you say so. Until then nothing changes.")),
        ),
    )  # fmt: skip
    return show_form(request, page, form)


@portal_page()
@require_POST
def check_domain_page(request: PortalRequest, claim_id: UUID) -> HttpResponse:
    """Ask the domain's name servers."""
    if not DomainClaim.objects.filter(organisation=request.principal.organisation, pk=claim_id).exists():
        raise Http404
    _require_manager(request)
    try:
        with transaction.atomic():
            row = verify_domain(principal=request.principal, claim_id=claim_id)
            _record(request, "sign_in.domain_verified", row, domain=row.domain)
    except InvalidInput as error:
        messages.warning(request, f"{error.title} {error.detail}".strip(), extra_tags="unsure")
    else:
        messages.success(request, _("%(domain)s is yours.") % {"domain": row.domain}, extra_tags="permit")
    return redirect("portal-own-sign-in")


@portal_page()
@require_http_methods(["GET", "POST"])
def drop_domain_page(request: PortalRequest, domain_id: UUID) -> HttpResponse:
    """Give a domain up."""
    name = _domain_or_404(request, domain_id)
    _require_manager(request)
    if request.method == "POST":
        with transaction.atomic():
            drop_domain(principal=request.principal, domain_id=domain_id)
            _record(request, "sign_in.domain_dropped", request.principal.organisation, domain=name)
        return redirect("portal-own-sign-in")
    screen = Binding(
        title=_("Give %(domain)s up?") % {"domain": name},
        lead=_("Somebody else may show that it is theirs."),
        verb=_("Give %(domain)s up") % {"domain": name},
        icon="circle-x",
        danger=True,
        back=reverse("portal-own-sign-in"),
        consequences=(
            Consequence("log-out", _("By addresses of it nobody comes in at your own sign-in any more."), "", "deny"),
            Consequence("check", _("Passwords and passkeys that people have here go on."), "", "permit"),
        ),
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


@portal_page()
@require_http_methods(["GET", "POST"])
def new_service_page(request: PortalRequest) -> HttpResponse:
    """Let people sign in at the organisation's own service."""
    _require_manager(request)
    require_presence(request.principal)  # before a secret is typed
    form = ServiceForm(request.POST if request.method == "POST" else None)

    def act() -> None:
        with transaction.atomic():
            made = add_own_service(principal=request.principal, **form.cleaned_data)
            _record(request, "sign_in.service_added", made, issuer=made.issuer)

    if request.method == "POST" and _done(form, act):
        return redirect("portal-own-sign-in")
    page = FormPage(
        title=_("Sign-in at your own service"),
        lead=_("Register this server there as a client (authorization code, PKCE, client secret), then say here what it told you."),
        verb=_("Add the service"),
        back=reverse("portal-own-sign-in"),
        back_words=_("Sign-in of your people"),
        parts=(Part("", ("name", "issuer", "client_id", "secret")),),
        aside_title=_("What it may do"),
        consequences=(
            Consequence("users", _("It lets your members in,"), _("under an address of your domains that it has verified. It makes no account and gives no role.")),
            Consequence("lock", _("They act for you alone"), _("in such a session, whatever else they belong to.")),
            Consequence("fingerprint", _("A second factor"), _("that somebody has here is asked for all the same.")),
            Consequence("key-round", _("The redirect address"), _("is shown once it is added; give it to the service then.")),
        ),
    )  # fmt: skip
    return show_form(request, page, form)


@portal_page()
@require_http_methods(["GET", "POST"])
def end_service_page(request: PortalRequest, service_id: UUID) -> HttpResponse:
    """Let nobody in by a service any more."""
    row = IdentityProvider.objects.filter(
        organisation=request.principal.organisation, pk=service_id, ended_at=None
    ).first()
    if row is None:
        raise Http404
    _require_manager(request)
    if request.method == "POST":
        with transaction.atomic():
            end_own_service(principal=request.principal, provider_id=service_id)
            _record(request, "sign_in.service_ended", row, issuer=row.issuer)
        return redirect("portal-own-sign-in")
    screen = Binding(
        title=_("End sign-in at %(name)s?") % {"name": row.name},
        lead=row.issuer,
        verb=_("End it"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-own-sign-in"),
        consequences=(
            Consequence("log-out", _("Nobody comes in by it any more."), _("Sessions that run go on until they end."), "deny"),
            Consequence("key-round", _("Who has neither a password nor a passkey of their own"), _("needs a link to start over from you.")),
        ),
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _rule_screen(request: PortalRequest, *, wanted: bool) -> Binding:
    with_passkey, members = _enrolled(request)
    have = ngettext(
        "%(have)s of %(all)s person has one.", "%(have)s of %(all)s people have one.", members
    ) % {"have": figure(with_passkey), "all": figure(members)}
    back = reverse("portal-own-sign-in")
    if wanted:
        return Binding(
            title=_("Ask for a passkey on every act that binds?"),
            lead=_("Approving, countering, agreeing and revoking then take a signature by passkey, and nothing less."),
            verb=_("Ask for a passkey"), icon="fingerprint", back=back, hidden={"required": "on"},
            consequences=(
                Consequence("users", have, _("Whoever has none adds one before they sign again.")),
                Consequence("check", _("Signing in stays as it is."), _("What was signed before stays valid."), "permit"),
            ),
        )  # fmt: skip
    return Binding(
        title=_("No longer ask for a passkey?"),
        lead=_("A password or a code will do again on acts that bind."),
        verb=_("Ask no more"), icon="lock-open", danger=True, back=back, hidden={"required": "off"},
        consequences=(
            Consequence("triangle-alert", _("What is signed from then on"), _("may be proved by the server’s word alone, and no longer by a person’s own key."), "deny"),
            Consequence("check", _("Who has a passkey can go on signing with it."), "", "permit"),
        ),
    )  # fmt: skip


def _enrolled(request: PortalRequest) -> tuple[int, int]:
    """How many members have a passkey of their own, and how many there are."""
    people = {one.person.pk for one in team_of(request.principal)}
    return passkey_holders(people), len(people)


def _done(form: forms.Form, act: Callable[[], Any]) -> bool:
    if not form.is_valid():
        return False
    try:
        act()
    except (InvalidInput, Conflict) as error:
        form.add_error(_FIELD_OF.get(error.code), _said(error))
        return False
    return True


def _said(error: DomainError) -> str:
    return f"{error.title} {error.detail}".strip()


def _domain_or_404(request: PortalRequest, domain_id: UUID) -> str:
    mine = {"organisation": request.principal.organisation, "pk": domain_id}
    row = OrganisationDomain.objects.filter(**mine).first() or DomainClaim.objects.filter(**mine).first()
    if row is None:
        raise Http404
    return row.domain


def _addresses(service: IdentityProvider) -> dict[str, str]:
    base = f"{settings.BASE_URL}/"
    return {
        "enter": urljoin(base, reverse("openid_connect_login", args=[service.slug]).lstrip("/")),
        "callback": urljoin(base, reverse("openid_connect_callback", args=[service.slug]).lstrip("/")),
    }


def _require_manager(request: PortalRequest) -> None:
    if not request.principal.is_role("ADMIN"):
        raise PermissionDenied


def _require_reader(request: PortalRequest) -> None:
    if not (request.principal.is_role("ADMIN") or may_set_passkeys(request.principal)):
        raise PermissionDenied


def _record(request: PortalRequest, kind: str, row: Any, **details: str) -> None:
    record(
        kind=kind,
        principal=request.principal,
        object_type=type(row).__name__.lower(),
        object_id=row.pk,
        details=details,
    )
