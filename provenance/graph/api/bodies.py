"""What is sent to the graph, apart from generation records, which have a schema of their own."""

from typing import Any

from rest_framework import serializers

from provenance.graph.classify import ORIGINS
from provenance.graph.models import DecisionOutcome, DecisionStage, GraphKind, InputRole, RelationKind
from provenance.graph.specs import AssetSpec, EdgeSpec, NewVersion, VersionSpec

_REFERENCE = "a version's id, an asset's id (its newest version), sha256:<hex> or external:<your own name>"


class Fields(serializers.Serializer[Any]):
    """Fields of a body; unknown ones are an error at every depth."""

    def to_internal_value(self, data: Any) -> Any:
        """Read the fields."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({name: ["This field is unknown."] for name in unknown})
        return super().to_internal_value(data)


class EdgeInput(Fields):
    """What a version came from, and how."""

    parent = serializers.CharField(max_length=220, help_text=_REFERENCE)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=RelationKind.values)
    role = serializers.ChoiceField(choices=InputRole.values, required=False)
    tool = serializers.CharField(max_length=120, required=False, help_text="a tool that keeps no record")
    frame_first = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    frame_last = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    parent_first = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    region = serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=-(2**31), max_value=2**31 - 1),
            min_length=2,
            max_length=2,
        ),
        min_length=3,
        max_length=1000,
        required=False,
        help_text="polygon in pixels of the child",
    )
    mask = serializers.CharField(max_length=220, required=False, help_text=_REFERENCE)


class GraphVersionInput(Fields):
    """A version of an asset."""

    label = serializers.CharField(max_length=80, required=False)  # type: ignore[assignment]
    content_sha256 = serializers.RegexField(r"\A[0-9a-f]{64}\Z", required=False)
    media_type = serializers.RegexField(r"\A[ -~]{1,120}\Z", required=False)
    size_bytes = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    frame_first = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    frame_last = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    origin = serializers.ChoiceField(choices=sorted(ORIGINS), required=False)
    made_at = serializers.DateTimeField(required=False)
    tokens = serializers.ListField(child=serializers.UUIDField(), max_length=100, required=False)
    mark_id = serializers.RegexField(r"\A[0-9a-f]{16}\Z", required=False)
    metadata = serializers.DictField(required=False)
    parents = EdgeInput(many=True, required=False)
    on_behalf_of = serializers.CharField(
        max_length=254, required=False, help_text="member for whom a service account acts: id or e-mail"
    )


class AssetInput(Fields):
    """An asset with its first version; known by ``external_id``, it gets a further version."""

    kind = serializers.ChoiceField(choices=GraphKind.values)
    name = serializers.CharField(max_length=200, trim_whitespace=False)
    external_id = serializers.CharField(max_length=200, required=False)
    version = GraphVersionInput()


class AssetsInput(Fields):
    """Assets to record, all of them or none."""

    project = serializers.UUIDField(help_text="id of the production")
    assets = serializers.ListField(child=AssetInput(), min_length=1, max_length=1000)


class DecisionInput(Fields):
    """A decision on a version."""

    outcome = serializers.ChoiceField(choices=DecisionOutcome.values)
    stage = serializers.ChoiceField(choices=DecisionStage.values)
    note = serializers.CharField(max_length=4000, required=False, help_text="sealed; the log has its digest")
    on_behalf_of = serializers.CharField(max_length=254, required=False)


def asset_of(given: dict[str, Any]) -> AssetSpec:
    """The asset as a service takes it."""
    fields = dict(given["version"])
    return AssetSpec(
        kind=given["kind"],
        name=given["name"],
        external_id=given.get("external_id", ""),
        on_behalf_of=fields.pop("on_behalf_of", ""),
        version=_version(fields),
    )


def version_of(asset: Any, given: dict[str, Any]) -> NewVersion:
    """A further version of ``asset`` as a service takes it."""
    fields = dict(given)
    return NewVersion(asset=str(asset), on_behalf_of=fields.pop("on_behalf_of", ""), version=_version(fields))


def _version(fields: dict[str, Any]) -> VersionSpec:
    parents = tuple(_edge(edge) for edge in fields.pop("parents", ()))
    return VersionSpec(token_jtis=tuple(fields.pop("tokens", ())), parents=parents, **fields)


def _edge(fields: dict[str, Any]) -> EdgeSpec:
    given = dict(fields)
    region = tuple((x, y) for x, y in given.pop("region", ()))
    return EdgeSpec(region=region, **given)
