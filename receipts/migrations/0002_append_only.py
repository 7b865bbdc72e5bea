"""Refuse what must never happen to the ledger, for every role.

Facts are append-only. A row trigger on a partitioned table reaches its partitions; a statement trigger
does not, so each partition refuses TRUNCATE for itself. A log may only grow, under its own name.
"""

from django.db import migrations

from common.append_only import append_only

PARTITIONS = 16

LOG_FORWARD = """
create function receipts_log_forward() returns trigger language plpgsql as $$
begin
    if new.size < old.size or new.id <> old.id or new.production_id <> old.production_id
       or new.origin <> old.origin then
        raise exception 'a log only grows: % on % is refused', tg_op, tg_table_name
            using errcode = 'restrict_violation';
    end if;
    if length(new.frontier) <> 32 * bit_count(new.size::bit(64)) then
        raise exception 'the frontier of % does not fit its size', new.origin using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger receipts_productionlog_forward before update on receipts_productionlog
    for each row execute function receipts_log_forward();
create trigger receipts_productionlog_stays before delete on receipts_productionlog
    for each row execute function refuse_change();
create trigger receipts_productionlog_no_truncate before truncate on receipts_productionlog
    for each statement execute function refuse_change();
"""
LOG_BACK = """
drop trigger receipts_productionlog_forward on receipts_productionlog;
drop trigger receipts_productionlog_stays on receipts_productionlog;
drop trigger receipts_productionlog_no_truncate on receipts_productionlog;
drop function receipts_log_forward();
"""
PARTS = "".join(
    f"create trigger receipts_logentry_{n}_no_truncate before truncate on receipts_logentry_{n} "
    "for each statement execute function refuse_change();\n"
    for n in range(PARTITIONS)
)
PARTS_BACK = "".join(
    f"drop trigger receipts_logentry_{n}_no_truncate on receipts_logentry_{n};\n" for n in range(PARTITIONS)
)


class Migration(migrations.Migration):
    dependencies = [("receipts", "0001_ledger")]
    operations = [
        *append_only("receipts_logentry"),
        migrations.RunSQL(PARTS, PARTS_BACK),
        *append_only("receipts_rendercheck"),
        *append_only("receipts_unauthorisedframe"),
        *append_only("receipts_receiptbatch"),
        migrations.RunSQL(LOG_FORWARD, LOG_BACK),
    ]
