"""The graph's questions and records over HTTP: assets, versions, where they came from, what became of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import InvalidInput, NotFound
from licensing import selectors as licensing
from provenance.graph import telling
from provenance.graph.api import bodies, shapes
from provenance.graph.models import GraphKind
from provenance.graph.selectors import completeness, finding, lineage
from provenance.graph.selectors.generations import uuid_or_none
from provenance.graph.selectors.origin import origin_of
from provenance.graph.services import decide_version, record_batch
from provenance.graph.sights import Sight
from provenance.graph.specs import DecisionSpec
from provenance.graph.statement import statement_of
from provenance.graph.visible import versions_visible_to
from provenance.source_type import vocabulary

_PLACE = [
    OpenApiParameter("frame", int, description="Only what this frame came from."),
    OpenApiParameter("x", int, description="Only what this point of the frame came from, in pixels."),
    OpenApiParameter("y", int),
]
_MOST = OpenApiParameter(
    "limit", int, description=f"Versions at most; {lineage.NODES_MOST}. is_cut: there are more."
)


class GraphAssets(ApiView):
    """Assets of graphs."""

    required_scope = {"GET": "asset:read", "POST": "asset:write"}

    @extend_schema(
        operation_id="graph_assets_find",
        responses=shapes.FoundPageOutput,
        parameters=[
            OpenApiParameter("project", OpenApiTypes.UUID),
            OpenApiParameter(
                "model", str, description="What made it: id, sha256:..., name, or name@version."
            ),
            OpenApiParameter(
                "reference",
                str,
                description="What the model was given: asset or version id, sha256:... or external:...",
            ),
            OpenApiParameter("kind", enum=GraphKind.values),
            OpenApiParameter("source_type", enum=sorted(vocabulary()), description="IPTC code"),
            OpenApiParameter("since", OpenApiTypes.DATETIME),
            OpenApiParameter("until", OpenApiTypes.DATETIME),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int, description="Rows of a page; 50, at most 200."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Find every asset that a model made, or that was made with a reference, or both; newest run first."""
        principal, asked = principal_of(request), request.query_params
        wanted = finding.Wanted(
            model=asked.get("model", ""),
            reference=asked.get("reference", ""),
            project=_uuid(asked, "project"),
            kind=_one_of(asked, "kind", GraphKind.values),
            source_type=_one_of(asked, "source_type", vocabulary()),
            since=_moment(asked, "since"),
            until=_moment(asked, "until"),
        )
        if not (wanted.model or wanted.reference):
            raise InvalidInput("QUERY_EMPTY", "Name a model, a reference, or both.")
        limit = _number(asked, "limit", least=1, most=finding.PAGE_MOST) or 50
        page = finding.generated_assets(principal, wanted, cursor=asked.get("cursor", ""), limit=limit)
        sight = Sight.of(principal)
        told = {
            "results": [telling.found_told(one, sight) for one in page.rows],
            "next_cursor": page.next_cursor or None,
        }
        return Response(shapes.FoundPageOutput(told).data)

    @extend_schema(
        operation_id="graph_assets_record", request=bodies.AssetsInput, responses={201: shapes.RecordedAssets}
    )
    def post(self, request: Request) -> Response:
        """Record assets with their first versions, each after what it comes from; all of them, or none."""
        given = self.parsed(bodies.AssetsInput)
        specs = [bodies.asset_of(one) for one in given["assets"]]
        recorded = record_batch(principal=principal_of(request), production_id=given["project"], specs=specs)
        told = [{"asset": one.asset, "version": one.version, "is_new": one.is_new} for one in recorded]
        return Response(shapes.RecordedAssets({"assets": told}).data, status=201)


