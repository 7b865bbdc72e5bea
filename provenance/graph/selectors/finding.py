"""Every asset that model M made with reference R as input: by model, by reference, by both, newest run first.

Pages go by (run, output), and each model's index is walked only as far as the page needs: the question costs the same
whether a model made a hundred things or a million.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from accounts.principals import Principal
from common.errors import NotFound
from provenance.graph.models import AssetVersion, GenerationRecord
from provenance.graph.selectors.generations import models_called, references_called
from provenance.graph.selectors.lineage import classed
from provenance.graph.visible import licences_of

PAGE_MOST: Final = 200
_CURSOR = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{32})")
_HIGHEST = UUID(int=2**128 - 1)
_BY_BOTH = """
    select distinct i.generation_id from provenance_generationinput i
    where i.{column} = n.id and i.model_id = m.id and i.generation_id <= %(run)s {only}
    order by 1 desc limit %(most)s"""
_BY_REFERENCE = """
    select distinct i.generation_id from provenance_generationinput i
    where i.{column} = n.id and i.generation_id <= %(run)s {only}
    order by 1 desc limit %(most)s"""
_BY_MODEL = """
    select i.id as generation_id from provenance_generationrecord i
    where i.model_id = m.id and i.id <= %(run)s {only}
    order by 1 desc limit %(most)s"""
_OUTPUTS = """
    provenance_generationoutput o
    join provenance_assetversion v on v.id = o.version_id
    join provenance_graphasset a on a.id = v.asset_id
    join licensing_production p on p.id = v.production_id"""
_FITS = """
    (p.organisation_id = %(mine)s or p.guild_id = %(mine)s or a.organisation_id = %(mine)s
     or v.token_jtis && %(licences)s::uuid[])
    and (%(project)s::uuid is null or v.production_id = %(project)s)
    and (%(kind)s = '' or a.kind = %(kind)s)
    and (%(since)s::timestamptz is null or v.at >= %(since)s)
    and (%(until)s::timestamptz is null or v.at < %(until)s)
    and (%(code)s = '' or %(code)s = (select c.code from provenance_classification c
                                      where c.version_id = v.id order by c.number desc limit 1))"""
_FIND = """
select distinct o.generation_id, o.id, o.version_id
from {lists} cross join lateral ({runs}) g join {outputs} on o.generation_id = g.generation_id
where (o.generation_id, o.id) < (%(run)s, %(output)s) and {fits}
order by 1 desc, 2 desc limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty fields ask nothing."""

    model: str = ""
    reference: str = ""
    project: UUID | None = None
    kind: str = ""
    source_type: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A version, and the run that made it."""

    version: AssetVersion
    run: GenerationRecord


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some of what was found; ``next_cursor`` is empty at the end."""

    rows: tuple[Found, ...]
    next_cursor: str


def generated_assets(principal: Principal, wanted: Wanted, *, cursor: str = "", limit: int = 50) -> FoundPage:
    """What the model made, or what was made with the reference, or both; as far as the caller may see.

    Raises:
        NotFound: no page of ours wrote the cursor.
    """
    limit = min(limit, PAGE_MOST)
    found = page_of_ids(principal, wanted, cursor=cursor, limit=limit)
    page = found[:limit]
    versions = {row.pk: row for row in classed(AssetVersion.objects.filter(pk__in={row[2] for row in page}))}
    made_by = GenerationRecord.objects.filter(pk__in={row[0] for row in page})
    made = {row.pk: row for row in made_by.select_related("model", "person", "credential", "production")}
    rows = tuple(Found(versions[version], made[key]) for key, _output, version in page)
    last = page[-1] if len(found) > limit else None
    return FoundPage(rows, f"{last[0].hex}.{last[1].hex}" if last else "")


def page_of_ids(
    principal: Principal, wanted: Wanted, *, cursor: str = "", limit: int = 50
) -> list[tuple[UUID, UUID, UUID]]:
    """Runs, outputs and versions by id, one more than ``limit`` where there are more.

    Raises:
        NotFound: no page of ours wrote the cursor.
    """
    run, output = _place(cursor)
    models = models_called(wanted.model, wanted.project) if wanted.model else []
    column, named = references_called(principal, wanted.reference, wanted.project)
    if (wanted.model and not models) or (wanted.reference and not named):
        return []
    if wanted.model and wanted.reference:
        lists = "unnest(%(models)s::uuid[]) m(id) cross join unnest(%(named)s::uuid[]) n(id)"
        runs = _BY_BOTH
    elif wanted.reference:
        lists, runs = "unnest(%(named)s::uuid[]) n(id)", _BY_REFERENCE
    else:
        lists, runs = "unnest(%(models)s::uuid[]) m(id)", _BY_MODEL
    key = "i.id" if runs is _BY_MODEL else "i.generation_id"
    only = f"and exists (select from {_OUTPUTS} where o.generation_id = {key} and {_FITS})"
    statement = _FIND.format(
        lists=lists, runs=runs.format(column=column, only=only), outputs=_OUTPUTS, fits=_FITS
    )
    asked: dict[str, Any] = {
        "models": models, "named": named, "run": run, "output": output, "most": limit + 1,
        "mine": principal.organisation_id, "licences": list(licences_of(principal.organisation_id)),
        "project": wanted.project, "kind": wanted.kind, "code": wanted.source_type,
        "since": wanted.since, "until": wanted.until,
    }  # fmt: skip
    with connection.cursor() as db:
        db.execute(statement, asked)
        return [(run, output, version) for run, output, version in db.fetchall()]


def _place(cursor: str) -> tuple[UUID, UUID]:
    if not cursor:
        return _HIGHEST, _HIGHEST
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise NotFound("NOT_FOUND", "Invalid cursor")
    return UUID(found[1]), UUID(found[2])
