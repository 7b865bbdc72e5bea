"""``/plain/checks`` decides and keeps the decision; ``/plain/receipts`` checks, then saves one receipt."""

from typing import Any

from django.db import transaction
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.baselines.plain.models import Decision, Licence, Receipt


class CheckInput(serializers.Serializer[Any]):
    licence = serializers.CharField(max_length=64)
    use_type = serializers.CharField(max_length=40)
    shot = serializers.CharField(max_length=120)
    first = serializers.IntegerField(min_value=0)
    last = serializers.IntegerField(min_value=0)


class ReceiptInput(serializers.ModelSerializer[Receipt]):
    licence = serializers.CharField(max_length=64)
    use_type = serializers.CharField(max_length=40)

    class Meta:
        model = Receipt
        exclude = ("id",)
        validators: list[Any] = []  # the constraint answers


def why_not(licence: Licence, use_type: str, frames: int) -> str:
    now = timezone.now()
    if licence.revoked:
        return "REVOKED"
    if not licence.not_before <= now < licence.not_after:
        return "OUTSIDE_WINDOW"
    if use_type not in licence.use_types:
        return "USE_NOT_GRANTED"
    return "QUOTA_EXHAUSTED" if licence.frames_used + frames > licence.frames_max else ""


class CheckView(APIView):
    def post(self, request: Request) -> Response:
        body = CheckInput(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        frames = asked["last"] - asked["first"] + 1
        with transaction.atomic():
            licence = Licence.objects.select_for_update().get(code=asked.pop("licence"))
            reason = why_not(licence, asked["use_type"], frames)
            if not reason:
                licence.frames_used += frames
                licence.save()
            decision = Decision.objects.create(licence=licence, allowed=not reason, reason=reason, **asked)
        return Response({"decision": decision.pk, "allowed": decision.allowed, "reason": reason})


class ReceiptView(APIView):
    def post(self, request: Request) -> Response:
        body = ReceiptInput(data=request.data)
        body.is_valid(raise_exception=True)
        told = body.validated_data
        with transaction.atomic():
            licence = Licence.objects.get(code=told.pop("licence"))
            reason = why_not(licence, told.pop("use_type"), 0)
            if reason:
                return Response({"reason": reason}, status=403)
            receipt = Receipt.objects.create(licence=licence, **told)
        return Response({"receipt": receipt.pk})


urlpatterns = [path("plain/checks", CheckView.as_view()), path("plain/receipts", ReceiptView.as_view())]
