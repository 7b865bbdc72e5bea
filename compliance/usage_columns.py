"""The columns of a guild's usage report: those of TAXONOMY 17, group by group, each with where its cell comes from.

What this server does not hold has its column, empty, and is named with the reason in the head of the JSON Lines
(``not_held``): a reader can tell "none" from "nobody here knows". Amounts are in minor units and say so in their name.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from common import clock
from compliance.money import FRAMES_PER_SECOND
from compliance.usage import UsageReport, UsageRow
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import ReplicaClass

SCHEMA: Final = "trustmark.usage/2"
_SYNTHETIC: Final = frozenset(
    {
        ReplicaClass.SYNTHETIC_PERFORMER,
        ReplicaClass.SYNTHETIC_FROM_NAMED_FEATURE,
        ReplicaClass.PURELY_SYNTHETIC_VOICE,
    }
)
_Cell = Callable[[UsageReport, UsageRow], object]
_NOWHERE = "a contract's matter that nobody tells this server"
_NO_MONEY = "nothing is paid here; what is owed is computed from the signed terms"
NOT_HELD: Final[dict[str, str]] = {
    "guild_member_no": "kept as a keyed digest alone: the guild knows its own number by performer_ref",
    "engagement_type": _NOWHERE,
    "scan_date": "captures are made elsewhere; the vault knows hash and place",
    "scan_notice_given_at": _NOWHERE,
    "scan_notice_hours": _NOWHERE,
    "scan_compensated": _NOWHERE,
    "episode": "a production is licensed as a whole; sequences and shots tell parts",
    "scene": "receipts name shots; scenes stand in the script's own links",
    "words": "receipts count lines, never their words: no dialogue enters the log",
    "languages": "no receipt tells a language",
    "runtime_sessions": "receipts are of frames and lines made, not of plays",
    "amount_reported_paid": _NO_MONEY,
    "paid_at": _NO_MONEY,
    "model_id": "training has reports of its own: a render licence never carries it",
    "dataset_manifest": "training has reports of its own: a render licence never carries it",
    "third_party_recipient": "training has reports of its own: a render licence never carries it",
}


def _nothing(_report: UsageReport, _row: UsageRow) -> object:
    return ""


def _declared(name: str) -> _Cell:
    def cell(_report: UsageReport, row: UsageRow) -> object:
        value = getattr(row.terms.declared, name, None)
        return _cell(value) if not isinstance(value, bool) else _flag(value)

    return cell


def _script(part: str) -> _Cell:
    return lambda _, row: _list(str(getattr(one, part) or "") for one in row.terms.script)


COLUMNS: Final[dict[str, dict[str, _Cell]]] = {
    "Header": {
        "production": lambda report, _: report.production.title,
        "eidr": lambda report, _: report.production.eidr,
        "profile": lambda _, row: _list(row.terms.profiles),
        "agreement": _declared("bargaining_agreement"),
        "period_from": lambda report, _: report.begins,
        "period_to": lambda report, _: report.until,
        "cut_off_log_index": lambda report, _: report.log.published_size if report.log else "",
        "log_root": lambda report, _: report.log.root_hex if report.log else "",
        "generated_at": lambda report, _: clock.rfc3339(report.made_at),
    },
    "Performer": {
        "performer_ref": lambda _, row: row.performer_ref,
        "performer": lambda _, row: row.performer,
        "legal_name": lambda _, row: row.legal_name,
        "guild_member_no": _nothing,
        "minor_flag": lambda _, row: _flag(row.is_minor),
        "deceased_flag": lambda _, row: _flag(row.is_deceased),
        "representative": lambda _, row: row.token.agency.name if row.token.agency else "",
        "authority_type": lambda _, row: _authority(row),
    },
    "Engagement": {
        "engagement_type": _nothing,
        "replica_class": lambda _, row: row.terms.replica_class,
        "scan_date": _nothing,
        "scan_notice_given_at": _nothing,
        "scan_notice_hours": _nothing,
        "scan_compensated": _nothing,
        "scan_business_reason": _declared("scan_reason"),
    },
    "Consent": {
        "consent_id": lambda _, row: row.terms.consent_id or row.token.request_id,
        "consent_version": lambda _, row: row.token.terms.version,
        "consent_form": _declared("consent_form"),
        # apart from everything else that is signed, and written
        "clear_and_conspicuous": lambda _, row: _flag(
            bool(getattr(row.terms.declared, "consent_form", None))
        ),
        "description": lambda _, row: row.terms.description,
        "script_version": _script("version"),
        "script_date": _script("dated"),
        "consent_date": lambda _, row: clock.rfc3339(row.token.created_at),
        "scope_change_count": lambda _, row: row.token.terms.version - 1,
        "consent_withdrawn_at": lambda _, row: _time(row.token.revoked_at),
        "post_mortem_basis": _declared("authority_ref"),
    },
    "Token": {
        "token_id": lambda _, row: row.token.pk,
        "terms_version": lambda _, row: row.token.terms.version,
        "terms_hash": lambda _, row: row.token.terms.terms_hash,
        "use_types": lambda _, row: _list(row.terms.use_types),
        "window_from": lambda _, row: clock.rfc3339(row.token.not_before),
        "window_to": lambda _, row: clock.rfc3339(row.token.not_after),
        "territory": lambda _, row: _list(row.terms.exploitation.distribution_territory),
        "channels": lambda _, row: _list(row.terms.exploitation.channels),
        "state": lambda _, row: row.state,
        "revoked_at": lambda _, row: _time(row.token.revoked_at),
        "revoke_kind": lambda _, row: row.token.revocation_kind,
        "strike_suspensions": lambda _, row: row.strike_suspensions,
    },
    "Use": {
        "project": lambda report, _: report.production.pk,
        "episode": _nothing,
        "sequences": lambda _, row: _list(row.terms.scope.sequences),
        "shots": lambda _, row: _list(sorted(row.use.shots)),
        "scene": _nothing,
        "use_date_from": lambda _, row: _time(row.use.first_receipt_at),
        "use_date_to": lambda _, row: _time(row.use.last_receipt_at),
        "frames": lambda _, row: row.use.frames,
        "unique_frames": lambda _, row: row.use.unique_frames,
        "screen_seconds": lambda _, row: f"{row.use.frames / FRAMES_PER_SECOND:.2f}",
        "utterances": lambda _, row: row.use.lines,
        "lines": lambda _, row: row.use.lines,
        "words": _nothing,
        "languages": _nothing,
        "runtime_sessions": _nothing,
        "reruns": lambda _, row: row.use.reruns,
        "failed_frames": lambda _, row: row.use.failed,
        "discarded_frames": lambda _, row: row.use.discarded,
        "shipped_flag": lambda _, row: _flag(row.outputs.released > 0),
    },
    "Pay basis": {
        "pay_basis": lambda _, row: row.terms.compensation.basis,
        "days_equivalent": lambda _, row: _cell(row.terms.compensation.equivalent_days_estimated),
        "days_method": lambda _, row: _cell(row.terms.compensation.equivalent_days_method),
        # in whose name the version was written that both sides signed
        "estimator": lambda _, row: (
            row.token.terms.side if row.terms.compensation.equivalent_days_estimated is not None else ""
        ),
        "scale_rate": lambda _, row: _cell(row.terms.compensation.scale_reference),
        "currency": lambda _, row: row.due.currency,
        "amount_due_minor": lambda _, row: _cell(row.due.amount_minor),
        "amount_missing": lambda _, row: row.due.missing,
        "amount_reported_paid": _nothing,
        "paid_at": _nothing,
        "pension_health_minor": lambda _, row: _cell(row.due.pension_health_minor),
        "residuals_flag": lambda _, row: _flag(row.terms.compensation.residuals),
        "overage_minor": lambda _, row: row.due.overage_minor,
    },
    "Alteration": {
        "alteration_flag": lambda _, row: _flag(row.terms.replica_class is ReplicaClass.DIGITAL_ALTERATION),
        "exemption_code": _declared("exemption"),
        "exemption_decided_by": lambda _, row: row.token.licensee.name if _exempt(row.terms) else "",
    },
    "Training": {
        "training_flag": lambda _report, _row: _flag(False),
        "model_id": _nothing,
        "dataset_manifest": _nothing,
        "third_party_recipient": _nothing,
        "union_notice_at": _declared("union_notice_at"),
    },
    "Synthetic": {
        "synthetic_performer_flag": lambda _, row: _flag(row.terms.replica_class in _SYNTHETIC),
        "notice_at": lambda _, row: (
            _declared("union_notice_at")(_, row) if row.terms.replica_class in _SYNTHETIC else ""
        ),
        "value_justification_ref": _declared("value_justification"),
        "bargaining_status": _declared("bargaining_agreement"),
    },
    "Evidence": {
        "receipt_count": lambda _, row: row.use.receipts,
        "first_receipt": lambda _, row: _time(row.use.first_receipt_at),
        "last_receipt": lambda _, row: _time(row.use.last_receipt_at),
        "missing_receipts": lambda _, row: row.use.missing_receipts,
        "denied_checks": lambda _, row: row.use.denied_checks,
        "watermark_verified_pct": lambda _, row: row.outputs.percent(row.outputs.marked),
        "c2pa_signed_pct": lambda _, row: row.outputs.percent(row.outputs.signed),
        "exceptions": lambda _, row: row.use.missing_receipts + row.use.denied_checks + row.use.unauthorised,
        "unauthorised_frames": lambda _, row: row.use.unauthorised,
        "root_hash": lambda report, _: report.log.root_hex if report.log else "",
    },
}
HEADING: Final = tuple(name for group in COLUMNS.values() for name in group)
RENAMED: Final = {
    "sequence": "sequences",
    "shot": "shots",
    "amount_due": "amount_due_minor",
    "pension_health": "pension_health_minor",
    "overage": "overage_minor",
}
"""Where the taxonomy's word says one and a row has several, or an amount without its unit."""


