"""Say of earlier marks who registered them, where that was written down; the others are the operator's.

An id for a render farm was recorded with the organisation that drew it; an output's is marked for the organisation
that delivered it. Rows are evidence, so their trigger rests for this one statement and no longer.
"""

from django.db import migrations

TRIGGER = "watermarking_markregistration_append_only"
BACKFILL = f"""
set constraints all immediate;
alter table watermarking_markregistration disable trigger {TRIGGER};
update watermarking_markregistration mark set registered_by_id = found.organisation_id
from (
    select distinct on (id) id, organisation_id from (
        select mark.id, event.organisation_id, event.number
        from watermarking_markregistration mark
        join audit_event event on event.kind = 'mark.registered' and event.object_type = 'mark'
            and event.object_id = mark.id::text
        where mark.asset_id is null
        union all
        select mark.id, job.organisation_id, 0
        from watermarking_markregistration mark
        join watermarking_mediajob job on job.registration_id = mark.id
        where mark.asset_id is not null
    ) known order by id, number
) found
join accounts_organisation organisation on organisation.id = found.organisation_id
where mark.id = found.id and mark.registered_by_id is null;
alter table watermarking_markregistration enable trigger {TRIGGER};
"""


class Migration(migrations.Migration):
    dependencies = [("watermarking", "0005_registrar"), ("audit", "0001_initial")]
    operations = [migrations.RunSQL(BACKFILL, migrations.RunSQL.noop)]
