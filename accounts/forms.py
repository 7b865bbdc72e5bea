"""allauth's forms of second factors, stricter: exact origin, risen counter, a code is good once."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as codes
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from django.conf import settings
from django.db import transaction

from accounts.answers import AnswerField
from accounts.passkeys import note_use, read_answer, relying_party, require_risen
from accounts.presence import is_theirs
from accounts.principals import ADMITTED_BY_KEY
from accounts.totp import is_code_accepted
from common.errors import DomainError


class _Answer:
    """A passkey's answer to a random challenge, made on a page of ours alone."""

    cleaned_data: dict[str, Any]
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = AnswerField()

    def clean_credential(self) -> Authenticator:
        party = relying_party(settings.BASE_URL)
        try:
            answer = read_answer(self.cleaned_data["credential"])
            client_data = answer.response.client_data
            if party is None or client_data.origin != party.origin or client_data.cross_origin:
                raise get_adapter().validation_error("incorrect_code")
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
            with transaction.atomic():
                row = Authenticator.objects.select_for_update().get(pk=found.pk)
                count = answer.response.authenticator_data.counter
                require_risen(row, count)
                note_use(row, count)
        except DomainError as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return row


class _InSession(_Answer):
    """The same, by a passkey that serves in this session."""

    def clean_credential(self) -> Authenticator:
        row = super().clean_credential()
        if not is_theirs(row, context.request.session.get(ADMITTED_BY_KEY) or ""):
            raise get_adapter().validation_error("incorrect_code")
        return row


class SecondFactorByPasskey(_InSession, webauthn.AuthenticateWebAuthnForm):
    """The second step of a sign-in."""


class SignInByPasskey(_Answer, webauthn.LoginWebAuthnForm):
    """A sign-in by passkey alone.

    One that was enrolled while an organisation vouched for its person lets them in for that organisation alone.
    """

    def clean_credential(self) -> Authenticator:
        """The passkey; the session knows from here on who vouched for it."""
        row = super().clean_credential()
        admitted_by = row.data.get(ADMITTED_BY_KEY)
        if admitted_by:
            context.request.session[ADMITTED_BY_KEY] = admitted_by
        return row


class ConfirmByPasskey(_InSession, webauthn.ReauthenticateWebAuthnForm):
    """A fresh proof within a session."""


class _Code:
    """A code of the authenticator app, or one of the recovery codes."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        clear = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        rows = Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN)
        for row in rows.order_by("-type"):  # the app's before a recovery code
            good = (
                is_code_accepted(row, code)
                if row.type == Authenticator.Type.TOTP
                else row.wrap().validate_code(code)
            )
            if good:
                row.user = self.user
                self.authenticator = row
                clear()
                return code
        for row in rows[:1]:
            self._emit_authentication_failed(row)  # type: ignore[attr-defined]
        raise get_adapter().validation_error("incorrect_code")


class SecondFactorByCode(_Code, codes.AuthenticateForm):
    """The second step of a sign-in."""


class ConfirmByCode(_Code, codes.ReauthenticateForm):
    """A fresh proof within a session."""
