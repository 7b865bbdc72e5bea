"""Where did this come from: models, references with their roles, prompts, people, approvals, licences, receipts, marks.

Every answer comes from recorded events; each carries the time it took, so that a page can show it.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.principals import Principal
from licensing import selectors as licensing
from provenance.graph.classify import GENERATIVE
from provenance.graph.gaps import Gap, Run, gaps_of
from provenance.graph.models import (
    AssetVersion,
    Decision,
    GenerationInput,
    GenerationOutput,
    GenerationRecord,
    Relation,
)
from provenance.graph.sealing import open_text
from provenance.graph.selectors.lineage import Lineage, Place, lineage_of
from provenance.graph.sights import Sight
from provenance.models import Asset
from receipts import selectors as receipts

RUNS_MOST = 200
DECISIONS_MOST = 200
LICENCES_MOST = 100
_MODEL = "MODEL"  # the role of the edge to the model itself


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run behind the version, and what it made of it; ``prompt`` where the caller may read it and it is not gone."""

    run: GenerationRecord
    made: tuple[UUID, ...]
    inputs: tuple[Relation, ...]
    has_inputs: bool
    prompt: str | None


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """A licence behind the version; ``line`` is empty where the caller may not read the licence itself."""

    jti: UUID
    line: licensing.LicenceLine | None
    rendered: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Everything that is recorded of where a version came from.

    Attributes:
        references: edges to what models were given, each with its role; once for a run.
        documents: papers of the shoot, each with the version that it tells of.
        own_decisions: on the version itself, newest first; ``decisions``: on what it came from.
        gaps: by version, what its record lacks; empty only where nothing is missing anywhere behind it.
        seconds: how long each question took.
    """

    lineage: Lineage
    runs: tuple[RunFacts, ...]
    references: tuple[Relation, ...]
    own_decisions: tuple[Decision, ...]
    decisions: tuple[Decision, ...]
    licences: tuple[LicenceFacts, ...]
    documents: tuple[tuple[UUID, dict[str, str]], ...]
    output: Asset | None
    manifest: dict[str, Any] | None
    gaps: dict[UUID, tuple[Gap, ...]]
    sight: Sight
    is_cut: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing behind it, as far as could be looked."""
        return not self.gaps and not self.is_cut


class _Watch:
    """Measures how long each answer takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self._since
        self._since = now


def origin_of(
    principal: Principal, start: AssetVersion, *, place: Place | None = None, in_full: bool = True
) -> Origin:
    """Answer for one version, or for one frame or point of it.

    Args:
        start: as :func:`version_named` returns it.
        in_full: with the texts of prompts, and frames counted under each licence; pages do without.

    Raises:
        InvalidInput: ``FRAME_OUTSIDE``.
    """
    watch = _Watch()
    sight = Sight.of(principal)
    lineage = lineage_of(principal, start, place=place, sight=sight)
    watch.lap("came_from")
    runs, more_runs = _runs(lineage, sight, in_full=in_full)
    watch.lap("model")
    references = tuple(one for run in runs for one in run.inputs)
    watch.lap("references")
    decided, more_decisions = _decisions(lineage)
    watch.lap("approved")
    licences = _licences(principal, lineage, runs, sight, in_full=in_full)
    watch.lap("licence")
    return Origin(
        lineage=lineage,
        runs=runs,
        references=references,
        own_decisions=tuple(one for one in decided if one.version_id == start.pk),
        decisions=tuple(one for one in decided if one.version_id != start.pk),
        licences=licences,
        documents=tuple((key, one) for key, row in lineage.versions.items() for one in vars(row)["papers"]),
        output=start.output,
        manifest=vars(start)["manifest"],
        gaps=_gaps(lineage, runs),
        sight=sight,
        is_cut=lineage.is_cut or more_runs or more_decisions,
        seconds=watch.seconds,
    )


def _runs(lineage: Lineage, sight: Sight, *, in_full: bool) -> tuple[tuple[RunFacts, ...], bool]:
    """Runs that made any of the versions, newest first; what they were given stands in the edges."""
    rows = list(
        GenerationOutput.objects.filter(version__in=lineage.versions)
        .select_related(
            "generation__model", "generation__person", "generation__credential", "generation__prompt",
            "generation__production",
        )
        .annotate(has_inputs=Exists(GenerationInput.objects.filter(generation=OuterRef("generation"))))
        .order_by("-generation", "pk")[: RUNS_MOST + 1]
    )  # fmt: skip
    given: dict[UUID, dict[tuple[UUID, str], Relation]] = {}
    for edge in lineage.edges:
        if edge.generation_id and edge.role != _MODEL:
            given.setdefault(edge.generation_id, {}).setdefault((edge.parent_id, edge.role), edge)
    made: dict[UUID, list[UUID]] = {}
    first: dict[UUID, GenerationOutput] = {}
    for row in rows[:RUNS_MOST]:
        first.setdefault(row.generation_id, row)
        made.setdefault(row.generation_id, []).append(row.version_id)
    return tuple(
        RunFacts(
            run=row.generation,
            made=tuple(made[key]),
            inputs=tuple(given.get(key, {}).values()),
            has_inputs=vars(row)["has_inputs"],
            prompt=_prompt(row.generation, sight) if in_full else None,
        )
        for key, row in first.items()
    ), len(rows) > RUNS_MOST


def _prompt(run: GenerationRecord, sight: Sight) -> str | None:
    """The prompt, for the production itself and for who recorded it: whoever oversees reads the commitment."""
    return open_text(run.prompt) if run.prompt and may_read_prompt(run, sight) else None


def may_read_prompt(run: GenerationRecord, sight: Sight) -> bool:
    """Whether the text of a run's prompt is for the caller."""
    return sight.principal.organisation_id in {run.production.organisation_id, run.organisation_id}


