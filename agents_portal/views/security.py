"""Sign-in and security: a person's passkeys, codes, recovery codes and password. Each change asks for a fresh proof."""

import base64
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import flows as recovery_flows
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import flows as totp_flows
from allauth.mfa.webauthn.internal import flows as webauthn_flows
from django import forms
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.enrolment import enrolment_options, keep_passkey, read_enrolment
from accounts.passkeys import Passkey, passkeys_of, relying_party
from accounts.principals import ADMITTED_BY_KEY
from accounts.services import change_password
from accounts.totp import remember_step, step_of
from agents_portal.access import PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.confirm import confirmed
from agents_portal.forms.security import NewPasswordForm, PasskeyForm, RenameForm
from agents_portal.words import spelled
from audit.services import record
from common.errors import InvalidInput


def _own_means(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Closed to a session that an organisation vouches for: it would lend itself a way in that outlasts it."""

    @wraps(view)
    def answer(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if ADMITTED_BY_KEY in request.session:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return answer


@portal_page()
@require_GET
def security_page(request: PortalRequest) -> HttpResponse:
    """Show what signs this person in, and what signs for them."""
    person = request.principal.person
    keys = passkeys_of(person)
    others = {row.type: row for row in Authenticator.objects.filter(user=person).exclude(type="webauthn")}
    codes, recovery = others.get("totp"), others.get("recovery_codes")
    return render(
        request,
        "portal/security/index.html",
        {
            "headline": _headline(len(keys)),
            "lead": _lead(len(keys), codes is not None),
            "passkeys": keys,
            "codes": codes,
            "codes_used_at": codes.last_used_at if codes else None,
            "recovery_left": len(recovery.wrap().get_unused_codes()) if recovery else None,
            "has_password": person.has_usable_password(),
            "is_vouched_for": ADMITTED_BY_KEY in request.session,
            "vouched_by": request.session.get(ADMITTED_BY_KEY) or "",
            "can_add": _is_here(request),
            "named": _named_address(),
        },
    )


@portal_page()
@confirmed
@require_http_methods(["GET", "POST"])
def new_passkey_page(request: PortalRequest) -> HttpResponse:
    """Add a passkey; the first brings recovery codes with it."""
    person, back = request.principal.person, _back(request)
    form = PasskeyForm(
        request.POST if request.method == "POST" else None,
        initial={"name": get_adapter().generate_authenticator_name(person, Authenticator.Type.WEBAUTHN)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = read_enrolment(request.session, person, form.cleaned_data["credential"])
                row, codes = _add_passkey(request, form.cleaned_data["name"], made)
                _record(request, "sign_in.passkey_added", {"passkey": _thumbprint(row)})
        except InvalidInput as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
        else:
            _prove(request, row)
            return redirect("mfa_view_recovery_codes" if codes else back)
    options = enrolment_options(request.session, person) if _is_here(request) else None
    return render(
        request,
        "portal/security/passkey_new.html",
        {
            "form": form,
            "options": json.dumps(options, default=str) if options else "",
            "back": back,
            "named": _named_address(),
        },
        status=422 if form.errors else 200,
    )


@portal_page()
@confirmed
@require_http_methods(["GET", "POST"])
def rename_passkey_page(request: PortalRequest, passkey_id: int) -> HttpResponse:
    """Call a passkey something else."""
    row = _mine(request, passkey_id)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": row.data["name"]})
    if request.method == "POST" and form.is_valid():
        webauthn_flows.rename_authenticator(request, row, form.cleaned_data["name"])
        return redirect("portal-security")
    told = {"form": form, "title": gettext("Rename this passkey"), "verb": gettext("Rename it")}
    return render(request, "portal/security/form.html", told, status=422 if form.errors else 200)


@portal_page()
@confirmed
@require_http_methods(["GET", "POST"])
def remove_passkey_page(request: PortalRequest, passkey_id: int) -> HttpResponse:
    """Remove a passkey; what it signed stays provable."""
    row = _mine(request, passkey_id)
    if request.method == "POST":
        with transaction.atomic():
            _record(request, "sign_in.passkey_removed", {"passkey": _thumbprint(row)})
            webauthn_flows.remove_authenticator(request, row)
        return redirect("portal-security")
    last = len(passkeys_of(request.principal.person)) == 1
    needed = request.principal.organisation.passkey_required
    screen = Binding(
        title=gettext("Remove the passkey {name}?").format(name=row.data["name"]),
        lead=gettext(
            "It signs nobody in and signs nothing any more. The key on the device stays there, unused."
        ),
        verb=gettext("Remove the passkey"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-security"),
        consequences=(
            *(
                (
                    Consequence(
                        "triangle-alert",
                        gettext("It is your last passkey."),
                        gettext(
                            "Your organisation asks for one: until you add another, you can approve nothing."
                        )
                        if needed
                        else gettext("Your approvals carry no signature of your own until you add another."),
                        "expire",
                    ),
                )
                if last
                else ()
            ),
            Consequence(
                "check",
                gettext("What it signed stays valid,"),
                gettext("and can be checked as before."),
                "permit",
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


@portal_page()
@_own_means
@confirmed
@require_http_methods(["GET", "POST"])
def new_codes_page(request: PortalRequest) -> HttpResponse:
    """Set up an authenticator app."""
    person = request.principal.person
    if Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
        return redirect("portal-security")
    form = ActivateTOTPForm(request.POST if request.method == "POST" else None, user=person)
    if request.method == "POST" and form.is_valid():
        step = step_of(form.secret, form.cleaned_data["code"])
        with transaction.atomic():
            row, codes = totp_flows.activate_totp(request, form)
            remember_step(row, step or 0)
            _record(request, "sign_in.codes_added")
        _prove(request, row)
        return redirect("mfa_view_recovery_codes" if codes else "portal-security")
    adapter = get_adapter()
    drawn = adapter.build_totp_svg(adapter.build_totp_url(person, form.secret))
    told = {
        "form": form,
        "picture": f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}",
        "secret_fours": [form.secret[at : at + 4] for at in range(0, len(form.secret), 4)],
    }
    return render(request, "portal/security/codes_new.html", told, status=422 if form.errors else 200)


@portal_page()
@_own_means
@confirmed
@require_http_methods(["GET", "POST"])
def remove_codes_page(request: PortalRequest) -> HttpResponse:
    """Turn codes off."""
    row = Authenticator.objects.filter(user=request.principal.person, type=Authenticator.Type.TOTP).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        with transaction.atomic():
            _record(request, "sign_in.codes_removed")
            totp_flows.deactivate_totp(request, row)
        return redirect("portal-security")
    screen = Binding(
        title=gettext("Turn codes off?"),
        lead=gettext("Your app’s codes are asked for no more, and open nothing any more."),
        verb=gettext("Turn codes off"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-security"),
        consequences=(
            Consequence(
                "key-round",
                gettext("Without a passkey, your password alone signs you in."),
                gettext("Recovery codes go with the last second step."),
                "expire",
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


@portal_page()
@_own_means
@confirmed
@require_GET
def recovery_codes_page(request: PortalRequest) -> HttpResponse:
    """Show recovery codes, once."""
    codes, may_see = recovery_flows.view_recovery_codes(request)
    if codes is None or not may_see:
        return redirect("portal-security")
    return render(request, "portal/security/recovery.html", {"codes": codes.get_unused_codes()})


@portal_page()
@_own_means
@confirmed
@require_http_methods(["GET", "POST"])
def new_recovery_codes_page(request: PortalRequest) -> HttpResponse:
    """Make recovery codes anew; the old ones open nothing any more."""
    if not recovery_flows.can_generate_recovery_codes(request.principal.person):
        return redirect("portal-security")
    if request.method == "POST":
        with transaction.atomic():
            recovery_flows.generate_recovery_codes(request)
            _record(request, "sign_in.recovery_codes_made")
        return redirect("mfa_view_recovery_codes")
    screen = Binding(
        title=gettext("Make new recovery codes?"),
        lead=gettext("You see them once, after this."),
        verb=gettext("Make new codes"),
        icon="key-round",
        back=reverse("portal-security"),
        consequences=(
            Consequence(
                "circle-x",
                gettext("Codes you have now stop working."),
                gettext("Also those printed."),
                "deny",
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


@portal_page()
@_own_means
@confirmed
@require_http_methods(["GET", "POST"])
def password_page(request: PortalRequest) -> HttpResponse:
    """Set another password; other sessions end."""
    form: forms.Form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = request.principal.person
        try:
            with transaction.atomic():
                change_password(user=person, password=form.cleaned_data["password"])
                _record(request, "sign_in.password_changed")
        except InvalidInput as error:
            form.add_error("password", error.detail or error.title)
        else:
            update_session_auth_hash(request, person)
            account_adapter(request).send_notification_mail("account/email/password_changed", person)
            return redirect("portal-security")
    told: dict[str, Any] = {
        "form": form,
        "title": gettext("Set another password"),
        "lead": gettext("Your other open sessions end with it."),
        "verb": gettext("Set the password"),
    }
    return render(request, "portal/security/form.html", told, status=422 if form.errors else 200)


def _add_passkey(
    request: PortalRequest, name: str, made: dict[str, Any]
) -> tuple[Authenticator, Authenticator | None]:
    """Keep a passkey, and with the first one recovery codes; one that is lent serves its lender alone, without codes."""
    admitted_by = request.session.get(ADMITTED_BY_KEY)
    if not admitted_by:
        row, codes = webauthn_flows.add_authenticator(request, name, made)
        return row, codes
    person = request.principal.person
    row = keep_passkey(person, name, made)
    row.data = {**row.data, ADMITTED_BY_KEY: admitted_by}
    row.save(update_fields=["data"])
    account_adapter(request).send_notification_mail("mfa/email/webauthn_added", person)
    return row, None


def _prove(request: PortalRequest, row: Authenticator) -> None:
    """Whoever has just enrolled a second factor has proved themselves with it."""
    record_authentication(
        request, request.principal.person, "mfa", id=row.pk, type=row.type, reauthenticated=True
    )


def _mine(request: PortalRequest, passkey_id: int) -> Authenticator:
    row = Authenticator.objects.filter(
        pk=passkey_id, user=request.principal.person, type=Authenticator.Type.WEBAUTHN
    ).first()
    admitted_by = request.session.get(ADMITTED_BY_KEY)
    if row is None or (admitted_by and row.data.get(ADMITTED_BY_KEY) != admitted_by):
        raise Http404  # who vouches for a session touches what it lent, and nothing of the person's own
    return row


def _thumbprint(row: Authenticator) -> str:
    found: list[Passkey] = [one for one in passkeys_of(row.user) if one.id == row.pk]
    return found[0].thumbprint if found else ""


def _is_here(request: PortalRequest) -> bool:
    """Whether this page stands at the origin that passkeys belong to."""
    party = relying_party(settings.BASE_URL)
    return party is not None and request.build_absolute_uri("/").rstrip("/") == party.origin


def _named_address() -> str:
    party = relying_party(settings.BASE_URL)
    return f"{party.origin}{reverse('portal-security')}" if party else settings.BASE_URL


def _back(request: PortalRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else reverse("portal-security")


def _headline(keys: int) -> str:
    if not keys:
        return gettext("You sign in with a password alone")
    number = spelled(keys)
    return ngettext("One passkey signs you in", "{count} passkeys sign you in", keys).format(
        count=number[:1].upper() + number[1:]
    )


def _lead(keys: int, has_codes: bool) -> str:
    if keys > 1:
        return gettext("Losing one device costs you nothing.")
    if keys:
        return gettext("Add a second one on another device: then losing one costs you nothing.")
    if has_codes:
        return gettext("With codes from an app as second step. A passkey does both in one.")
    return gettext("A passkey is safer and quicker, and signs what you approve.")


def _record(request: PortalRequest, kind: str, details: dict[str, Any] | None = None) -> None:
    record(
        kind=kind,
        principal=request.principal,
        object_type="person",
        object_id=request.principal.person.pk,
        details=details,
    )
