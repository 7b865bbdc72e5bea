"""Outputs of a production, what happened to them, their manifests, and the certificate that signs.

An asset's state moves in one direction and every move is an ``AssetEvent``; events and manifests are
append-only in the database. The files themselves lie in the private blobs; rows hold names and hashes.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from common.models import BaseModel, SigningKey
from provenance.graph import models as graph  # Django looks for models here
from provenance.labelled import LabelPlace, ShownLabel, VisibleLabelRecord

__all__ = [
    "UNFINISHED",
    "Asset",
    "AssetEvent",
    "AssetKind",
    "AssetState",
    "LabelPlace",
    "ManifestRecord",
    "ResolutionChoice",
    "ShownLabel",
    "SigningAuthority",
    "VisibleLabelRecord",
    "graph",
]
_SHA256 = RegexValidator(r"^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")


class AssetKind(models.TextChoices):
    """What an output is for."""

    DELIVERABLE = "DELIVERABLE", "deliverable"


class AssetState(models.TextChoices):
    """How far an output has come; only ``RELEASED`` ones can be downloaded."""

    RECEIVED = "RECEIVED", "received"
    MARKING = "MARKING", "being marked"
    SIGNING = "SIGNING", "being signed"
    VERIFYING = "VERIFYING", "being verified"
    RELEASED = "RELEASED", "released"
    HELD = "HELD", "held"


UNFINISHED = (AssetState.RECEIVED, AssetState.MARKING, AssetState.SIGNING, AssetState.VERIFYING)


class Asset(BaseModel):
    """One output of a production, from its upload to its release."""

    class Waits(models.TextChoices):
        """What the signing of an output waits for; the sweeper asks again."""

        TIMESTAMP = "TIMESTAMP", "the timestamp authority gives no stamp"
        KEY = "KEY", "the service that holds the signing key does not answer"

    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="assets")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="assets")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=AssetKind, default=AssetKind.DELIVERABLE)
    state = models.CharField(max_length=10, choices=AssetState, default=AssetState.RECEIVED)
    # Why it is held: a list of {"code", "detail"}; empty in every other state.
    hold_reasons = models.JSONField(default=list, blank=True)
    file_name = models.CharField(max_length=255)
    token_jtis = ArrayField(models.UUIDField())
    media = models.JSONField()
    digital_source_type = models.CharField(max_length=60, blank=True, default="")
    mark_id = models.CharField(max_length=16, blank=True, default="")
    # The layers that carry the mark: PIXEL, AUDIO; empty until it is embedded.
    marked_layers = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    # Emptied at the release: no copy without mark and credentials outlives it.
    upload_blob = models.CharField(max_length=255, blank=True)
    upload_sha256 = models.CharField(max_length=64, validators=[_SHA256])
    upload_bytes = models.PositiveBigIntegerField()
    marked_blob = models.CharField(max_length=255, blank=True, default="")
    signed_blob = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    # A signed picture of what browsers do not show; empty for everything else.
    proxy_blob = models.CharField(max_length=255, blank=True, default="")
    proxy_sha256 = models.CharField(max_length=64, blank=True, default="")
    proxy_bytes = models.PositiveBigIntegerField(default=0)
    waits_for = models.CharField(max_length=10, choices=Waits, blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)
    # The uploader's own name for the upload: sent twice, it makes one output.
    idempotency_key = models.CharField(max_length=200, blank=True, default="")
    # The moment of the last sign of life of the work on it; the sweeper takes up what has gone quiet.
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(token_jtis=[]), name="asset_cites_a_licence"),
            models.CheckConstraint(
                condition=~Q(state=AssetState.RELEASED)
                | (Q(released_at__isnull=False) & ~Q(mark_id="") & ~Q(signed_blob="") & ~Q(sha256="")),
                name="released_asset_is_marked_and_signed",
            ),
            models.CheckConstraint(
                condition=Q(state=AssetState.HELD) | Q(hold_reasons=[]), name="only_held_assets_have_reasons"
            ),
            models.CheckConstraint(
                condition=~Q(state=AssetState.HELD) | ~Q(hold_reasons=[]), name="held_asset_says_why"
            ),
            models.CheckConstraint(
                condition=Q(waits_for="") | Q(state__in=[AssetState.SIGNING, AssetState.HELD]),
                name="only_signing_waits_for_others",
            ),
            models.UniqueConstraint(fields=["mark_id"], condition=~Q(mark_id=""), name="one_asset_per_mark"),
            models.UniqueConstraint(
                fields=["organisation", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_asset_per_upload_key",
            ),
        ]
        indexes = [
            models.Index(fields=["production", "-created_at"], name="asset_by_production"),
            models.Index(fields=["touched_at"], condition=Q(state__in=UNFINISHED), name="asset_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class AssetEvent(BaseModel):
    """One move of an asset, with who caused it; append-only. The state can be told from these alone."""

    asset = models.ForeignKey(Asset, models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    state_before = models.CharField(max_length=10, choices=AssetState, blank=True, default="")
    state_after = models.CharField(max_length=10, choices=AssetState)
    # The person, or the one who stands behind the service account; empty for the server's own steps.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["asset", "number"], name="asset_event_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.state_after}"


class ManifestRecord(BaseModel):
    """A manifest store that was written into an output, and what reading it back said; append-only."""

    asset = models.ForeignKey(Asset, models.PROTECT, related_name="manifests")
    blob = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, validators=[_SHA256])
    size_bytes = models.PositiveIntegerField()
    digital_source_type = models.CharField(max_length=200)
    verdict = models.CharField(max_length=12)
    report = models.JSONField()

    class Meta:
        indexes = [
            models.Index(fields=["asset", "-created_at"], name="manifest_by_asset"),
            models.Index(
                KeyTransform("label", KeyTransform("0", KeyTransform("manifests", "report"))),
                name="manifest_by_label",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.sha256[:12]}"


class ResolutionChoice(BaseModel):
    """Whether strangers who hold a released file of a production may have its manifest back; yes without a row."""

    production = models.OneToOneField("licensing.Production", models.PROTECT, related_name="+")
    is_public = models.BooleanField(default=True)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.production_id} {'public' if self.is_public else 'closed'}"


class SigningAuthority(BaseModel):
    """The deployment's certificate authority and its signing certificate; private keys are sealed."""

    class State(models.TextChoices):
        """Whether its certificate signs, is kept so that what it signed can be verified, or is revoked."""

        ACTIVE = "ACTIVE", "signs and verifies"
        RETIRED = "RETIRED", "verifies only"
        REVOKED = "REVOKED", "neither"

    class Reason(models.TextChoices):
        """Why a certificate was revoked, in the codes of RFC 5280, section 5.3.1."""

        KEY_COMPROMISE = "keyCompromise", "its key may be another's"
        SUPERSEDED = "superseded", "another took its place"
        CESSATION = "cessationOfOperation", "it signs for nobody any more"

    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    authority_pem = models.TextField()
    certificate_pem = models.TextField()
    sealed_authority_key = models.BinaryField()
    # Where the certificate's key is: sealed here, or in a token or KMS under a name of theirs.
    key_backend = models.CharField(
        max_length=8, choices=SigningKey.Backend, default=SigningKey.Backend.DATABASE
    )
    key_reference = models.CharField(max_length=2048, blank=True, default="")
    sealed_signing_key = models.BinaryField(null=True)
    not_after = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation_reason = models.CharField(max_length=24, choices=Reason, blank=True, default="")
    # since when somebody else may have signed with it, where that is known
    compromised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="ACTIVE"), name="one_active_signing_authority"
            ),
            models.CheckConstraint(
                condition=Q(key_backend="database", sealed_signing_key__isnull=False, key_reference="")
                | (~Q(key_backend="database") & Q(sealed_signing_key=None) & ~Q(key_reference="")),
                name="claim_key_is_sealed_or_named",
            ),
            models.CheckConstraint(
                condition=(Q(state="REVOKED", revoked_at__isnull=False) & ~Q(revocation_reason=""))
                | (~Q(state="REVOKED") & Q(revoked_at=None, compromised_at=None, revocation_reason="")),
                name="revoked_certificate_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} until {self.not_after:%Y-%m-%d}"
