"""Organisations, people, their roles in organisations, and API credentials (only digests of secrets)."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from accounts.entrance import DomainClaim, IdentityProvider, OrganisationDomain, PasswordLetter, SignInLink
from accounts.subject_keys import SubjectKey
from common import clock
from common.ids import new_id
from common.language import later
from common.models import BaseModel

__all__ = [
    "ApiCredential",
    "DomainClaim",
    "IdentityProvider",
    "Membership",
    "Organisation",
    "OrganisationDomain",
    "PasswordLetter",
    "Scope",
    "SignInLink",
    "SubjectKey",
    "User",
]


class UserManager(BaseUserManager["User"]):
    """Makes people; e-mail addresses are compared without case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in by e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="UTC")
    # what pages and letters to this person are written in; empty: as their browser asks, letters in English
    language = models.CharField(max_length=8, blank=True, db_default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        return self.full_name


class Organisation(BaseModel):
    """A party: who asks, who represents, who audits, who works for another, or a talent on its own."""

    class Kind(models.TextChoices):
        STUDIO = "STUDIO", later("Studio")
        AGENCY = "AGENCY", later("Talent agency")
        GUILD = "GUILD", later("Guild")
        VENDOR = "VENDOR", later("Vendor")
        TALENT = "TALENT", later("Talent")
        # who runs this server: keeps accounts and keys, and has no part in any licence
        OPERATOR = "OPERATOR", later("Operator of this server")

    name = models.CharField(max_length=160)
    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # ISNI, EIDR party, guild signatory number ...: what the party is known as elsewhere
    external_ids = models.JSONField(default=dict, blank=True)
    # rises when the organisation changes hands; licences say what happens then (claim ``coc``)
    control_generation = models.PositiveIntegerField(default=1)
    # who acts for it, or about it where it is a talent's own, signs what binds with a passkey
    passkey_required = models.BooleanField(default=False, db_default=False)

    history = HistoricalRecords()

    class Meta:
        indexes = [models.Index(fields=["kind", "created_at"], name="organisation_by_kind")]

    def __str__(self) -> str:
        return self.name


class Membership(BaseModel):
    """A person's role in an organisation."""

    class Role(models.TextChoices):
        AGENT = "AGENT", later("Agent")
        TALENT = "TALENT", later("Talent")
        PRODUCER = "PRODUCER", later("Producer")
        ENGINEER = "ENGINEER", later("Pipeline engineer")
        AUDITOR = "AUDITOR", later("Auditor")
        ADMIN = "ADMIN", later("Administrator")
        # reads what the organisation may read, to ask where something came from and who approved it
        LEGAL = "LEGAL", later("Legal, read only")

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    ended_at = models.DateTimeField(null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=models.Q(ended_at=None),
                name="one_live_membership_per_role",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} at {self.organisation}"


class Scope(models.TextChoices):
    """What an API key may do; a key holds just those named at its making."""

    VISIBILITY_READ = "visibility:read", later("Ask whether a talent is visible")
    LICENCE_REQUEST = "licence:request", later("Ask for licences and register productions")
    LICENCE_READ = "licence:read", later("Read requests and licences")
    LICENCE_HEARTBEAT = "licence:heartbeat", later("Fetch short-lived tokens")
    LICENCE_REVOKE = "licence:revoke", later("Revoke licences")
    RENDER_CHECK = "render:check", later("Check before a render")
    RENDER_RECEIPT = "render:receipt", later("Post receipts")
    ASSET_WRITE = "asset:write", later("Upload deliverables")
    ASSET_READ = "asset:read", later("Read deliverables")
    BUNDLE_WRITE = "bundle:write", later("Make bundles")
    BUNDLE_READ = "bundle:read", later("Download bundles")
    WATERMARK_DETECT = "watermark:detect", later("Look for marks in files")
    SCRIPT_READ = "script:read", later("Read about scripts: versions, grants, accesses")
    SCRIPT_WRITE = "script:write", later("Hand scripts in")
    SCRIPT_ACCESS = "script:access", later("Ask for scripts that were granted, and fetch them")
    EVENT_READ = "event:read", later("Follow the event stream")
    TRAINING_WRITE = "training:write", later("Register material for training and freeze manifests")
    TRAINING_READ = "training:read", later("Read material for training, its rights and lineage")
    TRAINING_RUN = "training:run", later("Ask for a manifest before a training run, and report the run")
    WEBHOOK_MANAGE = "webhook:manage", later("Manage webhooks")


class ApiCredential(BaseModel):
    """An API key: a public prefix, the digest of its secret, scopes, an end, and what its tokens are bound to.

    ``jkt`` is the RFC 7638 thumbprint of ``proof_jwk``: tokens fetched with this key are bound to it (DPoP).
    ``x5t`` is the RFC 8705 thumbprint of a client certificate: tokens are bound to that instead, or as well.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="credentials")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope.choices))
    proof_jwk = models.JSONField(null=True, blank=True)
    jkt = models.CharField(max_length=43, blank=True)
    x5t = models.CharField(max_length=43, blank=True, db_default="")
    # CIDR; empty: from anywhere. Set with the key and never after: a remembered caller keeps them
    networks = ArrayField(models.CharField(max_length=43), default=list, blank=True, db_default=[])
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="credential_has_scopes")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
