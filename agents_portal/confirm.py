"""Confirming that it is you: the fields that any form of an act may carry, and the page that asks for them alone.

A form whose act needs a fresh proof of presence shows ``parts/confirm.html``; what was given is checked before the
view runs. A view that knows nothing of this is safe as well: the service refuses, and the reader gets a page that
keeps everything that was entered and asks for the proof.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from accounts.forms import ConfirmByCode, ConfirmByPasskey
from accounts.models import IdentityProvider, User
from accounts.passkeys import relying_party
from accounts.presence import StepUpRequired, factors_of, is_fresh, presence_of, require_presence
from accounts.principals import Principal
from accounts.selectors import ADMITTED_BY_KEY

_PREFIX: Final = "confirm_"
_ONLY: Final = "confirm_only"  # the page itself was asked for, and no act
_KEPT_BYTES_MAX: Final = 200_000
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a reader is asked to confirm with; ``problem`` is what was wrong with what they gave.

    ``passkey``: options for the browser, as JSON; empty: none. ``organisation``: slug of the sign-in service.
    """

    passkey: str = ""
    has_code: bool = False
    has_password: bool = False
    organisation: str = ""
    problem: str = ""


def confirmation_for(request: HttpRequest, principal: Principal) -> Confirmation | None:
    """What to ask of the reader now; None: their proof is fresh."""
    if is_fresh(principal):
        return None
    user, factors = principal.person, factors_of(principal.person)
    problem = getattr(request, "confirm_problem", "")
    if factors.has_second:
        has_passkey = factors.passkeys and relying_party(settings.BASE_URL)
        return Confirmation(
            passkey=json.dumps(begin_authentication(user)["publicKey"], default=str) if has_passkey else "",
            has_code=factors.has_codes or factors.has_recovery_codes,
            problem=problem,
        )
    admitted_by = request.session.get(ADMITTED_BY_KEY)
    service = (
        IdentityProvider.objects.filter(organisation=admitted_by, ended_at=None).first()
        if admitted_by
        else None
    )
    return Confirmation(
        has_password=user.has_usable_password(),
        organisation=service.slug if service else "",
        problem=problem,
    )


def take_confirmation(request: Any) -> None:
    """Check what a form brought as proof; the reader's presence is fresh after a good one."""
    given = {name: request.POST.get(f"{_PREFIX}{name}", "") for name in ("passkey", "code", "password")}
    if request.method != "POST" or not any(given.values()):
        return
    if not ratelimit.consume(request, action="reauthenticate", user=request.user):
        request.confirm_problem = gettext("Too many attempts. Wait a minute, then try again.")
        return
    problem = _problem(request, request.principal.person, given)
    if problem:
        request.confirm_problem = problem
    else:
        request.principal = replace(request.principal, presence=presence_of(request))


def passkey_sent(request: HttpRequest) -> dict[str, Any] | None:
    """The signature that a form of an act brought; None: it brought none.

    What cannot be read comes as an empty object, which no check accepts.
    """
    text = request.POST.get("passkey", "")
    if not text:
        return None
    try:
        answer = json.loads(text) if len(text) <= _KEPT_BYTES_MAX else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def confirm_page(request: Any) -> HttpResponse:
    """Ask for the proof alone; the form that was sent comes along and is sent again with it."""
    kept = list(_kept(request)) if request.method == "POST" else [(_ONLY, "1")]
    too_much = sum(len(value) for _, value in kept) > _KEPT_BYTES_MAX or bool(request.FILES)
    return render(
        request,
        "portal/confirm.html",
        {
            "kept": [] if too_much else kept,
            "is_act": request.method == "POST",
            "is_lost": too_much,
            "address": request.get_full_path(),
        },
        status=422 if request.method == "POST" else 200,
    )


def confirmed(view: View) -> View:
    """Open a page only to a reader who proved just now who they are."""

    @wraps(view)
    def answer(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            require_presence(request.principal)
        except StepUpRequired:
            return confirm_page(request)
        if request.method == "POST" and _ONLY in request.POST:
            return redirect(request.get_full_path())
        return view(request, *args, **kwargs)

    return answer


def _problem(request: Any, user: User, given: dict[str, str]) -> str:
    if given["passkey"]:
        by_passkey = ConfirmByPasskey({"credential": given["passkey"]}, user=user)
        if by_passkey.is_valid():
            by_passkey.save()
            return ""
        return gettext("This passkey did not confirm that it is you.")
    if factors_of(user).has_second:
        by_code = ConfirmByCode({"code": given["code"]}, user=user)
        if by_code.is_valid():
            by_code.save()
            return ""
        return gettext("This code is not right, or was used before.")
    by_password = ReauthenticateForm({"password": given["password"]}, user=user)
    if by_password.is_valid():
        reauthenticate_by_password(request)
        return ""
    return gettext("This password is not right.")


def _kept(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name != "csrfmiddlewaretoken" and (name == _ONLY or not name.startswith(_PREFIX)):
            for value in values:
                yield name, str(value)
