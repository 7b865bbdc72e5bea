"""How the rows of a graph read in W3C PROV-JSON: versions are entities, runs are activities, whoever acts is an agent.

Source: W3C member submission PROV-JSON (2013); PROV-DM for the meaning of the relations.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from accounts.models import ApiCredential, Organisation, User
from provenance.graph.models import AssetVersion, GenerationRecord

PREFIXES: Final = {"prov": "http://www.w3.org/ns/prov#", "tm": "https://trustmark-server.org/ns/provenance#"}
Record = dict[str, Any]


def agents(told: tuple[list[User], list[ApiCredential], list[Organisation]]) -> Iterator[Record]:
    """People, service accounts and organisations, by id."""
    people, credentials, organisations = told
    yield from (_agent("person", row.pk, "prov:Person") for row in people)
    yield from (_agent("service", row.pk, "prov:SoftwareAgent") for row in credentials)
    yield from (
        _agent("organisation", row.pk, "prov:Organization", {"prov:label": row.name}) for row in organisations
    )


def entity(row: AssetVersion) -> Iterator[Record]:
    """A version."""
    facts = {
        "prov:label": row.asset.name,
        "tm:asset": str(row.asset_id),
        "tm:kind": row.asset.kind,
        "tm:version": row.number,
        "tm:sha256": row.content_sha256 or None,
        "tm:digitalSourceType": getattr(row, "code", None),
        "tm:markId": row.mark_id or None,
    }
    yield {_version(row.pk): {name: value for name, value in facts.items() if value is not None}}


def activity(row: GenerationRecord) -> Iterator[Record]:
    """A run of a model."""
    facts = {
        "prov:startTime": _time(row.started_at),
        "prov:endTime": _time(row.finished_at),
        "tm:model": str(row.model_id),
        "tm:seed": row.seed or None,
        "tm:engine": row.engine or None,
    }
    yield {_run(row.pk): {name: value for name, value in facts.items() if value is not None}}


def derivations(row: AssetVersion) -> Iterator[Record]:
    """What a version was made from."""
    for edge in row.parent_relations.all():
        facts = {
            "prov:generatedEntity": _version(row.pk),
            "prov:usedEntity": _version(edge.parent_id),
            "prov:activity": _run(edge.generation_id) if edge.generation_id else None,
            "tm:relation": edge.kind,
            "tm:role": edge.role or None,
            "tm:frameFirst": edge.frame_first,
            "tm:frameLast": edge.frame_last,
        }
        yield {f"_:d{edge.pk.hex}": {name: value for name, value in facts.items() if value is not None}}


def usages(row: GenerationRecord) -> Iterator[Record]:
    """What a run used."""
    for one in row.inputs.all():
        facts = {
            "prov:activity": _run(row.pk),
            "prov:entity": _version(one.version_id),
            "prov:role": one.role,
        }
        yield {f"_:u{one.pk.hex}": facts}


def generations(row: GenerationRecord) -> Iterator[Record]:
    """What a run made."""
    for one in row.outputs.all():
        yield {f"_:g{one.pk.hex}": {"prov:entity": _version(one.version_id), "prov:activity": _run(row.pk)}}


def association(row: GenerationRecord) -> Iterator[Record]:
    """Who ran it: the operator, and the service account that acted for them."""
    yield {f"_:o{row.pk.hex}": {"prov:activity": _run(row.pk), "prov:agent": f"tm:person-{row.person_id}"}}
    if row.credential_id:
        yield {
            f"_:s{row.pk.hex}": {
                "prov:activity": _run(row.pk),
                "prov:agent": f"tm:service-{row.credential_id}",
            }
        }


def attribution(row: AssetVersion) -> Iterator[Record]:
    """Who recorded a version."""
    yield {f"_:a{row.pk.hex}": {"prov:entity": _version(row.pk), "prov:agent": f"tm:person-{row.person_id}"}}


def _agent(kind: str, key: Any, type_name: str, more: Record | None = None) -> Record:
    typed = {"prov:type": {"$": type_name, "type": "prov:QUALIFIED_NAME"}}
    return {f"tm:{kind}-{key}": typed | (more or {})}


def _version(key: Any) -> str:
    return f"tm:version-{key}"


def _run(key: Any) -> str:
    return f"tm:generation-{key}"


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
