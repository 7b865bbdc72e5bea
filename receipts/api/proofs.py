"""``/api/v1/.../proof`` and ``/api/v1/logs/...``: find a receipt's leaf, prove it, prove that the log only grew."""

import base64
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import InvalidInput, NotFound
from licensing.selectors import production_for
from receipts import selectors
from receipts.api.base import uuid_of
from trustcore.log.proof import PROOF_SUFFIX, LogProof

_NUMBER = {"type": "integer", "minimum": 0}


class ProofOutput(serializers.Serializer[Any]):
    """A leaf, its RFC 6962 audit path (base64, nearest sibling first) and the signed checkpoint it leads to."""

    leaf_index = serializers.IntegerField()
    size = serializers.IntegerField()
    entry = serializers.CharField(help_text="the leaf's bytes, base64")
    hashes = serializers.ListField(child=serializers.CharField())
    root_hash = serializers.CharField()
    checkpoint = serializers.CharField()


class ConsistencyOutput(serializers.Serializer[Any]):
    """The RFC 6962 proof (base64) that the tree of ``second`` leaves extends the tree of ``first``."""

    first = serializers.IntegerField()
    first_root = serializers.CharField()
    second = serializers.IntegerField()
    second_root = serializers.CharField()
    hashes = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField(help_text="the log's present checkpoint")


class LeafOutput(serializers.Serializer[Any]):
    """Where something stands in the log."""

    leaf_index = serializers.IntegerField()
    kind = serializers.CharField()
    received_at = serializers.DateTimeField()
    entry = serializers.CharField(help_text="the leaf's bytes, base64")
    published = serializers.BooleanField(help_text="the present checkpoint covers it")


class TlogProofRenderer(renderers.BaseRenderer):
    """Chosen by ``?format=tlog-proof``; the view answers with the file itself."""

    media_type = "text/plain"
    format = "tlog-proof"
    charset = "utf-8"

    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        """Write what is no file (a refusal) as the JSON that it is."""
        return renderers.JSONRenderer().render(data)


class ProofApi(ApiView):
    """Prove by Merkle path that a leaf stands in a production's published log."""

    required_scope = "licence:read"
    renderer_classes = (renderers.JSONRenderer, TlogProofRenderer)

    @extend_schema(
        operation_id="receipt_proof",
        responses={
            (200, "application/json"): ProofOutput,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, description="a C2SP .tlog-proof file"),
        },
        parameters=[
            OpenApiParameter("project", required=True, description="the production"),
            OpenApiParameter("format", enum=["json", "tlog-proof"], description="json by default"),
        ],
    )
    def get(self, request: Request, leaf: int) -> Response | HttpResponse:
        as_file = request.accepted_renderer.format == TlogProofRenderer.format
        production_id = _visible(request, request.query_params.get("project", ""))
        # a file is kept and shown later: rather a cosigned checkpoint than the newest
        proof = selectors.proof_of(production_id, leaf, cosigned=as_file)
        if proof is None:
            raise NotFound
        if as_file:
            return _proof_file(proof, production_id)
        return Response(
            {
                "leaf_index": proof.leaf_index,
                "size": proof.size,
                "entry": _base64(proof.entry),
                "hashes": [_base64(item) for item in proof.hashes],
                "root_hash": _base64(proof.root),
                "checkpoint": proof.checkpoint.decode(),
            }
        )


class ConsistencyApi(ApiView):
    """Prove that one published size of a log extends another."""

    required_scope = "licence:read"

    @extend_schema(
        operation_id="log_consistency",
        responses=ConsistencyOutput,
        parameters=[
            OpenApiParameter("first", _NUMBER, required=True, description="the smaller size, at least 1"),
            OpenApiParameter("second", _NUMBER, description="the larger size; the published one by default"),
        ],
    )
    def get(self, request: Request, production: UUID) -> Response:
        production_id = _visible(request, str(production))
        first = _number(request, "first")
        second = _number(request, "second") if "second" in request.query_params else None
        if first is None:
            raise InvalidInput("SIZES_INVALID", "first is a size of the log, from 1.")
        proof = selectors.consistency_of(production_id, first, second)
        if proof is None:
            raise InvalidInput("SIZES_INVALID", "Sizes run from 1 to what is published, first before second.")
        return Response(
            {
                "first": proof.first,
                "first_root": _base64(proof.first_root),
                "second": proof.second,
                "second_root": _base64(proof.second_root),
                "hashes": [_base64(item) for item in proof.hashes],
                "checkpoint": proof.checkpoint.decode(),
            }
        )


class LeafApi(ApiView):
    """Find the leaf of a receipt (lease, frame, take) or of a decision."""

    required_scope = "licence:read"

    @extend_schema(
        operation_id="log_leaf",
        responses=LeafOutput,
        parameters=[
            OpenApiParameter("lease", OpenApiTypes.UUID, description="with frame and take: a receipt"),
            OpenApiParameter("frame", _NUMBER),
            OpenApiParameter("take", _NUMBER, description="1 by default"),
            OpenApiParameter("decision", OpenApiTypes.UUID, description="alone: a render check"),
        ],
    )
    def get(self, request: Request, production: UUID) -> Response:
        production_id = _visible(request, str(production))
        query = request.query_params
        if "decision" in query:
            found = selectors.leaf_of_decision(production_id, uuid_of(query["decision"]))
        else:
            frame = _number(request, "frame")
            take = _number(request, "take") if "take" in query else 1
            if "lease" not in query or frame is None or take is None:
                raise InvalidInput("LEAF_UNNAMED", "Name a decision, or a lease with a frame (and a take).")
            found = selectors.leaf_of_frame(production_id, uuid_of(query["lease"]), frame, take)
        if found is None:
            raise NotFound
        published = selectors.published_log(production_id)
        return Response(
            {
                "leaf_index": found.index,
                "kind": found.kind,
                "received_at": found.received_at,
                "entry": _base64(found.entry),
                "published": published is not None and found.index < published.size,
            }
        )


def _visible(request: Request, text: str) -> UUID:
    production = production_for(principal_of(request), uuid_of(text))
    if production is None:
        raise NotFound
    return production.pk


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None


def _proof_file(proof: selectors.LeafProof, production_id: UUID) -> HttpResponse:
    content = LogProof(proof.leaf_index, proof.hashes, proof.checkpoint, proof.entry).encode()
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    name = f"{production_id}-{proof.leaf_index}{PROOF_SUFFIX}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
