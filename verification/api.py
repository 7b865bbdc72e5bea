"""The HTTP face of verifications: hand a file in, follow it, read the signed report, replay, review."""

import base64
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.operating import require_operator
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.errors import Forbidden, InvalidInput, NotFound
from trustcore.verification.report import json_schema
from trustcore.verification.words import Impact
from verification import selectors, services, workflows
from verification.models import DetectorPromotion, Replay, Review, ReviewVerdict, Verification
from watermarking.api import on_disk, refuse_oversize

# null until a verification has ended
_OBJECT_OR_NULL = {"type": "object", "additionalProperties": {}, "nullable": True}


class VerificationInput(serializers.Serializer[Any]):
    """A file, or the address of an output that lies here, and how to look at it."""

    file = serializers.FileField(required=False)
    address = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=500,
        help_text="Instead of a file: /api/v1/assets/{id}/content of a released output. Nothing else is read.",
    )
    impact = serializers.ChoiceField(choices=[one.value for one in Impact], default=Impact.LOW.value)
    layers = serializers.CharField(
        default="", allow_blank=True, help_text="provenance, watermark, detection; by comma. Empty: all."
    )


class VerificationOutput(serializers.ModelSerializer[Verification]):
    """How far a verification is and, once it is done, its signed report."""

    action = serializers.SerializerMethodField()
    headline = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField()
    report_sha256 = serializers.SerializerMethodField()
    signature = serializers.SerializerMethodField()

    class Meta:
        model = Verification
        fields = (
            "id",
            "state",
            "file_name",
            "sha256",
            "size_bytes",
            "impact",
            "layers",
            "stages",
            "error_code",
            "action",
            "headline",
            "report",
            "report_sha256",
            "signature",
            "created_at",
            "finished_at",
        )

    def get_action(self, row: Verification) -> str | None:
        """What the policy advises."""
        return str(row.record.action) if hasattr(row, "record") else None

    def get_headline(self, row: Verification) -> str | None:
        """The one-word conclusion."""
        return str(row.record.headline) if hasattr(row, "record") else None

    @extend_schema_field(_OBJECT_OR_NULL)
    def get_report(self, row: Verification) -> dict[str, Any] | None:
        """The report; its schema is at ``/api/v1/verifications/schema``."""
        return dict(row.record.report) if hasattr(row, "record") else None

    def get_report_sha256(self, row: Verification) -> str | None:
        """The hash that is signed."""
        return str(row.record.report_sha256) if hasattr(row, "record") else None

    @extend_schema_field(_OBJECT_OR_NULL)
    def get_signature(self, row: Verification) -> dict[str, str] | None:
        """Ed25519 over ``trustmark.verification-report/1``, a newline and the hash in hex; keys in the key set."""
        if not hasattr(row, "record"):
            return None
        return {"kid": row.record.kid, "value": base64.b64encode(bytes(row.record.signature)).decode("ascii")}


class ReplayOutput(serializers.ModelSerializer[Replay]):
    """A record decided again."""

    is_same = serializers.SerializerMethodField()

    class Meta:
        model = Replay
        fields = ("id", "is_same", "differences", "decision", "created_at")

    def get_is_same(self, row: Replay) -> bool:
        """Whether nothing differs."""
        return not row.differences


class ReviewInput(serializers.Serializer[Any]):
    """A person's word."""

    verdict = serializers.ChoiceField(choices=ReviewVerdict.choices)
    reason = serializers.CharField(max_length=500)


class ReviewOutput(serializers.ModelSerializer[Review]):
    """A word that was given, and what two people agreed on."""

    outcome = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = ("id", "verdict", "reason", "outcome", "created_at")

    def get_outcome(self, row: Review) -> str | None:
        """None while another person has to look."""
        outcome = selectors.outcome_of(row.record)
        return str(outcome) if outcome else None


class RatesOutput(serializers.Serializer[Any]):
    """Action rates, and those of a policy on trial over the same files."""

    verifications = serializers.IntegerField()
    actions = serializers.DictField(child=serializers.IntegerField())
    trial = serializers.DictField()


class PromotionInput(serializers.Serializer[Any]):
    """A hold-out's scores (docs/verification.md)."""

    evaluation = serializers.DictField()


