"""Close texts that were sealed under their production's key alone under the keys of the talents they may be about, too.

Notes and papers of a shoot were once sealed so. What they say and their commitments stay: events, roots and log hold
those. Used by a migration, with SQL alone: models of a later day do not fit the tables of that one.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from provenance.graph.models import SealedText
from provenance.graph.sealing import resealed

_TABLE = "provenance_sealedtext"
_WAITING = """
select s.id, s.production_id, s.sealed, s.commitment, about.subjects
  from provenance_sealedtext s
  join (select note_id as text_id, version_id from provenance_decision where note_id is not null
        union select text_id, version_id from provenance_custodydocument where text_id is not null) t on t.text_id = s.id
 cross join lateral (
    select array(
        select distinct l.talent_id from licensing_licencetoken l
         where l.jti = any(cited.jtis) or (cardinality(cited.jtis) = 0 and l.production_id = s.production_id)
         order by l.talent_id
    ) as subjects
      from (select array(
        select unnest(v.token_jtis) from provenance_assetversion v where v.id = t.version_id
        union select unnest(g.token_jtis) from provenance_generationrecord g
          join provenance_generationoutput o on o.generation_id = g.id where o.version_id = t.version_id
      ) as jtis) cited
 ) about
 where s.subject_ids = '{}' and cardinality(about.subjects) > 0
 order by s.id
"""


def reseal_texts(schema_editor: BaseDatabaseSchemaEditor) -> int:
    """Seal anew, in the migration's transaction, every note and paper that names no talent yet; returns how many.

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
