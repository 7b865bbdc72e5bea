"""Write what was made of assets: only of what was admitted, only under a job that two people stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.ids import new_id
from training.lineage.writing import link, lock_head, make_node
from training.models import Derivative, LineageNode, TrainingAsset, TransformJob
from training.seats import require_engineer
from training.selectors.lineage import above, sources_above
from training.selectors.rights import current_rights
from training.services.texts import clean
from training.technical import fault_of
from training.vocabulary import AssetState, Held, MediaKind, NodeKind
from trustcore.encoding import is_sha256_hex

REQUIRED = ("original", "derivative", "normalisation")
"""What is said of every derivative: both sides' measures, and the steps between (TP-034 to TP-038)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAsk:
    """A transformation job: code by its commit, and who approved it (a colleague's address)."""

    name: str
    code_commit: str
    container_image: str
    steps: Sequence[Mapping[str, Any]]
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeAsk:
    """One output of a job; ``parents`` are ids of originals and derivatives."""

    parents: tuple[UUID, ...]
    dataset: str
    dataset_version: int
    kind: str
    role: str
    media_type: str
    sha256: str
    size_bytes: int
    technical: Mapping[str, Any]
    location: str
    held: Held = Held.ELSEWHERE


def register_job(*, principal: Principal, ask: JobAsk) -> TransformJob:
    """Register a job before it runs.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``APPROVER_UNKNOWN``, ``APPROVER_IS_YOU``, ``COMMIT_INVALID``, ``TEXT_INVALID``.
    """
    require_engineer(principal)
    seat = Membership.objects.filter(
        user__email__iexact=ask.approved_by, organisation=principal.organisation, ended_at=None
    ).first()
    if seat is None:
        raise InvalidInput("APPROVER_UNKNOWN", "Nobody of this organisation has this address.")
    if seat.user_id == principal.person.pk:
        raise InvalidInput("APPROVER_IS_YOU", "Running a job and approving it take two people.")
    if not is_commit(ask.code_commit):
        raise InvalidInput("COMMIT_INVALID", "A commit is named by its whole hash.")
    with transaction.atomic():
        job = TransformJob.objects.create(
            organisation=principal.organisation, name=clean(ask.name, most=120), code_commit=ask.code_commit,
            container_image=clean(ask.container_image, most=300), steps=[dict(step) for step in ask.steps],
            run_by=principal.person, approved_by=seat.user,
        )  # fmt: skip
        record(
            kind="training.job_registered", principal=principal, object_type="training_job", object_id=job.pk,
            details={"code_commit": job.code_commit, "image": job.container_image,
                     "approved_by": str(seat.user_id)},
        )  # fmt: skip
    return job


def register_derivatives(
    *, principal: Principal, job_id: UUID, asks: Sequence[DerivativeAsk]
) -> list[Derivative]:
    """Write the outputs of a job and what each was made of, all or none.

    Every parent must be there, admitted, and under rights that permit derivatives now.

    Raises:
        NotFound: no such job. Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``TECHNICAL_INCOMPLETE``, ``TECHNICAL_INVALID``, ``CHECKSUM_INVALID``, ``CAPTURE_INVALID``, ``TEXT_INVALID``.
        Conflict: ``PARENT_MISSING``, ``PARENT_NOT_ADMITTED``, ``DERIVATIVES_NOT_PERMITTED``.
    """
    require_engineer(principal)
    return write_derivatives(job=job_of(principal, job_id), asks=asks, principal=principal)


def job_of(principal: Principal, job_id: UUID) -> TransformJob:
    """The caller's job. Raises ``NotFound``."""
    job = TransformJob.objects.filter(pk=job_id, organisation=principal.organisation).first()
    if job is None:
        raise NotFound
    return job


def write_derivatives(
    *, job: TransformJob, asks: Sequence[DerivativeAsk], principal: Principal | None
) -> list[Derivative]:
    """As :func:`register_derivatives`, for a job that is known to be the caller's, or to run here."""
    for ask in asks:
        _check(ask)
    house = job.organisation_id
    with transaction.atomic():
        lock_head(house)  # before the parents are looked at: a takedown that takes its turn first is seen
        parents = _parents(house, {one for ask in asks for one in ask.parents})
        _require_rights(house, [node.pk for node in parents.values()])
        made = [_make(house, job, ask) for ask in asks]
        edges = [
            (parents[parent].pk, row.node_id)
            for ask, row in zip(asks, made, strict=True)
            for parent in ask.parents
        ]
        link(organisation_id=house, edges=edges, job=job.pk)
        record(
            kind="training.derivatives_registered", principal=principal, organisation_id=house,
            object_type="training_job", object_id=job.pk,
            details={"code_commit": job.code_commit, "approved_by": str(job.approved_by_id),
                     "outputs": [{"id": str(row.pk), "checksum": f"sha256:{row.sha256}",
                                  "derived_from": [str(one) for one in ask.parents]}
                                 for ask, row in zip(asks, made, strict=True)]},
        )  # fmt: skip
    return made


