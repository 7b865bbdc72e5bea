"""The fourth answer, where it ended up; and the events and signatures that all of them rest on."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.models import Event
from common.models import SigningKey
from training.models import ManifestRow, ModelVersion, RightsRecord, TrainingManifest, TrainingRun
from training.reporting.cut import Cut, exact
from training.reporting.lean import among_numbers, among_texts, lean
from training.reporting.material import Rows
from training.reporting.members import AT_ONCE, Members
from training.reporting.standing import Case, Licences, reached_at, right_at
from training.services.takedown_work import PREDICATE_TYPE
from training.vocabulary import NodeKind, TakedownState
from trustcore.dsse import verify_statement
from trustcore.encoding import sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.manifest import read_head

_TYPES = (
    "training_source", "source_class", "training_rights", "training_asset", "training_job", "training_manifest",
    "training_run", "training_takedown", "training_exception",
)  # fmt: skip
_UNREAD = ("details", "log_entry", "visible_to")


def manifest_rows(cut: Cut, members: Members) -> Rows:
    """Manifests with each of their rows that the report is about; every signature is verified.

    Raises:
        InvalidEvidence: a manifest does not hold: then there is no report.
    """
    keys = every_key()
    for batch in members.batches(NodeKind.MANIFEST):
        for row in TrainingManifest.objects.filter(pk__in=batch).order_by("pk").iterator(chunk_size=20):
            envelope = bytes(row.envelope)
            signed = read_head(envelope, keys)
            if signed.id != row.content_id:
                raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "another head was signed", row.content_id)
            withdrawn = row.withdrawn_at is not None and row.withdrawn_at <= cut.until
            yield "manifests", {
                "id": str(row.pk), "content_id": row.content_id, "name": row.name,
                "frozen_at": exact(row.created_at), "rows": row.rows, "rows_root": row.rows_root,
                "policy": row.policy_id, "territory": row.territory, "code_commit": row.code_commit,
                "container_image": row.container_image,
                "released_at": exact(row.released_at) if row.released_at and row.released_at <= cut.until else None,
                "withdrawn_at": exact(row.withdrawn_at) if withdrawn else None,
                "withdrawn_reason": row.withdrawn_reason if withdrawn else "",
                "envelope_sha256": sha256_hex(envelope), "signed_with": signed.kid,
            }  # fmt: skip
            yield from _lines(cut, members, row)


def run_rows(cut: Cut, members: Members) -> Rows:
    """Runs with the licences that held when each began (TP-109), and the models that they made."""
    for batch in members.batches(NodeKind.RUN):
        runs = list(TrainingRun.objects.filter(pk__in=batch).select_related("manifest").order_by("pk"))
        held = licences_of(runs)
        for row in runs:
            yield "runs", {
                "id": str(row.pk), "external_id": row.external_id, "name": row.name,
                "manifest": row.manifest.content_id if row.manifest else None, "code_commit": row.code_commit,
                "container_image": row.container_image, "parameters": row.parameters,
                "refusals": list(row.refusals), "at": exact(row.created_at), "licences": held[row.pk],
            }  # fmt: skip
    for batch in members.batches(NodeKind.MODEL):
        for model in ModelVersion.objects.filter(pk__in=batch).order_by("pk"):
            yield "models", {
                "id": str(model.pk), "run": str(model.run_id), "name": model.name, "version": model.version,
                "sha256": model.sha256, "at": exact(model.created_at),
            }  # fmt: skip


def licences_of(runs: list[TrainingRun]) -> dict[UUID, list[dict[str, Any]]]:
    """The rights that each run's manifest was frozen with, each with how it stood when the run began; 2 queries."""
    named: dict[UUID, list[UUID]] = {
        run.pk: [UUID(one["id"]) for one in run.manifest.head["rights"]] if run.manifest else []
        for run in runs
    }
    wanted = {one for ids in named.values() for one in ids}
    rows = RightsRecord.objects.filter(pk__in=wanted).select_related("end", "training_token").in_bulk()
    licences = Licences(row.training_token for row in rows.values() if row.training_token is not None)
    return {
        run.pk: [
            {
                "rights": str(one), "source": str(rows[one].source_id), "version": rows[one].version,
                "licence_class": rows[one].licence_class, "licence_type": rows[one].licence_type,
                "standing": right_at(rows[one], licences, run.created_at),
            }
            for one in named[run.pk]
        ]
        for run in runs
    }  # fmt: skip


