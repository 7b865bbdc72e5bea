"""What the record of each exported version lacks, as of the export's event: the rule is that of ``provenance.graph.gaps``."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery

from provenance.graph.classify import GENERATIVE
from provenance.graph.gaps import Gap, Run, gaps_of, missing_fields
from provenance.graph.models import (
    AssetVersion,
    Classification,
    GenerationInput,
    GenerationOutput,
    Relation,
    RelationKind,
)

_NOT_MADE_OF = (RelationKind.GENERATED_FROM, RelationKind.ACCORDING_TO, RelationKind.TRAINED_ON)


def with_gaps(rows: "QuerySet[AssetVersion]", *, as_of: int) -> "QuerySet[AssetVersion]":
    """Have each version bring along what the rule asks: its runs, and whether a parent is a model's work."""
    codes = Classification.objects.filter(version=OuterRef("parent"), event__lte=as_of).order_by("-number")
    edges = Relation.objects.filter(child=OuterRef("pk"), event__lte=as_of).exclude(kind__in=_NOT_MADE_OF)
    generative = edges.annotate(code=Subquery(codes.values("code")[:1])).filter(code__in=sorted(GENERATIVE))
    inputs = GenerationInput.objects.filter(generation=OuterRef("generation"))
    runs = (
        GenerationOutput.objects.filter(generation__event__lte=as_of)
        .select_related("generation__model")
        .annotate(has_inputs=Exists(inputs))
        .order_by("pk")
    )
    return rows.annotate(is_from_generative=Exists(generative)).prefetch_related(
        Prefetch("generation_outputs", runs, to_attr="runs")
    )


def gaps_of_row(row: AssetVersion) -> tuple[Gap, ...]:
    """What one version of :func:`with_gaps` lacks."""
    brought: dict[str, Any] = vars(row)
    runs = tuple(
        Run(
            is_model_identified=bool(one.generation.model.version or one.generation.model.sha256),
            has_prompt_or_inputs=bool(one.generation.prompt_id) or one.has_inputs,
            has_seed=bool(one.generation.seed),
            has_settings=bool(one.generation.guidance_scale or one.generation.parameters),
        )
        for one in brought["runs"]
    )
    return gaps_of(
        brought["code"] or "",
        runs,
        generative_parents=brought["is_from_generative"],
        tools=any(edge.tool for edge in row.parent_relations.all()),
    )


def gaps_told(row: AssetVersion) -> dict[str, Any] | None:
    """The gaps of a version as an export carries them; None where nothing is missing."""
    gaps = gaps_of_row(row)
    if not gaps:
        return None
    return {"isComplete": False, "gaps": [str(gap) for gap in gaps], "missing": list(missing_fields(gaps))}
