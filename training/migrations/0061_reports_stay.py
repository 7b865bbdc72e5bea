"""A report says what it said once it is signed; a question stays; a rights review is answered once."""

from django.db import migrations

from common.append_only import append_only

_MADE = """
create function training_guard_report() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['state', 'problem', 'touched_at', 'content_id', 'head', 'statement', 'location',
                                      'size_bytes', 'done_at', 'took_ms', 'last_event', 'last_edge'];
begin
    if tg_op = 'DELETE' or old.state in ('DONE', 'FAILED')
       or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a rights report says what it said' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_report_guarded after update or delete on training_rightsreport
    for each row execute function training_guard_report();

create function training_guard_rights_review() returns trigger language plpgsql as $$
declare
    may_move constant text[] := array['answer', 'answered_by_id', 'answered_at', 'note', 'next_on'];
begin
    if tg_op = 'DELETE' or old.answer <> '' or (to_jsonb(new) - may_move) is distinct from (to_jsonb(old) - may_move) then
        raise exception 'a rights review is answered once' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create constraint trigger training_rights_review_guarded after update or delete on training_rightsreview
    for each row execute function training_guard_rights_review();
"""
_UNMADE = """
drop trigger training_rights_review_guarded on training_rightsreview;
drop function training_guard_rights_review();
drop trigger training_report_guarded on training_rightsreport;
drop function training_guard_report();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0060_reports")]
    operations = [*append_only("training_trainingquestion"), migrations.RunSQL(_MADE, _UNMADE)]
