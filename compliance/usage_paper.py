"""A guild's usage report to take along, outside any bundle: its head in JSON, and the same page as in bundles as PDF."""

from dataclasses import dataclass
from uuid import UUID

from common import clock
from compliance.printing import page_of, pdf_of
from compliance.services.writing import generator
from compliance.usage import UsageReport


@dataclass(frozen=True, slots=True)
class _Log:
    origin: str
    root: str
    size: int


@dataclass(frozen=True, slots=True)
class _Summary:
    """What the page's head says, in the words of a bundle's summary; ``bundle`` is the report's own id."""

    bundle: str
    production: str
    title: str
    created_at: str
    generator: str
    log: _Log


def lines_head(report: UsageReport, report_id: UUID) -> dict[str, object]:
    """What the first line says beside the report's own figures."""
    return {
        "report_id": str(report_id),
        "generator_version": generator(),
        "signatory": report.production.organisation.name,
    }


def usage_pdf(report: UsageReport, report_id: UUID) -> bytes:
    """The report as PDF.

    Raises:
        LookupError: this machine cannot print (see :func:`~compliance.printing.can_print`).
    """
    log = report.log
    summary = _Summary(
        bundle=str(report_id),
        production=str(report.production.pk),
        title=report.production.title,
        created_at=clock.rfc3339(report.made_at),
        generator=generator(),
        log=_Log(log.origin, log.root_hex, log.published_size) if log else _Log("no log yet", "none", 0),
    )
    pdf = pdf_of(page_of("compliance/usage.html", {"summary": summary, "alone": True, **usage_facts(report)}))
    if pdf is None:
        raise LookupError("Pango is not installed")
    return pdf


def usage_facts(report: UsageReport) -> dict[str, object]:
    """The figures of the page."""
    return {
        "report": report,
        "amounts": [
            (currency, f"{amount / 100:,.2f}") for currency, amount in sorted(report.amounts.items())
        ],
        "missing": sum(row.use.missing_receipts for row in report.rows),
        "unauthorised": sum(row.use.unauthorised for row in report.rows),
    }