def _decisions(lineage: Lineage) -> tuple[tuple[Decision, ...], bool]:
    rows = list(
        Decision.objects.filter(version__in=lineage.versions)
        .select_related("person", "credential", "organisation", "version__asset")
        .order_by("-pk")[: DECISIONS_MOST + 1]
    )
    return tuple(rows[:DECISIONS_MOST]), len(rows) > DECISIONS_MOST


def _licences(
    principal: Principal, lineage: Lineage, runs: tuple[RunFacts, ...], sight: Sight, *, in_full: bool
) -> tuple[LicenceFacts, ...]:
    film = lineage.start.production
    cited: dict[UUID, None] = {}
    for version in lineage.versions.values():
        for jti in sight.licences(version.token_jtis, film, version.asset.organisation_id):
            cited[UUID(jti)] = None
    for one in runs:
        for jti in sight.licences(one.run.token_jtis, film, one.run.organisation_id):
            cited[UUID(jti)] = None
    if not cited:
        return ()
    shown = list(cited)[:LICENCES_MOST]
    lines = {line.jti: line for line in licensing.lines_for(principal, shown)}
    rendered = receipts.rendered_under(shown) if in_full else None
    return tuple(
        LicenceFacts(jti, lines.get(jti), None if rendered is None else rendered.get(jti, 0)) for jti in shown
    )


def run_of(facts: GenerationRecord, *, has_inputs: bool) -> Run:
    """A run as the rule of gaps reads it."""
    return Run(
        is_model_identified=bool(facts.model.version or facts.model.sha256),
        has_prompt_or_inputs=bool(facts.prompt_id) or has_inputs,
        has_seed=bool(facts.seed),
        has_settings=bool(facts.guidance_scale or facts.parameters),
    )


def _gaps(lineage: Lineage, runs: tuple[RunFacts, ...]) -> dict[UUID, tuple[Gap, ...]]:
    by_version: dict[UUID, list[Run]] = {}
    for one in runs:
        for made in one.made:
            by_version.setdefault(made, []).append(run_of(one.run, has_inputs=one.has_inputs))
    edges: dict[UUID, list[Relation]] = {}
    for edge in lineage.edges:
        edges.setdefault(edge.child_id, []).append(edge)
    found = {}
    for key, version in lineage.versions.items():
        parents = edges.get(key, [])
        found[key] = gaps_of(
            vars(version)["code"] or "",
            tuple(by_version.get(key, ())),
            generative_parents=any(_is_generative(lineage, edge) for edge in parents),
            tools=any(edge.tool for edge in parents),
        )
    return {key: gaps for key, gaps in found.items() if gaps}


def _is_generative(lineage: Lineage, edge: Relation) -> bool:
    if edge.kind in {"GENERATED_FROM", "ACCORDING_TO", "TRAINED_ON"}:
        return False
    return vars(lineage.versions[edge.parent_id])["code"] in GENERATIVE
