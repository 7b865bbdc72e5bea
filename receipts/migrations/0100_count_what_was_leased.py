"""Leases older than the counters of words and of time on screen are counted (:mod:`receipts.backfill`).

``receipts_count_screen`` no longer goes beyond what is granted: what a licence showed before anybody counted may be
more than its terms say, and then nothing new is shown under it, while what is shown already may be rendered again.
"""

from typing import Any

from django.db import migrations

from receipts.backfill import count_what_was_leased

_CAPPED = """
create or replace function receipts_count_screen(jti uuid) returns void language sql as $$
    update receipts_quota q set granted = least(q.most, (
        select coalesce(sum(receipts_frames_in(s.frames)), 0) from receipts_screentime s where s.token_jti = jti))
    where q.token_jti = jti and q.counter = 'screen'
$$;
"""
_UNCAPPED = """
create or replace function receipts_count_screen(jti uuid) returns void language sql as $$
    update receipts_quota q set granted = (
        select coalesce(sum(receipts_frames_in(s.frames)), 0) from receipts_screentime s where s.token_jti = jti)
    where q.token_jti = jti and q.counter = 'screen'
$$;
"""
_COUNT = """
create function receipts_count_beside(of_jti uuid) returns int language plpgsql as $$
declare
    terms record;
    counted int := 0;
    now_counted int;
begin
    -- as a check locks them: who counts here and who is leased meanwhile take turns
    perform from receipts_quota r where r.token_jti = of_jti and r.counter in ('frames', 'lines')
        order by r.counter for no key update of r;
    select (t.terms -> 'scope' ->> 'words_max')::bigint as words_max,
        (t.terms -> 'scope' ->> 'max_screen_seconds')::bigint * 24 as screen_max,
        greatest(k.lines_max, 1) as lines_max,
        case when jsonb_array_length(t.terms -> 'scope' -> 'sequences') = 1
            then t.terms -> 'scope' -> 'sequences' ->> 0 else '' end as sequence
    into terms
    from licensing_licencetoken k join licensing_termsversion t on t.id = k.terms_id where k.jti = of_jti;

    if terms.screen_max is not null then
        update receipts_lease l set beside = 'screen', beside_units = l.last - l.first + 1,
            sequence = terms.sequence
        where l.token_jti = of_jti and l.counter = 'frames' and l.beside = '';
        get diagnostics now_counted = row_count;
        if now_counted > 0 then
            counted := counted + now_counted;
            insert into receipts_quota (token_jti, counter, most, granted)
                values (of_jti, 'screen', terms.screen_max, 0) on conflict do nothing;
            insert into receipts_screentime as s (token_jti, sequence, shot, frames)
            select of_jti, l.sequence, l.shot,
                coalesce(range_agg(int4range(l.first, l.last, '[]'))
                    filter (where not (l.state = 'ENDED' and l.end_reason = 'RETURNED')), '{}')
                + coalesce(range_agg(int4range(l.first, l.last, '[]')), '{}')
                * coalesce((select range_agg(t.as_rendered + t.as_again) from receipts_frametally t
                    where t.token_jti = of_jti and t.shot = l.shot and t.counter = 'frames'), '{}')
            from receipts_lease l where l.token_jti = of_jti and l.beside = 'screen'
            group by l.sequence, l.shot
            on conflict (token_jti, sequence, shot) do update set frames = excluded.frames;
            perform receipts_count_screen(of_jti);
        end if;
    end if;

    if terms.words_max is not null then
        with now as (
            update receipts_lease l set beside = 'words', beside_units = least(terms.words_max,
                (l.last - l.first + 1) * greatest(1, ceil(terms.words_max::numeric / terms.lines_max)))
            where l.token_jti = of_jti and l.counter = 'lines' and l.beside = ''
            returning l.beside_units,
                l.state = 'ENDED' and l.end_reason = 'RETURNED' and coalesce(l.units_used, 0) = 0 as is_unused),
        added as (select count(*) as leases, coalesce(sum(n.beside_units) filter (where not n.is_unused), 0) as words from now n),
        taken as (
            insert into receipts_quota as r (token_jti, counter, most, granted)
            select of_jti, 'words', terms.words_max, least(terms.words_max, a.words) from added a where a.leases > 0
            on conflict (token_jti, counter) do update set granted = least(r.most, r.granted + excluded.granted))
        select a.leases into now_counted from added a;
        counted := counted + now_counted;
    end if;
    return counted;
end $$;
"""


def count(apps: Any, schema_editor: Any) -> None:
    """Count what was leased before; it goes on where it stopped."""
    count_what_was_leased(schema_editor.connection)


class Migration(migrations.Migration):
    # each licence in a transaction of its own: nobody who renders waits for all of them
    atomic = False
    dependencies = [("receipts", "0090_words_and_screen"), ("licensing", "0431_yeses_at_checkpoints")]
    operations = [
        migrations.RunSQL(_CAPPED, _UNCAPPED),
        migrations.RunSQL(_COUNT, "drop function receipts_count_beside(uuid)"),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