def case_rows(cut: Cut, members: Members, cases: dict[UUID, Case]) -> Rows:
    """Takedowns and drills that reached any of it; certificates are verified.

    Raises:
        InvalidEvidence: a certificate does not hold: then there is no report.
    """
    keys = every_key()
    for pk in _concerning(cut, members, cases):
        case = cases[pk]
        row, signed = case.row, None
        is_over = case.state in (TakedownState.CLOSED, TakedownState.CALLED_OFF)
        certificate = bytes(row.certificate) if is_over and row.certificate is not None else None
        if certificate is not None:
            signed = verify_statement(certificate, PREDICATE_TYPE, keys, path=f"takedown {pk}")
        yield "takedowns", {
            "id": str(pk), "trigger": row.trigger, "is_drill": row.is_drill, "opened_at": exact(row.created_at),
            "state": str(case.state), "removed_at": exact(case.removed_at),
            "ended_at": exact(row.ended_at) if is_over else None, "reached": row.reached,
            "reached_root": row.reached_root, "as_of_edge": row.as_of_edge, "counts": row.counts,
            "certificate_sha256": sha256_hex(certificate) if certificate is not None else None,
            "signed_with": signed.kid if signed is not None else None,
        }  # fmt: skip


def event_rows(cut: Cut, members: Members, further: Iterable[UUID]) -> Rows:
    """The events of the trail about all of it, in their order; what they detail is not repeated here.

    ``further``: what the report tells of and the graph does not hold: jobs, exceptions, takedowns.
    """
    rows = Event.objects.filter(organisation_id=cut.organisation, at__lte=cut.until).order_by("number")
    if cut.is_whole:
        yield from (
            ("events", _event(row))
            for row in lean(rows.filter(object_type__in=_TYPES), but=_UNREAD, are_many=True)
        )
        return
    found: list[Event] = []
    refs = chain(members.everything(), sorted(further))
    for some in iter(lambda: [str(one) for one in islice(refs, AT_ONCE)], []):
        told = rows.filter(object_type__in=_TYPES, object_id__in=among_texts(some))
        found += lean(told.order_by(), but=_UNREAD)
    yield from (("events", _event(row)) for row in sorted(found, key=lambda row: row.number))


def _event(row: Event) -> dict[str, Any]:
    return {
        "number": row.number, "at": exact(row.at), "kind": row.kind, "object_type": row.object_type,
        "object_id": row.object_id, "person": str(row.person_id) if row.person_id else None,
        "credential": str(row.credential_id) if row.credential_id else None,
    }  # fmt: skip


def _lines(cut: Cut, members: Members, manifest: TrainingManifest) -> Rows:
    """The rows of one manifest: all of them, or those about what the report's scope came to."""
    lines = ManifestRow.objects.filter(manifest=manifest).order_by("ordinal")
    if not cut.is_whole:  # of a large manifest an original's report reads its own rows alone
        lines = lines.filter(node__in=among_numbers(members.nodes))
    wanted = lines.values_list("ordinal", "ref", "is_derivative")
    for ordinal, ref, is_derivative in wanted.iterator(chunk_size=AT_ONCE):
        yield "rows", {
            "manifest": manifest.content_id, "ordinal": ordinal, "ref": str(ref), "is_derivative": is_derivative,
        }  # fmt: skip


def _concerning(cut: Cut, members: Members, cases: dict[UUID, Case]) -> Iterator[UUID]:
    if cut.is_whole or not cases:
        yield from cases
        return
    found: set[UUID] = set()
    nodes = iter(members.nodes)
    for some in iter(lambda: list(islice(nodes, AT_ONCE)), []):
        reach = reached_at(cut.until).filter(node__in=among_numbers(some), takedown__in=list(cases))
        found |= set(reach.values_list("takedown_id", flat=True).distinct().order_by())
    yield from (pk for pk in cases if pk in found)


def every_key() -> dict[str, Ed25519PublicKey]:
    """Every key that this deployment ever decided with: whether bytes were signed does not change with a key's end."""
    rows = SigningKey.objects.filter(purpose=SigningKey.Purpose.DECISION)
    return {row.kid: Ed25519PublicKey.from_public_bytes(bytes(row.public_key)) for row in rows}


__all__ = ["case_rows", "event_rows", "every_key", "licences_of", "manifest_rows", "run_rows"]