def report_rows(report: UsageReport) -> Iterator[tuple[object, ...]]:
    """The report's rows under :data:`HEADING`; an unknown amount is an empty cell beside what is missing."""
    cells = [cell for group in COLUMNS.values() for cell in group.values()]
    for row in report.rows:
        yield tuple(cell(report, row) for cell in cells)


def report_lines(report: UsageReport, header: Mapping[str, object]) -> Iterator[bytes]:
    """The report as JSON Lines: its head, then one object for each row, members in the order of :data:`HEADING`."""
    log, house = report.log, report.production.organisation
    head = {
        "kind": "header",
        "schema_version": SCHEMA,
        "profile": sorted({one for row in report.rows for one in row.terms.profiles}),
        "agreement": sorted(
            {str(one) for row in report.rows if (one := _declared("bargaining_agreement")(report, row))}
        ),
        "production": report.production.title,
        "eidr": report.production.eidr,
        "period_from": str(report.begins),
        "period_to": str(report.until),
        "cut_off_log_index": log.published_size if log else None,
        "log_root": log.root_hex if log else None,
        "signatory_number": str(house.external_ids.get("guild_signatory", "")),
        "generated_at": clock.rfc3339(report.made_at),
        "record_count": len(report.rows),
        "not_on_the_roll": report.others,
        "frames": report.frames,
        "amounts_due_minor": report.amounts,
        "rows_without_amount": report.unknown,
        "not_held": NOT_HELD,
        # in a bundle its envelope signs this file as all others; outside of one it is a draft to read
        "signature": "signature.dsse.json" if "bundle" in header else None,
        **{name: value for name, value in header.items() if name != "bundle"},
    }
    yield json.dumps(head, ensure_ascii=False).encode() + b"\n"
    for row in report_rows(report):
        cells = {
            name: cell if isinstance(cell, int) else str(cell)
            for name, cell in zip(HEADING, row, strict=True)
        }
        yield json.dumps({"kind": "row", **cells}, ensure_ascii=False).encode() + b"\n"


def _authority(row: UsageRow) -> str:
    """Who spoke for the performer: an estate, a guardian, an agent under mandate, or nobody else."""
    if row.is_deceased:
        return "ESTATE_EXECUTOR"
    if row.is_minor:
        return "GUARDIAN"
    return "AGENT" if row.token.agency_id else "SELF"


def _exempt(terms: Terms) -> bool:
    return bool(getattr(terms.declared, "exemption", None))


def _list(values: object) -> str:
    return " ".join(str(one) for one in values)  # type: ignore[attr-defined]


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def _cell(value: object | None) -> object:
    return "" if value is None else value


def _time(moment: object | None) -> str:
    return "" if moment is None else clock.rfc3339(moment)  # type: ignore[arg-type]
