"""Links that admit one person once: an invitation to an organisation, and a new start after a lost device.

A link's secret is 256 random bits; only its digest is kept. It ends by use, by time, by a newer link for the same
person and purpose, and with the right of whoever made it. An invitation gives just the roles it names, and only to
whoever holds the invited address: an existing account is never opened by it, its owner signs in and accepts.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.enrolment import keep_passkey
from accounts.memberships import add_member
from accounts.models import Membership, Organisation, SignInLink, User
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound

_SECRET_BYTES: Final = 32
_ROLES_OF: Final[dict[Organisation.Kind, set[str]]] = {
    Organisation.Kind.AGENCY: {"AGENT", "ADMIN", "LEGAL"},
    Organisation.Kind.STUDIO: {"PRODUCER", "ENGINEER", "ADMIN", "LEGAL"},
    Organisation.Kind.VENDOR: {"PRODUCER", "ENGINEER", "ADMIN", "LEGAL"},
    Organisation.Kind.GUILD: {"AUDITOR", "ADMIN", "LEGAL"},
    Organisation.Kind.TALENT: {"TALENT", "ADMIN"},
    Organisation.Kind.OPERATOR: set(),  # made on the server itself
}


def invite_person(
    *,
    organisation: Organisation,
    email: str,
    full_name: str,
    roles: Iterable[str],
    invited_by: User | None,
    time_zone: str = "UTC",
) -> tuple[SignInLink, str]:
    """Invite a person to ``organisation``; a mail with the link goes out when the transaction commits.

    An earlier invitation of the same address to the same organisation ends. Whether the address has an account
    already is not told.

    Args:
        invited_by: who invites, an administrator there; None for the server's operator.

    Returns:
        The invitation and the whole link, shown this once and never stored.

    Raises:
        InvalidInput: ``EMAIL_INVALID``, ``NAME_INVALID`` or ``ROLE_UNKNOWN`` (none, or none of this kind of organisation).
        Forbidden: ``ADMINISTRATOR_ONLY``.
    """
    wanted = sorted(set(roles))
    email = _clean_email(email)
    name = " ".join(full_name.split())
    if not name or len(name) > 120 or not name.isprintable():
        raise InvalidInput("NAME_INVALID", "Give the person's name in one line.")
    allowed = _ROLES_OF[Organisation.Kind(organisation.kind)]
    if not wanted or not allowed.issuperset(wanted):
        raise InvalidInput(
            "ROLE_UNKNOWN", _("Choose roles of %(values)s.") % {"values": ", ".join(sorted(allowed))}
        )
    if invited_by is not None and not _is_administrator(invited_by, organisation):
        raise Forbidden("ADMINISTRATOR_ONLY", "An administrator of the organisation invites.")
    with transaction.atomic():
        _end_others(SignInLink.Purpose.INVITE, email, organisation)
        return _make_link(
            purpose=SignInLink.Purpose.INVITE,
            email=email,
            full_name=name,
            time_zone=time_zone,
            organisation=organisation,
            roles=wanted,
            made_by=invited_by,
        )


def start_over(*, user: User, made_by: User | None) -> tuple[SignInLink, str]:
    """Send a person a link by which they set everything anew: for whoever lost every device and code.

    Nothing changes before the link is used. An administrator may do it for members of their organisation who belong
    to no other; for everybody else the server's operator does, who has made sure who is asking.

    Raises:
        Forbidden: ``OPERATOR_ONLY``.
    """
    if made_by is not None and not _may_start_over(made_by, user):
        raise Forbidden("OPERATOR_ONLY", "The operator of this server does that.")
    with transaction.atomic():
        _end_others(SignInLink.Purpose.START_OVER, user.email, None)
        return _make_link(
            purpose=SignInLink.Purpose.START_OVER,
            email=user.email,
            full_name=user.full_name,
            user_key=user.pk,
            made_by=made_by,
        )


def revoke_invitation(*, link: SignInLink) -> None:
    """End a link that was not used."""
    SignInLink.objects.filter(pk=link.pk, used_at=None, revoked_at=None).update(revoked_at=clock.now())


def living_link(secret: str) -> SignInLink:
    """The link of that secret, if it still admits somebody.

    Raises:
        NotFound: ``LINK_OVER``: unknown, used, ended, too old, or made by somebody who could not make it any more;
            all read the same.
    """
    return _living(secret, SignInLink.objects.select_related("organisation", "made_by"))


def account_of(link: SignInLink) -> User | None:
    """The account that the link's address has already."""
    return User.objects.filter(email__iexact=link.email).first()


def accept_as_new(
    *, secret: str, password: str = "", credential: Mapping[str, Any] | None = None, full_name: str = ""
) -> User:
    """Make the invited person's account, with a password or a passkey; the link is used up.

    Args:
        credential: a new passkey that :func:`accounts.enrolment.read_enrolment` has checked for ``user_key``.

    Raises:
        NotFound: ``LINK_OVER``.
        Conflict: ``USER_EXISTS``: the address has an account; its owner signs in and accepts; ``OPERATOR_APART``.
        InvalidInput: ``PASSWORD_WEAK`` with ``problems``, or ``PASSWORD_MISSING``.
    """
    with transaction.atomic():
        link = _living(secret, SignInLink.objects.select_for_update(of=("self",)))
        if link.purpose != SignInLink.Purpose.INVITE:
            raise NotFound("LINK_OVER", "This link admits nobody any more.")
        if account_of(link) is not None:
            raise Conflict("USER_EXISTS", "This address has an account.", "Sign in to accept.")
        user = User(pk=link.user_key, email=link.email, full_name=full_name or link.full_name)
        user.time_zone = link.time_zone
        _set_password(user, password, may_lack=credential is not None)
        user.save(force_insert=True)
        if credential is not None:
            keep_passkey(user, "", credential)
            RecoveryCodes.activate(user)
        _use(link, user)
        return user


