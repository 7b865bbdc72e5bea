"""Close texts under the keys of the talents they may be about, when those were not among them as they were sealed.

Prompts, notes and papers of a shoot were once sealed under their production's key alone; and whoever is licensed only
after a call sheet was recorded is not among those it was sealed for. What they say and their commitments stay: events,
roots and log hold those. With SQL alone: migrations use it, and models of a later day do not fit the tables of that one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from provenance.graph.models import SealedText
from provenance.graph.sealing import closed_for, resealed

_TABLE = "provenance_sealedtext"
_CHUNK = 500
# each text with the licences that what it is about was made under; none: it may be about anybody licensed there
_TOLD = """
with told as (
    select t.text_id, t.production_id, array(
        select unnest(v.token_jtis) from provenance_assetversion v where v.id = t.version_id
        union select unnest(g.token_jtis) from provenance_generationrecord g
          join provenance_generationoutput o on o.generation_id = g.id where o.version_id = t.version_id
      ) as jtis
      from (select note_id as text_id, version_id, production_id from provenance_decision where note_id is not null
            union all select text_id, version_id, production_id from provenance_custodydocument
             where text_id is not null) t
    union all
    select p.text_id, g.production_id, array(
        select unnest(g.token_jtis)
        union select unnest(v.token_jtis) from provenance_generationoutput o
          join provenance_assetversion v on v.id = o.version_id where o.generation_id = g.id
      )
      from provenance_generationrecord g
     cross join lateral (values (g.prompt_id), (g.negative_prompt_id)) p (text_id)
     where p.text_id is not null
)
"""
_WAITING = f"""{_TOLD}
select s.id, s.production_id, s.sealed, s.commitment, about.subjects
  from {_TABLE} s
  join told t on t.text_id = s.id
 cross join lateral (
    select array(
        select distinct l.talent_id from licensing_licencetoken l
         where l.jti = any(t.jtis) or (cardinality(t.jtis) = 0 and l.production_id = s.production_id)
         order by l.talent_id
    ) as subjects
 ) about
 where s.subject_ids = '{{}}' and cardinality(about.subjects) > 0
 order by s.id
"""  # noqa: S608 - constants
_MISSED = f"""{_TOLD}
select s.id, s.production_id, s.sealed, s.subject_ids
  from {_TABLE} s
  join told t on t.text_id = s.id
 where t.production_id = any(%(productions)s::uuid[]) and s.id > %(after)s::uuid
   and (%(until)s::timestamptz is null or s.created_at <= %(until)s::timestamptz)
   and not %(talent)s::uuid = any(s.subject_ids)
   and (cardinality(t.jtis) = 0 or exists (
        select from licensing_licencetoken l where l.talent_id = %(talent)s::uuid and l.jti = any(t.jtis)))
 order by s.id
 limit {_CHUNK}
"""  # noqa: S608 - constants


def close_missed(talent_id: UUID, productions: Sequence[UUID], *, until: datetime | None = None) -> int:
    """Close for good every text of these productions that may be about somebody erased, and was not sealed for them.

    MUST be called when the talent's key is destroyed: the table's trigger asks for that. Returns how many.

    Args:
        until: only those that were recorded by then.
    """
    done, after = 0, UUID(int=0)
    asked: dict[str, Any] = {"talent": talent_id, "productions": list(productions), "until": until}
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_MISSED, {**asked, "after": after})
            found = cursor.fetchall()
            for row_id, production_id, sealed, subjects in found:
                row = SealedText(id=row_id, production_id=production_id, sealed=sealed)
                closed = closed_for(row, talent_id)
                if closed is not None:
                    told = [closed, [*subjects, talent_id], row_id]
                    cursor.execute(f"update {_TABLE} set sealed = %s, subject_ids = %s where id = %s", told)  # noqa: S608 - a constant
                    done += 1
            if len(found) < _CHUNK:
                return done
            after = found[-1][0]


def reseal_texts(schema_editor: BaseDatabaseSchemaEditor) -> int:
    """Seal anew, in the migration's transaction, every prompt, note and paper that names no talent yet; returns how many.

    A text of a production whose key is destroyed stays: nobody reads it. One that may be about somebody who was erased
    is not read by anybody from here on.
    """
    done = 0
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_WAITING)
        waiting = cursor.fetchall()
        if not waiting:
            return 0
        cursor.execute("set constraints all immediate")  # a table with checks that wait cannot be altered
        cursor.execute(f"alter table {_TABLE} disable trigger {_TABLE}_append_only")
        for row_id, production_id, sealed, commitment, subjects in waiting:
            row = SealedText(id=row_id, production_id=production_id, sealed=sealed, commitment=commitment)
            anew = resealed(row, subjects)
            if anew is None:
                continue
            told = [anew, subjects, row_id]
            cursor.execute(f"update {_TABLE} set sealed = %s, subject_ids = %s where id = %s", told)  # noqa: S608 - a constant
            done += 1
        cursor.execute(f"alter table {_TABLE} enable trigger {_TABLE}_append_only")
    return done
