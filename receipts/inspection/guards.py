"""The triggers that refuse change: are they all there, switched on, and do they still refuse?

Whoever lifted a trigger may have changed rows and put it back; that is what the other checks are for. One that is
still lifted, gone, or whose function was replaced is a finding of its own.
"""

from collections.abc import Iterator

from django.db import connection

from common.append_only import refusing_body
from receipts.inspection.findings import Fault

APPEND_ONLY = (
    "receipts_logentry",
    "receipts_rendercheck",
    "receipts_unauthorisedframe",
    "receipts_receiptbatch",
    "receipts_logcheckpoint",
    "receipts_logcosignature",
    "audit_event",
    "licensing_personsignature",
)
_OWN = {
    "receipts_productionlog": (
        "receipts_productionlog_forward", "receipts_productionlog_stays", "receipts_productionlog_no_truncate",
    ),
    "receipts_logcheckpoint": ("receipts_logcheckpoint_chain",),
}  # fmt: skip
_TRIGGERS = """
select c.relname, t.tgname, t.tgenabled::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
where not t.tgisinternal and c.relnamespace = current_schema()::regnamespace
"""
_PARTITIONS = """
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'receipts_logentry'::regclass
"""
_ENABLED = {"O", "A"}


def guard_faults() -> Iterator[Fault]:
    """Triggers that are missing or disabled, and a function that refuses no more."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS)
        found = {(table, trigger): enabled for table, trigger, enabled in cursor.fetchall()}
        cursor.execute(_PARTITIONS)
        partitions = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            "select prosrc from pg_proc where proname = 'refuse_change' and pronamespace = current_schema()::regnamespace"
        )
        bodies = [body for (body,) in cursor.fetchall()]
    for table, trigger in _expected(partitions):
        enabled = found.get((table, trigger))
        if enabled is None:
            yield Fault("TRIGGER_MISSING", table, f"the trigger {trigger} is gone: rows can be changed")
        elif enabled not in _ENABLED:
            yield Fault(
                "TRIGGER_DISABLED", table, f"the trigger {trigger} is switched off: rows can be changed"
            )
    if [body.split() for body in bodies] != [refusing_body().split()]:
        yield Fault("TRIGGER_CHANGED", "refuse_change", "the function that refuses changes was replaced")


def _expected(partitions: list[str]) -> Iterator[tuple[str, str]]:
    for table in APPEND_ONLY:
        yield table, f"{table}_append_only"
        yield table, f"{table}_no_truncate"
    for table in partitions:  # a row trigger is cloned to each partition, a statement trigger is not
        yield table, "receipts_logentry_append_only"
        yield table, f"{table}_no_truncate"
    for table, triggers in _OWN.items():
        for trigger in triggers:
            yield table, trigger