def accept_as_member(*, secret: str, user: User) -> Membership:
    """Give the roles of an invitation to ``user``, who is signed in and holds the invited address.

    Raises:
        NotFound: ``LINK_OVER``.
        Forbidden: ``NOT_YOUR_INVITATION``. Conflict: ``OPERATOR_APART``.
    """
    with transaction.atomic():
        link = _living(secret, SignInLink.objects.select_for_update(of=("self",)))
        if link.purpose != SignInLink.Purpose.INVITE:
            raise NotFound("LINK_OVER", "This link admits nobody any more.")
        if user.email.lower() != link.email.lower():
            raise Forbidden("NOT_YOUR_INVITATION", "This invitation is for another address.")
        return _use(link, user)


def accept_new_start(*, secret: str, password: str) -> User:
    """Set a new password; passkeys, codes and sessions of before are gone.

    Raises:
        NotFound: ``LINK_OVER``.
        InvalidInput: ``PASSWORD_WEAK`` or ``PASSWORD_MISSING``.
    """
    with transaction.atomic():
        link = _living(secret, SignInLink.objects.select_for_update(of=("self",)))
        user = User.objects.select_for_update().filter(pk=link.user_key, is_active=True).first()
        if link.purpose != SignInLink.Purpose.START_OVER or user is None:
            raise NotFound("LINK_OVER", "This link admits nobody any more.")
        _set_password(user, password)
        user.save(update_fields=["password"])  # which ends every session: each holds a hash of the password
        Authenticator.objects.filter(user=user).delete()
        link.used_at, link.used_by = clock.now(), user
        link.save(update_fields=["used_at", "used_by"])
        return user


def change_password(*, user: User, password: str) -> None:
    """Set another password for ``user``.

    Raises:
        InvalidInput: ``PASSWORD_WEAK`` or ``PASSWORD_MISSING``.
    """
    _set_password(user, password)
    user.save(update_fields=["password"])


def _living(secret: str, rows: Any) -> SignInLink:
    digest = hashlib.sha256(secret.encode()).digest()
    link: SignInLink | None = rows.filter(digest=digest, used_at=None, revoked_at=None).first()
    if link is None or link.expires_at <= clock.now() or not _is_answered_for(link):
        raise NotFound("LINK_OVER", "This link admits nobody any more.")
    return link


def _is_answered_for(link: SignInLink) -> bool:
    """Whether who made the link could make it today: nobody comes in by the hand of one who has left."""
    if link.made_by is None:
        return True  # the server's operator
    if link.organisation is not None:
        return _is_administrator(link.made_by, link.organisation)
    user = User.objects.filter(pk=link.user_key).first()
    return user is not None and _may_start_over(link.made_by, user)


def _may_start_over(made_by: User, user: User) -> bool:
    """Whether ``made_by`` administers the one organisation that ``user``, somebody else, belongs to."""
    theirs = set(Membership.objects.filter(user=user, ended_at=None).values_list("organisation", flat=True))
    mine = Organisation.objects.filter(pk__in=theirs).first()
    return len(theirs) == 1 and mine is not None and made_by != user and _is_administrator(made_by, mine)


def _make_link(**fields: Any) -> tuple[SignInLink, str]:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    link = SignInLink.objects.create(
        digest=hashlib.sha256(secret.encode()).digest(),
        expires_at=clock.now() + timedelta(hours=settings.INVITATION_HOURS),
        **fields,
    )
    address = urljoin(f"{settings.BASE_URL}/", reverse("sign-in-welcome", args=[secret]).lstrip("/"))
    # the inviter is shown the link as well: a mail server that is away loses nothing
    transaction.on_commit(partial(_send, link, address), robust=True)
    return link, address


def _send(link: SignInLink, address: str) -> None:
    told = {"link": link, "address": address, "hours": settings.INVITATION_HOURS}
    name = "invitation" if link.purpose == SignInLink.Purpose.INVITE else "new_start"
    subject = " ".join(render_to_string(f"account/mail/{name}_subject.txt", told).split())
    send_mail(subject, render_to_string(f"account/mail/{name}.txt", told), None, [link.email])


def _use(link: SignInLink, user: User) -> Membership:
    link.used_at, link.used_by = clock.now(), user
    link.save(update_fields=["used_at", "used_by"])
    if link.organisation is None:
        raise LookupError(f"invitation {link.pk} is to no organisation")
    first, *_ = [add_member(organisation=link.organisation, user=user, role=role) for role in link.roles]
    return first


def _end_others(purpose: str, email: str, organisation: Organisation | None) -> None:
    SignInLink.objects.filter(
        purpose=purpose, email__iexact=email, organisation=organisation, used_at=None, revoked_at=None
    ).update(revoked_at=clock.now())


def _is_administrator(user: User, organisation: Organisation) -> bool:
    return (
        user.is_active
        and Membership.objects.filter(
            user=user, organisation=organisation, role=Membership.Role.ADMIN, ended_at=None
        ).exists()
    )


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput("EMAIL_INVALID", "That is no e-mail address.") from error
    if not email.isascii():
        raise InvalidInput("EMAIL_INVALID", "Write the address in plain letters.")
    return email


def _set_password(user: User, password: str, *, may_lack: bool = False) -> None:
    if not password and may_lack:
        user.set_unusable_password()
        return
    if not password:
        raise InvalidInput("PASSWORD_MISSING", "Set a password or make a passkey.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(
            "PASSWORD_WEAK",
            "Choose another password.",
            " ".join(error.messages),
            {"problems": error.messages},
        ) from error
    user.set_password(password)
