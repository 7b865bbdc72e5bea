"""Ways in that are not the sign-in page: invitations, a new start, the sign-in of an organisation, lost devices."""

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.core import ratelimit
from allauth.core.internal.ratelimit import consume
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from allauth.socialaccount.adapter import get_adapter as social_adapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.answers import answer_in
from accounts.enrolment import enrolment_options, read_enrolment
from accounts.models import IdentityProvider, SignInLink, User
from accounts.principals import ADMITTED_BY_KEY
from accounts.selectors import ORGANISATION_KEY
from accounts.services import accept_as_member, accept_as_new, accept_new_start, account_of, living_link
from agents_portal import words
from agents_portal.forms.security import NewPasswordForm
from agents_portal.words import and_list
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput, NotFound

_GO: Final = "organisation_sign_in_go"  # in the session: only our own page's link begins it
_BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"

_reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])  # Django's form views take PUT for POST
sign_in_page = _reads_and_posts(LoginView.as_view())


def _paced(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer 429 to a network that begins too often: each beginning is a session, whoever it is."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not consume(request, app="allauth.account", action="begin", limit_get=True):
            return render(request, "429.html", status=429)
        return view(request, *args, **kwargs)

    return answer


sign_in_by_passkey = _reads_and_posts(_paced(never_cache(LoginWebAuthnView.as_view())))


class SecondStep(AuthenticateView):
    """The second step of a sign-in by password."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever is in already goes on."""
        if request.user.is_authenticated:
            return redirect("portal-first")
        return cast("HttpResponseBase", super().dispatch(request, *args, **kwargs))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the browser's options as the page's script reads them."""
        told: dict[str, Any] = super().get_context_data(**kwargs)
        options = told.get("js_data", {}).get("request_options", {}).get("publicKey")
        if options and options.get("allowCredentials"):
            told["passkey_options"] = json.dumps(options, default=str)
        return told


second_step_page = _reads_and_posts(never_cache(SecondStep.as_view()))


@require_GET
def lost_page(request: HttpRequest) -> HttpResponse:
    """Say what to do without the device."""
    return render(request, "portal/security/lost.html")


@never_cache
@require_http_methods(["GET", "POST"])
def welcome_page(request: HttpRequest, secret: str) -> HttpResponse:
    """Accept an invitation, or start over: with a passkey, with a password, or as who one is already."""
    if not ratelimit.consume(request, action="login"):
        return render(request, "429.html", status=429)
    try:
        link = living_link(secret)
        return _welcome(request, link, secret)
    except NotFound:
        return render(request, "portal/security/over.html", status=404)
    except Forbidden:
        return redirect(f"{reverse('account_login')}?next={request.path}")


def _welcome(request: HttpRequest, link: SignInLink, secret: str) -> HttpResponse:
    is_invitation = link.purpose == SignInLink.Purpose.INVITE
    account = account_of(link) if is_invitation else None
    # a session that another organisation vouches for joins no other: its person signs in by their own means
    is_owner = account is not None and request.user == account and ADMITTED_BY_KEY not in request.session
    form = NewPasswordForm(request.POST if request.method == "POST" and "password" in request.POST else None)
    problem = ""
    if request.method == "POST":
        try:
            if account is not None and is_owner:
                return _as_member(request, link, secret, account)
            if account is None and form.is_bound and form.is_valid():
                return _with_password(request, link, secret, form.cleaned_data["password"])
            if account is None and not form.is_bound:
                return _with_passkey(request, link, secret)
        except (InvalidInput, Conflict) as error:
            problem = f"{error.title} {error.detail}".strip()
    options = enrolment_options(request.session, _holder(link)) if is_invitation and account is None else None
    told = {
        "link": link,
        "roles": and_list([words.ROLES.get(role, role).lower() for role in link.roles]),
        "has_account": account is not None,
        "is_owner": is_owner,
        "options": json.dumps(options, default=str) if options else "",
        "form": form,
        "problem": problem,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "portal/security/welcome.html", told, status=status)


def _as_member(request: HttpRequest, link: SignInLink, secret: str, account: User) -> HttpResponse:
    member = accept_as_member(secret=secret, user=account)
    _note(link, account)
    request.session[ORGANISATION_KEY] = str(member.organisation_id)
    return redirect("portal-first")


def _with_password(request: HttpRequest, link: SignInLink, secret: str, password: str) -> HttpResponse:
    if link.purpose == SignInLink.Purpose.INVITE:
        user = accept_as_new(secret=secret, password=password)
    else:
        user = accept_new_start(secret=secret, password=password)
    return _signed_in(request, link, user, method="password")


def _with_passkey(request: HttpRequest, link: SignInLink, secret: str) -> HttpResponse:
    made = read_enrolment(request.session, _holder(link), answer_in(request.POST.get("credential", "")))
    user = accept_as_new(secret=secret, credential=made)
    return _signed_in(request, link, user, method="mfa", type="webauthn", passwordless=True)


def _signed_in(request: HttpRequest, link: SignInLink, user: User, **proof: Any) -> HttpResponse:
    _note(link, user)
    login(request, user, backend=_BACKEND)
    record_authentication(request, user, **proof)
    return redirect("portal-security" if user.has_usable_password() else "mfa_view_recovery_codes")


def _holder(link: SignInLink) -> User:
    """The invited person as an account that is not stored yet."""
    return User(pk=link.user_key, email=link.email, full_name=link.full_name)


@never_cache
@require_GET
@_paced
def organisation_sign_in_page(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Lead to an organisation's own sign-in; only the link of this very page begins it."""
    service = IdentityProvider.objects.filter(slug=provider_id, ended_at=None).first()
    if service is None:
        raise Http404
    wanted = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    go = request.session.pop(_GO, "")
    if go and constant_time_compare(go, request.GET.get("go", "")):
        again = request.user.is_authenticated
        if again and request.session.get(ADMITTED_BY_KEY) != str(service.organisation_id):
            return redirect("sign-in-refused")
        provider = social_adapter(request).get_provider(request, provider_id)
        away = provider.redirect(
            request,
            process=AuthProcess.REDIRECT if again else AuthProcess.LOGIN,
            next_url=wanted if ours else None,
            auth_params={"prompt": "login", "max_age": str(settings.STEP_UP_SECONDS)} if again else {},
        )
        return cast("HttpResponseBase", away)
    request.session[_GO] = secrets.token_urlsafe(24)
    told = {"service": service, "go": request.session[_GO], "next": wanted if ours else ""}
    return render(request, "portal/security/organisation.html", told)


@require_GET
def organisation_refused_page(request: HttpRequest) -> HttpResponse:
    """Say that an organisation's sign-in let nobody in."""
    return render(request, "portal/security/refused.html")


def _note(link: SignInLink, user: User) -> None:
    kind = "invitation.accepted" if link.purpose == SignInLink.Purpose.INVITE else "sign_in.started_over"
    record(
        kind=kind,
        principal=None,
        organisation_id=link.organisation_id,
        object_type="person",
        object_id=user.pk,
        details={"roles": list(link.roles)},
    )
