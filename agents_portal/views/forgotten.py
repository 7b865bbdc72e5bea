"""A forgotten password: django-allauth's flow on pages of ours. Every address is answered alike, and in the same time."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_reset
from allauth.account.views import PasswordResetFromKeyView, PasswordResetView
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.services import ask_for_password, renew_password
from agents_portal.forms.security import NewPasswordForm
from audit.services import record

_reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])


class ForgottenForm(forms.Form):
    """Whose password it is; nothing is looked up here."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("Give your address."), "invalid": _("That is no e-mail address.")},
    )

    def save(self, request: HttpRequest) -> None:
        """Have a letter written, if the address is anybody's."""
        ask_for_password(email=self.cleaned_data["email"])


class RenewForm(NewPasswordForm):
    """A password, twice, for who came by the letter."""

    def __init__(self, *args: Any, user: User | None = None, temp_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """One that is strong enough."""
        password: str = self.cleaned_data["password"]
        try:
            validate_password(password, self.user)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return password


class _Forgotten(PasswordResetView):
    template_name = "portal/security/forgotten.html"

    def get_form_class(self) -> type[forms.Form]:
        return ForgottenForm

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        return cast("HttpResponse", self.render_to_response(self.get_context_data(form=form), status=422))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().get_context_data(**kwargs)
        return {**told, "sends_mail": bool(settings.EMAIL_HOST)}


class _NewPassword(PasswordResetFromKeyView):
    template_name = "portal/security/new_password.html"
    reset_user: User | None = None

    def get_form_class(self) -> type[forms.Form]:
        return RenewForm

    def dispatch(self, request: HttpRequest, uidb36: str, key: str, **kwargs: Any) -> HttpResponseBase:
        """A link that is over, used, or nobody's reads as any other that is."""
        answer = cast("HttpResponseBase", super().dispatch(request, uidb36, key, **kwargs))
        if self.reset_user is None and answer.status_code == 200:
            return render(request, "portal/security/over.html", status=404)
        return answer

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        return cast("HttpResponse", self.render_to_response(self.get_context_data(form=form), status=422))

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Set it; nobody is signed in by it, so that a second factor is asked for as ever."""
        user = self.reset_user
        assert user is not None
        with transaction.atomic():
            renew_password(user=user, password=form.cleaned_data["password"])
            record(kind="sign_in.password_renewed", principal=None, object_type="person", object_id=user.pk)
        get_adapter()._delete_login_attempts_cached_email(self.request, email=user.email)
        password_reset.send(sender=User, request=self.request, user=user)
        return redirect(self.get_success_url())


forgotten_page = _reads_and_posts(never_cache(_Forgotten.as_view()))
new_password_page = _reads_and_posts(never_cache(_NewPassword.as_view()))


@never_cache
@require_GET
def sent_page(request: HttpRequest) -> HttpResponse:
    """Say where to look; the same for every address."""
    return render(
        request, "portal/security/forgotten_sent.html", {"minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    )


@never_cache
@require_GET
def renewed_page(request: HttpRequest) -> HttpResponse:
    """Say that it is set."""
    return render(request, "portal/security/renewed.html")
