"""Generation records between JSON, as the published schema describes it, and the values that services take."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.errors import InvalidInput
from provenance.graph.schema import require_record
from provenance.graph.specs import AssetSpec, EdgeSpec, GenerationSpec, InputSpec, Ref, VersionSpec

_PLAIN = ("external_id", "engine", "engine_version", "seed", "guidance_scale", "prompt", "negative_prompt",
          "on_behalf_of")  # fmt: skip
_OF_MODEL = ("name", "version", "sha256", "provider", "asset")
_OF_VERSION = ("label", "content_sha256", "media_type", "size_bytes", "frame_first", "frame_last", "origin",
               "mark_id")  # fmt: skip
_OF_EDGE = ("parent", "kind", "role", "tool", "frame_first", "frame_last", "parent_first", "mask")


def generation_of(record: Any) -> GenerationSpec:
    """Read a record.

    Raises:
        InvalidInput: ``GENERATION_INVALID``.
    """
    require_record(record)
    return GenerationSpec(
        **{f"model_{name}": value for name, value in record["model"].items()},
        **{name: record[name] for name in _PLAIN if name in record},
        parameters=record.get("parameters", {}),
        token_jtis=tuple(UUID(jti) for jti in record.get("tokens", ())),
        started_at=_moment(record.get("started_at")),
        finished_at=_moment(record.get("finished_at")),
        inputs=tuple(InputSpec(**one) for one in record.get("inputs", ())),
        outputs=tuple(one if isinstance(one, str) else _asset(one) for one in record["outputs"]),
    )


def record_of(spec: GenerationSpec) -> dict[str, Any]:
    """Say a run as JSON: what is left out of the values is left out here."""
    return _given(
        {
            "model": _given({name: getattr(spec, f"model_{name}") for name in _OF_MODEL}),
            **{name: getattr(spec, name) for name in _PLAIN},
            "parameters": spec.parameters,
            "tokens": [str(jti) for jti in spec.token_jtis],
            "started_at": _rfc3339(spec.started_at),
            "finished_at": _rfc3339(spec.finished_at),
            "inputs": [{"asset": one.asset, "role": one.role} for one in spec.inputs],
        }
    ) | {"outputs": [_said(one) for one in spec.outputs]}


def _asset(one: dict[str, Any]) -> AssetSpec:
    version = one.get("version", {})
    return AssetSpec(
        kind=one["kind"],
        name=one["name"],
        external_id=one.get("external_id", ""),
        version=VersionSpec(
            **{name: version[name] for name in _OF_VERSION if name in version},
            made_at=_moment(version.get("made_at")),
            token_jtis=tuple(UUID(jti) for jti in version.get("tokens", ())),
            metadata=version.get("metadata", {}),
            parents=tuple(_edge(edge) for edge in version.get("parents", ())),
        ),
    )


def _edge(edge: dict[str, Any]) -> EdgeSpec:
    region = tuple((x, y) for x, y in edge.get("region", ()))
    return EdgeSpec(**{name: edge[name] for name in _OF_EDGE if name in edge}, region=region)


def _said(one: Ref | AssetSpec) -> Any:
    if isinstance(one, str):
        return one
    version = one.version
    facts = {
        **{name: getattr(version, name) for name in _OF_VERSION},
        "made_at": _rfc3339(version.made_at),
        "tokens": [str(jti) for jti in version.token_jtis],
        "metadata": version.metadata,
        "parents": [
            _given({**{name: getattr(edge, name) for name in _OF_EDGE}, "region": [list(at) for at in edge.region]})
            for edge in version.parents
        ],
    }  # fmt: skip
    said = {"kind": one.kind, "name": one.name, "external_id": one.external_id, "version": _given(facts)}
    return _given(said)


def _given(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput(
            "GENERATION_INVALID", "This is no generation record.", f"{text}: no such moment"
        ) from error


def _rfc3339(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
