"""``/api/v1/training-wording``: the words of inventories, schemas and screens, and counsel's approval of them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from training.api.base import Strict, TrainingView
from training.services.wording import Wording, approve_wording, wording_of

STATES = ("APPROVED", "CHANGED", "NEVER_APPROVED")


class WordingInput(Strict):
    """The words that are approved, by their hash, and what counsel says to it."""

    hash = serializers.RegexField(r"^sha256:[0-9a-f]{64}$")
    note = serializers.CharField(max_length=500)


class ChangedWordOutput(Strict):
    """A word that is not as it was approved; null: it was not there, or is not any more."""

    key = serializers.CharField()
    approved = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)


class WordingOutput(Strict):
    """Every word by its key, and how they stand."""

    hash = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    words = serializers.DictField(child=serializers.CharField())
    changed = ChangedWordOutput(many=True)
    approved_hash = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.UUIDField(allow_null=True)
    note = serializers.CharField()


class WordingApi(TrainingView):
    """Read the words."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_wording_read", responses=WordingOutput)
    def get(self, request: Request) -> Response:
        return Response(_written(wording_of(self.principal)))


class WordingApproveApi(TrainingView):
    """Approve them."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_wording_approve", request=WordingInput, responses=WordingOutput)
    def post(self, request: Request) -> Response:
        told = self.parsed(WordingInput)
        return Response(
            _written(approve_wording(principal=self.principal, hash_=told["hash"], note=told["note"]))
        )


def _written(row: Wording) -> dict[str, Any]:
    return {
        "hash": row.hash, "state": row.state, "words": row.words,
        "changed": [
            {"key": key, "approved": was, "now": now} for key, (was, now) in row.changed.items()
        ],
        "approved_hash": row.approved_hash,
        "approved_at": rfc3339(row.approved_at) if row.approved_at else None,
        "approved_by": str(row.approved_by) if row.approved_by else None, "note": row.note,
    }  # fmt: skip
