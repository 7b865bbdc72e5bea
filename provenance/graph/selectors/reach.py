"""Versions that a licence reached: made under it, with the bytes of its frames, or made of such a version."""

from typing import Final
from uuid import UUID

from django.db import connection

_MINE: Final = """(
    exists (select from licensing_production p where p.id = v.production_id and p.organisation_id = %(house)s)
    or exists (select from provenance_graphasset a where a.id = v.asset_id and a.organisation_id = %(house)s))"""
# nothing is cut short: the walk is one statement over one state of the graph
_VERSIONS: Final = """
insert into {table} (line, sha256)
with recursive reached(id) as (
    (select v.id from provenance_assetversion v where v.token_jtis @> array[%(token)s::uuid] and {mine}
     union
     select v.id from provenance_assetversion v join {table} t on t.sha256 = v.content_sha256
     where v.content_sha256 <> '' and {mine})
    union
    select v.id from reached join provenance_relation r on r.parent_id = reached.id
    join provenance_assetversion v on v.id = r.child_id where {mine}
)
select 'VERSION:' || v.id, v.content_sha256 from reached join provenance_assetversion v using (id)
"""


def add_versions_of(table: str, jti: UUID, organisation_id: UUID) -> None:
    """Write ``VERSION:id`` and its SHA-256 of each version that a licence reached into ``table (line, sha256)``.

    Looked for among what the organisation recorded and what its productions hold. Files of receipts stand in
    ``table`` already.
    """
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS.format(table=table, mine=_MINE), {"token": jti, "house": organisation_id})
