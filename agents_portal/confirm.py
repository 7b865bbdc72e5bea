"""Confirming that it is you: the fields that any form of an act may carry, and the page that asks for them alone.

A form whose act needs a fresh proof of presence shows ``parts/confirm.html``; what was given is checked before the
view runs. A view that knows nothing of this is safe as well: the service refuses, and the reader gets a page that
keeps everything that was entered and asks for the proof.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, wraps
from typing import Any, Final

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from accounts.answers import answer_in
from accounts.forms import ConfirmByCode, ConfirmByPasskey
from accounts.models import IdentityProvider, User
from accounts.passkeys import presence_options
from accounts.presence import (
    StepUpRequired,
    factors_among,
    factors_of,
    is_fresh,
    is_theirs,
    presence_of,
    require_presence,
)
from accounts.principals import ADMITTED_BY_KEY, Principal

_PREFIX: Final = "confirm_"
_ONLY: Final = "confirm_only"  # the page itself was asked for, and no act
_KEPT_BYTES_MAX: Final = 200_000
View = Callable[..., HttpResponseBase]


class Confirmation:
    """What a reader is asked to confirm with; what only some screens show is made when it is asked for."""

    def __init__(self, request: Any, principal: Principal) -> None:
        """Keep who is asked, and what was wrong with what they gave."""
        self._request, self._principal = request, principal
        self._factors = factors_among(enrolled_by(request))
        self.problem: str = getattr(request, "confirm_problem", "")

    @cached_property
    def passkey(self) -> str:
        """Options for the browser, as JSON; empty: no passkey."""
        options = presence_options(enrolled_by(self._request))
        return json.dumps(options, default=str) if options else ""

    @property
    def has_code(self) -> bool:
        """Whether a code will do: of the app, or for recovery."""
        return self._factors.has_second and (self._factors.has_codes or self._factors.has_recovery_codes)

    @property
    def has_password(self) -> bool:
        """Whether the password will do."""
        return not self._factors.has_second and self._principal.person.has_usable_password()

    @cached_property
    def organisation(self) -> str:
        """Slug of the sign-in service that vouches for this session, where that will do; empty: none."""
        admitted_by = self._request.session.get(ADMITTED_BY_KEY)
        if self._factors.has_second or not admitted_by:
            return ""
        rows = IdentityProvider.objects.filter(organisation=admitted_by, ended_at=None)
        return rows.values_list("slug", flat=True).first() or ""


def enrolled_by(request: Any) -> list[Authenticator]:
    """The reader's authenticators that serve in this session, read once a page however often they are asked for."""
    kept: list[Authenticator] | None = getattr(request, "portal_enrolled", None)
    if kept is None:
        admitted_by = request.session.get(ADMITTED_BY_KEY) or ""
        rows = Authenticator.objects.filter(user_id=request.user.pk).order_by("created_at", "pk")
        kept = [row for row in rows if is_theirs(row, admitted_by)]
        request.portal_enrolled = kept
    return kept


def confirmation_for(request: HttpRequest, principal: Principal) -> Confirmation | None:
    """What to ask of the reader now; None: their proof is fresh."""
    return None if is_fresh(principal) else Confirmation(request, principal)


def take_confirmation(request: Any) -> None:
    """Check what a form brought as proof; the reader's presence is fresh after a good one."""
    if request.method != "POST" or request.content_type == "multipart/form-data":
        return  # a file comes: it is read only once its page has said who may send it
    given = {name: request.POST.get(f"{_PREFIX}{name}", "") for name in ("passkey", "code", "password")}
    if not any(given.values()):
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
    answer = answer_in(text)
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
    if factors_of(user, admitted_by=request.session.get(ADMITTED_BY_KEY) or "").has_second:
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
