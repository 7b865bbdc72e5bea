"""A forgotten password: the address is written down, whoever's it is, and a worker writes the letter, if it is anybody's.

The page therefore does the same, and takes as long, whether or not the address has an account. The link is django-allauth's: good once,
for ``PASSWORD_RESET_TIMEOUT`` seconds, and over as soon as the password, the address or the last sign-in changed. Second factors stay:
whoever reads somebody's mail has no more than a password.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urljoin
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.invitations import change_password
from accounts.models import PasswordLetter, User
from common import clock

_MINUTE: Final = 60


def ask_for_password(*, email: str) -> None:
    """Have a letter written to ``email``, if it is anybody's; one that waits already is enough."""
    if settings.EMAIL_HOST:
        PasswordLetter.objects.get_or_create(
            email=email.strip().lower(), kind=PasswordLetter.Kind.ASKED, defaults={"due_at": clock.now()}
        )


def renew_password(*, user: User, password: str) -> None:
    """Set the password of who came by a letter's link; other sessions end, second factors stay, and a letter tells.

    Raises:
        InvalidInput: ``PASSWORD_WEAK`` or ``PASSWORD_MISSING``.
    """
    change_password(user=user, password=password)
    if settings.EMAIL_HOST:
        PasswordLetter.objects.get_or_create(
            email=user.email.lower(), kind=PasswordLetter.Kind.CHANGED, defaults={"due_at": clock.now()}
        )


def password_mail_of(letter: PasswordLetter) -> EmailMessage | None:
    """The mail of one letter, in its reader's language; None: the address is nobody's."""
    user = User.objects.filter(email__iexact=letter.email, is_active=True).first()
    if user is None:
        return None
    name = "password_changed" if letter.kind == PasswordLetter.Kind.CHANGED else "password"
    told = {
        "user": user,
        "address": _address(user) if user.has_usable_password() else "",
        "sign_in": urljoin(f"{settings.BASE_URL}/", reverse("account_login").lstrip("/")),
        "minutes": settings.PASSWORD_RESET_TIMEOUT // _MINUTE,
    }
    with translation.override(user.language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string(f"account/mail/{name}_subject.txt", told).split())
        return EmailMessage(subject, render_to_string(f"account/mail/{name}.txt", told), None, [user.email])


def note_password_mailed(letter_id: UUID, *, again_at: datetime | None = None) -> None:
    """Forget a letter that is dealt with; one that will be tried again waits until then."""
    rows = PasswordLetter.objects.filter(pk=letter_id)
    if again_at is None:
        rows.delete()
    else:
        rows.update(due_at=again_at, attempts=F("attempts") + 1)


def _address(user: User) -> str:
    path = reverse(
        "account_reset_password_from_key",
        args=[user_pk_to_url_str(user), default_token_generator.make_token(user)],
    )
    return urljoin(f"{settings.BASE_URL}/", path.lstrip("/"))