class PromotionOutput(serializers.ModelSerializer[DetectorPromotion]):
    """A promotion, what the gate counted, and what was said of it."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = DetectorPromotion
        fields = ("id", "state", "ensemble", "calibration_set", "holdout", "policy", "figures", "created_at")

    def get_state(self, row: DetectorPromotion) -> str:
        """``ASKED``, ``CONFIRMED`` or ``WITHDRAWN``."""
        said = {word.verdict for word in row.words.all()}
        return next((one for one in ("WITHDRAWN", "CONFIRMED") if one in said), "ASKED")


class VerificationsApi(ApiView):
    """Hand a file in, or list what was verified."""

    required_scope = "watermark:detect"
    # a JSON body has no file: both kinds are named so that the list can be asked for
    parser_classes = (MultiPartParser,)
    # the general memory of answers would hash the file's name only
    idempotent = False

    @extend_schema(request={"multipart/form-data": VerificationInput}, responses={202: VerificationOutput})
    def post(self, request: Request) -> Response:
        """Take a file in, or one that lies here; follow it at ``Location``."""
        refuse_oversize(request)
        given, principal = self.parsed(VerificationInput), principal_of(request)
        layers = [name.strip() for name in given["layers"].split(",") if name.strip()]
        upload: UploadedFile | None = given.get("file")
        if (upload is None) == (not given["address"]):
            raise InvalidInput("FILE_OR_ADDRESS", _("Give a file, or the address of one that lies here."))
        if upload is None:
            if not principal.holds("asset:read"):
                raise Forbidden("SCOPE_MISSING", "This API key may not do this.")
            row = workflows.verify_stored(
                principal=principal, address=given["address"], impact=given["impact"], layers=layers
            )
        else:
            with on_disk(upload) as path:
                row = workflows.verify_upload(
                    principal=principal,
                    path=path,
                    file_name=upload.name or "upload",
                    content_type=upload.content_type or "",
                    impact=given["impact"],
                    layers=layers,
                )
        headers = {"Location": f"/api/v1/verifications/{row.pk}"}
        return Response(VerificationOutput(row).data, status=202, headers=headers)

    @extend_schema(responses=VerificationOutput(many=True))
    def get(self, request: Request) -> Response:
        """List verifications, newest first, by cursor."""
        pages = CursorPage()
        rows = selectors.verifications_visible_to(principal_of(request))
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(VerificationOutput(page, many=True).data)


class VerificationApi(ApiView):
    """One verification."""

    required_scope = "watermark:detect"

    @extend_schema(responses=VerificationOutput)
    def get(self, request: Request, verification_id: UUID) -> Response:
        """Say how far it is, and the report."""
        return Response(VerificationOutput(_one(request, verification_id)).data)


class VerificationReplayApi(ApiView):
    """Decide a stored verification again."""

    required_scope = "watermark:detect"

    @extend_schema(request=None, responses={201: ReplayOutput})
    def post(self, request: Request, verification_id: UUID) -> Response:
        """Decide again from the stored evidence, policy and versions; every difference is stated."""
        made = services.replay(principal=principal_of(request), verification_id=verification_id)
        return Response(ReplayOutput(made).data, status=201)


class VerificationReviewApi(ApiView):
    """People's words on a held or escalated file."""

    required_scope = "watermark:detect"

    @extend_schema(request=ReviewInput, responses={201: ReviewOutput})
    def post(self, request: Request, verification_id: UUID) -> Response:
        """Give one's word; the second person who says the same decides."""
        given = self.parsed(ReviewInput)
        made = services.give_word(principal=principal_of(request), verification_id=verification_id, **given)
        return Response(ReviewOutput(made).data, status=201)


class VerificationRatesApi(ApiView):
    """Action rates."""

    required_scope = "watermark:detect"

    @extend_schema(responses=RatesOutput)
    def get(self, request: Request) -> Response:
        """Compare what was advised with what a policy on trial would have advised."""
        return Response(selectors.action_rates(principal_of(request)))


class PromotionsApi(ApiView):
    """Detectors that may act: operators only."""

    required_scope = None

    @extend_schema(request=PromotionInput, responses={201: PromotionOutput})
    def post(self, request: Request) -> Response:
        """Ask that the installed detectors may act; another operator confirms."""
        given = self.parsed(PromotionInput)
        row = services.ask_promotion(principal=principal_of(request), evaluation=given["evaluation"])
        return Response(PromotionOutput(row).data, status=201)

    @extend_schema(responses=PromotionOutput(many=True))
    def get(self, request: Request) -> Response:
        """List what was asked, newest first, by cursor."""
        require_operator(principal_of(request))
        pages = CursorPage()
        page = pages.paginate_queryset(selectors.promotions(), request, view=self)
        return pages.get_paginated_response(PromotionOutput(page, many=True).data)


class PromotionConfirmApi(ApiView):
    """The second operator's consent."""

    required_scope = None

    @extend_schema(request=None, responses={201: PromotionOutput})
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Consent: from now on the detectors' scores count."""
        row = services.confirm_promotion(principal=principal_of(request), promotion_id=promotion_id)
        return Response(PromotionOutput(row).data, status=201)


class PromotionWithdrawApi(ApiView):
    """Back into shadow."""

    required_scope = None

    @extend_schema(request=None, responses={201: PromotionOutput})
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Put the detectors back into shadow; one operator is enough."""
        row = services.withdraw_promotion(principal=principal_of(request), promotion_id=promotion_id)
        return Response(PromotionOutput(row).data, status=201)


class VerificationSchemaApi(ApiView):
    """The report's schema, public."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses=OpenApiTypes.OBJECT, auth=[])
    def get(self, request: Request) -> Response:
        """The JSON Schema of reports."""
        return Response(json_schema())


def _one(request: Request, verification_id: UUID) -> Verification:
    row = selectors.verification_for(principal_of(request), verification_id)
    if row is None:
        raise NotFound
    return row
