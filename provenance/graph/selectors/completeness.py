"""How much of a production's media is recorded well enough: one figure, and what is missing, counted.

The rule is that of ``provenance.graph.gaps``, asked of every version at once by the database; a test holds the two
against each other. A deliverable is complete when nothing it came from has a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from accounts.principals import Principal
from common.errors import Forbidden
from licensing.models import Production
from provenance.graph.classify import GENERATIVE
from provenance.graph.gaps import Gap
from provenance.graph.visible import sees_whole

SHOWN_MOST: Final = 100
_JUDGED = """
with judged as (
    select v.id, v.asset_id, a.kind, c.code,
           exists (select from provenance_generationoutput o where o.version_id = v.id) as is_made,
           exists (select from provenance_relation r join lateral (
                       select x.code from provenance_classification x
                       where x.version_id = r.parent_id order by x.number desc limit 1) p on true
                   where r.child_id = v.id and r.kind not in ('GENERATED_FROM', 'ACCORDING_TO', 'TRAINED_ON')
                     and p.code = any(%(generative)s)) as is_from_generative,
           exists (select from provenance_relation r where r.child_id = v.id and r.tool <> '') as has_tool,
           coalesce(g.no_model, false) as no_model, coalesce(g.no_prompt, false) as no_prompt,
           coalesce(g.no_seed, false) as no_seed, coalesce(g.no_settings, false) as no_settings
    from provenance_assetversion v
    join provenance_graphasset a on a.id = v.asset_id
    join lateral (select x.code from provenance_classification x
                  where x.version_id = v.id order by x.number desc limit 1) c on true
    left join lateral (
        select bool_or(m.version = '' and m.sha256 = '') as no_model,
               bool_or(r.prompt_id is null and not exists (
                   select from provenance_generationinput i where i.generation_id = r.id)) as no_prompt,
               bool_or(r.seed = '') as no_seed,
               bool_or(r.guidance_scale = '' and r.parameters = '{}'::jsonb) as no_settings
        from provenance_generationoutput o
        join provenance_generationrecord r on r.id = o.generation_id
        join provenance_generativemodel m on m.id = r.model_id
        where o.version_id = v.id) g on true
    where v.production_id = %(film)s
), faults as (
    select id, asset_id, kind,
           code = any(%(generative)s) and not is_made and not is_from_generative as black_box,
           no_model, no_prompt, no_seed, no_settings, has_tool from judged
), faulty as (
    select * from faults where black_box or no_model or no_prompt or no_seed or no_settings or has_tool
)"""
_COUNT = (
    _JUDGED  # noqa: S608 (constants of this file)
    + """, tainted(id) as (
    with recursive t(id) as (
        select id from faulty union select r.child_id from t join provenance_relation r on r.parent_id = t.id
    ) select id from t
)
select count(*), count(*) filter (where f.id in (select id from faulty)),
       count(*) filter (where black_box), count(*) filter (where no_model), count(*) filter (where no_prompt),
       count(*) filter (where no_seed), count(*) filter (where no_settings), count(*) filter (where has_tool),
       count(*) filter (where kind = 'DELIVERABLE'),
       count(*) filter (where kind = 'DELIVERABLE' and f.id in (select id from tainted))
from faults f"""
)
_SHOW = (
    _JUDGED
    + """
select id, black_box, no_model, no_prompt, no_seed, no_settings, has_tool from faulty
order by id desc limit %(most)s"""
)
_ORDER = (
    Gap.BLACK_BOX,
    Gap.MODEL_NOT_IDENTIFIED,
    Gap.PROMPT_OR_INPUTS_MISSING,
    Gap.SEED_MISSING,
    Gap.SETTINGS_MISSING,
    Gap.TOOL_WITHOUT_RECORD,
)


@dataclass(frozen=True, slots=True)
class Completeness:
    """What is recorded of a production's media.

    Attributes:
        versions: media versions; ``incomplete`` of them lack something.
        gaps: versions by what they lack; one may lack several things.
        deliverables: versions of deliverables; ``deliverables_incomplete`` of them come from something incomplete.
    """

    versions: int
    incomplete: int
    gaps: dict[Gap, int]
    deliverables: int
    deliverables_incomplete: int

    @property
    def score(self) -> float | None:
        """The share of versions that lack nothing, from 0 to 1, rounded down; ``None`` of nothing."""
        if not self.versions:
            return None
        return int(10_000 * (self.versions - self.incomplete) / self.versions) / 10_000


def require_whole(principal: Principal, production: Production) -> None:
    """Let those pass who see the whole graph: a share of a part would say nothing of the production.

    Raises:
        Forbidden: ``GRAPH_NOT_WHOLE``.
    """
    if not sees_whole(principal, production):
        raise Forbidden("GRAPH_NOT_WHOLE", "Whole graphs go to the production and its guild.")


def completeness_of(production: Production) -> Completeness:
    """Count; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _asked(production))
        row = cursor.fetchone()
    return Completeness(row[0], row[1], dict(zip(_ORDER, row[2:8], strict=True)), row[8], row[9])


def incomplete_versions(production: Production, *, most: int = SHOWN_MOST) -> dict[UUID, tuple[Gap, ...]]:
    """The newest versions that lack something, and what; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOW, {**_asked(production), "most": most})
        return {row[0]: tuple(_missing(row[1:])) for row in cursor.fetchall()}


def _asked(production: Production) -> dict[str, Any]:
    return {"film": production.pk, "generative": sorted(GENERATIVE)}


def _missing(flags: tuple[bool, ...]) -> Iterator[Gap]:
    return (gap for gap, is_missing in zip(_ORDER, flags, strict=True) if is_missing)