class AssetVersions(ApiView):
    """Versions of one asset."""

    required_scope = {"GET": "asset:read", "POST": "asset:write"}

    @extend_schema(
        operation_id="asset_versions",
        responses=shapes.VersionsOutput,
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        """List the versions that the caller may see, newest first; 500 a page."""
        principal = principal_of(request)
        newest = lineage.version_named(principal, asset_id)
        rows = lineage.classed(versions_visible_to(principal).filter(asset=newest.asset_id))
        sight = Sight.of(principal)
        if cursor := request.query_params.get("cursor", ""):
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
                raise NotFound("NOT_FOUND", "Invalid cursor")
            rows = rows.filter(number__lt=int(cursor))
        found = list(rows.order_by("-number")[: lineage.NODES_MOST + 1])
        page = found[: lineage.NODES_MOST]
        told = {
            "versions": [telling.version_told(row, sight) for row in page],
            "next_cursor": str(page[-1].number) if len(found) > len(page) else None,
        }
        return Response(shapes.VersionsOutput(told).data)

    @extend_schema(
        operation_id="asset_version_record",
        request=bodies.GraphVersionInput,
        responses={201: shapes.RecordedVersion},
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Record a further version."""
        principal = principal_of(request)
        newest = lineage.version_named(principal, asset_id)
        spec = bodies.version_of(newest.asset_id, self.parsed(bodies.GraphVersionInput))
        one = record_batch(principal=principal, production_id=newest.production_id, specs=[spec])[0]
        return Response(shapes.RecordedVersion({"asset": one.asset, "version": one.version}).data, status=201)


class AssetOrigin(ApiView):
    """Where did this come from."""

    required_scope = "asset:read"

    @extend_schema(operation_id="asset_origin", responses=shapes.OriginOutput, parameters=_PLACE)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Answer for an asset's newest version, or for the version of this id: of a frame or point, if one is named."""
        principal = principal_of(request)
        start = lineage.version_named(principal, asset_id)
        origin = origin_of(principal, start, place=_place(request.query_params))
        return Response(shapes.OriginOutput(telling.origin_told(origin)).data)


class AssetStatement(ApiView):
    """What of it was generated, licensed, made by hand."""

    required_scope = "asset:read"

    @extend_schema(operation_id="asset_statement", responses=shapes.StatementOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """State what a version is made of, for buyers and insurers; to save as a file."""
        principal = principal_of(request)
        origin = origin_of(principal, lineage.version_named(principal, asset_id), in_full=False)
        answer = Response(shapes.StatementOutput(statement_of(origin)).data)
        answer["Content-Disposition"] = f'attachment; filename="statement-{origin.lineage.start.pk}.json"'
        return answer


class AssetAncestors(ApiView):
    """What it came from."""

    required_scope = "asset:read"

    @extend_schema(
        operation_id="asset_ancestors", responses=shapes.LineageOutput, parameters=[*_PLACE, _MOST]
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Walk up: everything that the version, or one frame of it, came from."""
        place = _place(request.query_params)
        return _lineage(request, asset_id, lineage.UP, place)


class AssetDescendants(ApiView):
    """What became of it."""

    required_scope = "asset:read"

    @extend_schema(operation_id="asset_descendants", responses=shapes.LineageOutput, parameters=[_MOST])
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Walk down: everything that came from the version."""
        return _lineage(request, asset_id, lineage.DOWN, None)


class AssetDecisions(ApiView):
    """Decisions on one version."""

    required_scope = "asset:write"

    @extend_schema(
        operation_id="asset_decide", request=bodies.DecisionInput, responses={201: shapes.DecidedOutput}
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Approve a version, ask for changes, reject it, or choose it among takes."""
        given = self.parsed(bodies.DecisionInput)
        principal = principal_of(request)
        version = lineage.version_named(principal, asset_id)
        spec = DecisionSpec(version=str(version.pk), **given)
        decision = decide_version(principal=principal, spec=spec, version_id=version.pk)
        return Response(shapes.DecidedOutput({"id": decision, "version": version.pk}).data, status=201)


class ProductionCompleteness(ApiView):
    """How much of a production is recorded well enough."""

    required_scope = "asset:read"

    @extend_schema(operation_id="production_completeness", responses=shapes.CompletenessOutput)
    def get(self, request: Request, production_id: UUID) -> Response:
        """Count what lacks its generative record, and name the newest of it."""
        principal = principal_of(request)
        production = licensing.production_for(principal, production_id)
        if production is None:
            raise NotFound
        completeness.require_whole(principal, production)
        found = completeness.completeness_of(production)
        shown = completeness.incomplete_versions(production) if found.incomplete else {}
        return Response(shapes.CompletenessOutput(telling.completeness_told(found, shown)).data)


def _lineage(request: Request, asset_id: UUID, direction: str, place: lineage.Place | None) -> Response:
    principal = principal_of(request)
    most = _number(request.query_params, "limit", least=1, most=lineage.NODES_MOST) or lineage.NODES_MOST
    start = lineage.version_named(principal, asset_id)
    found = lineage.lineage_of(principal, start, direction=direction, place=place, most=most)
    return Response(shapes.LineageOutput(telling.lineage_told(found, Sight.of(principal))).data)


def _place(asked: Mapping[str, Any]) -> lineage.Place | None:
    frame, x, y = (_number(asked, name) for name in ("frame", "x", "y"))
    if (x is None) != (y is None) or (x is not None and frame is None):
        raise InvalidInput("PLACE_INVALID", "A point is x and y, in a frame.")
    return lineage.Place(frame, x, y) if frame is not None else None


def _number(
    asked: Mapping[str, Any], name: str, *, least: int = -(2**31), most: int = 2**31 - 1
) -> int | None:
    text = asked.get(name, "")
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 11 and least <= int(text) <= most):
        raise InvalidInput("QUERY_INVALID", "This is no number that fits here.", extra={"field": name})
    return int(text)


def _uuid(asked: Mapping[str, Any], name: str) -> UUID | None:
    text = asked.get(name, "")
    key = uuid_or_none(text)
    if text and key is None:
        raise InvalidInput("QUERY_INVALID", "This is no id.", extra={"field": name})
    return key


def _one_of(asked: Mapping[str, Any], name: str, words: Any) -> str:
    text: str = asked.get(name, "")
    if text and text not in words:
        raise InvalidInput("QUERY_INVALID", "There is no such choice.", extra={"field": name})
    return text


def _moment(asked: Mapping[str, Any], name: str) -> datetime | None:
    text = asked.get(name, "")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        moment = None
    if text and (moment is None or moment.tzinfo is None):
        raise InvalidInput("QUERY_INVALID", "This is no moment with its zone.", extra={"field": name})
    return moment