def is_commit(text: str) -> bool:
    """Whether ``text`` is a whole git commit id."""
    return len(text) in (40, 64) and all(char in "0123456789abcdef" for char in text)


def _check(ask: DerivativeAsk) -> None:
    missing = [name for name in REQUIRED if not ask.technical.get(name)]
    if missing:
        raise InvalidInput(
            "TECHNICAL_INCOMPLETE", "The measures of both sides and the steps between are required.",
            _("Missing: %(names)s.") % {"names": ", ".join(missing)},
        )  # fmt: skip
    if fault := fault_of(ask.technical):
        raise InvalidInput("TECHNICAL_INVALID", "A measure has a value that it cannot have.", fault)
    if not is_sha256_hex(ask.sha256):
        raise InvalidInput("CHECKSUM_INVALID", "A checksum is a SHA-256 in lower-case hexadecimal digits.")
    if ask.kind not in MediaKind.values or not ask.parents or len(set(ask.parents)) != len(ask.parents):
        raise InvalidInput("CAPTURE_INVALID", "A derivative has a known kind, and each parent once.")


def _parents(house: UUID, wanted: set[UUID]) -> dict[UUID, LineageNode]:
    nodes = LineageNode.objects.filter(
        organisation_id=house, ref__in=wanted, kind__in=[NodeKind.ASSET, NodeKind.DERIVATIVE]
    )
    found = {node.ref: node for node in nodes}
    if gone := sorted(str(one) for one in wanted - set(found)):
        raise Conflict("PARENT_MISSING", "A parent is not there.", ", ".join(gone[:5]))
    if shut := closed_parents(house, wanted, [node.pk for node in found.values()]):
        raise Conflict(
            "PARENT_NOT_ADMITTED", "A parent is not admitted, or was removed.", ", ".join(shut[:5])
        )
    return found


def closed_parents(house: UUID, wanted: set[UUID], numbers: Sequence[int] = ()) -> list[str]:
    """Which of these, or of what they were made of (``numbers``: their nodes), nothing may be made of.

    Originals that are not admitted, derivatives that were removed.
    """
    over = above(numbers)
    mine = Q(pk__in=wanted) | Q(node__in=over)
    originals = TrainingAsset.objects.filter(mine, organisation_id=house)
    shut = originals.exclude(state=AssetState.ADMITTED).values_list("pk", flat=True)
    gone = Derivative.objects.filter(mine, organisation_id=house, removed_at__isnull=False)
    return sorted(str(one) for one in (*shut, *gone.values_list("pk", flat=True)))


def _require_rights(house: UUID, numbers: list[int]) -> None:
    """Every source above permits derivatives now: of conflicting rights the strictest holds."""
    standings = current_rights(sources_above(house, numbers), at=clock.now())
    against = [
        str(one) for one, held in standings.items() if not held.is_in_force or not held.rights.may_derive
    ]
    if against or not standings:
        raise Conflict(
            "DERIVATIVES_NOT_PERMITTED", "A source above does not permit derivatives now.",
            _("Of these sources: %(ids)s.") % {"ids": ", ".join(sorted(against)[:5])},
            {"sources": sorted(against)},
        )  # fmt: skip


def _make(house: UUID, job: TransformJob, ask: DerivativeAsk) -> Derivative:
    made_id = new_id()
    node = make_node(organisation_id=house, kind=NodeKind.DERIVATIVE, ref=made_id)
    return Derivative.objects.create(
        pk=made_id, created_at=clock.now(), organisation_id=house, job=job,
        dataset=clean(ask.dataset, most=80), dataset_version=ask.dataset_version, kind=ask.kind,
        role=clean(ask.role, most=40), media_type=clean(ask.media_type, most=120), sha256=ask.sha256,
        size_bytes=ask.size_bytes, technical=dict(ask.technical), held=ask.held,
        location=clean(ask.location, most=1000, may_be_empty=True), node=node,
    )  # fmt: skip
