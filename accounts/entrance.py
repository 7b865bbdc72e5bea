"""Ways in: links that admit one person once, domains that organisations own, their own sign-in services."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from common.ids import new_id
from common.models import BaseModel


class SignInLink(BaseModel):
    """A link that lets one person in, once: an invitation, or a new start after a lost device.

    The link's secret is not kept, only its digest; sealed, while the mail with it waits. ``user_key`` is the id that an invited person will have, so
    that a passkey can be made before there is an account.
    """

    class Purpose(models.TextChoices):
        INVITE = "INVITE", "Invitation"
        START_OVER = "START_OVER", "New start"

    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField()
    full_name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="UTC")
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="invitations"
    )
    roles = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    user_key = models.UUIDField(default=new_id)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    sealed = models.BinaryField(null=True)
    # none: no mail waits
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    mail_error = models.CharField(max_length=24, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(Lower("email"), name="sign_in_link_email"),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False),
                name="sign_in_link_mail_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.email}"


class OrganisationDomain(BaseModel):
    """A domain that an administrator of the server has found to be an organisation's own; of one at a time."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="domains")
    domain = models.CharField(max_length=253, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(domain__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"), name="domain_is_lower_ascii"
            )
        ]

    def __str__(self) -> str:
        return self.domain


class IdentityProvider(BaseModel):
    """An organisation's own sign-in (OpenID Connect); its members come in by ``/sign-in/with/<slug>/``.

    ``secret`` is sealed under the deployment's secret; see :func:`accounts.sign_in_services.secret_of`.
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="identity_providers"
    )
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    issuer = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    secret = models.BinaryField()
    # set up on the server itself: it may be in a network of our own
    may_be_inside = models.BooleanField(default=True, db_default=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.organisation}"


class PasswordLetter(BaseModel):
    """A letter about a password that waits to be sent; gone as soon as it is. Whether anybody has the address, its row does not say."""

    class Kind(models.TextChoices):
        ASKED = "ASKED", "A new password was asked for"
        CHANGED = "CHANGED", "The password was set anew"

    email = models.EmailField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    due_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["email", "kind"], name="one_password_letter_waits")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.email}"


class DomainClaim(BaseModel):
    """A domain that an organisation says is its own, until its name servers say so, too; of several at a time."""

    organisation = models.ForeignKey("accounts.Organisation", models.CASCADE, related_name="domain_claims")
    domain = models.CharField(max_length=253)
    secret = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "domain"], name="one_claim_of_a_domain"),
            models.CheckConstraint(
                condition=models.Q(domain__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"), name="claim_is_lower_ascii"
            ),
        ]

    def __str__(self) -> str:
        return self.domain
