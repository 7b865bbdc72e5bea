"""What a bundle's summary says: counts, exceptions, a chart, and the tables that its purpose asks for. Pure.

Everything here is taken from the log's reading and the terms in force at the cut, so the same cut says the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compliance.ledgering import LogReading
from trustcore.bundle.layout import Counts, Purpose, Summary
from trustcore.receipt import AuthorisedEntry

TITLES = {
    Purpose.UNION_REPORTING: "Union reporting",
    Purpose.DISTRIBUTION_CLEARANCE: "Distribution clearance",
    Purpose.EO_INSURANCE: "Errors and omissions insurance",
    Purpose.REGULATORY: "Regulatory evidence",
}
_QUESTIONS = {
    Purpose.UNION_REPORTING: "Whose likeness was used, for what, how much, and on what terms of pay?",
    Purpose.DISTRIBUTION_CLEARANCE: "May these outputs be distributed, where, through which channels, and are they marked?",
    Purpose.EO_INSURANCE: "Is there an unbroken chain of title from each frame to somebody's consent?",
    Purpose.REGULATORY: "Is synthetic content disclosed and marked as the law asks, and under which rules were licences given?",
}
_ROWS_MOST = 500
_DAYS_MOST = 60


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the summary; ``left_out`` rows stand in the bundle's data alone."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart, in the units of its picture: 10 wide, at most 100 high, on a line at 110."""

    day: str
    count: int
    left: int
    top: str
    height: str


def digest_of(
    summary: Summary,
    reading: LogReading,
    terms: Mapping[tuple[str, int], Mapping[str, Any]],
    *,
    frames_without_receipt: int | None,
    profiles: Mapping[str, str],
    asked: Counts,
    outputs: Sequence[Mapping[str, Any]] | None = None,
    part: Sequence[tuple[str, str]] = (),
    duties: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what the template of the summary shows.

    Args:
        terms: the terms of each licence version that the reader may see, by token id and version.
        profiles: hash of each compliance profile that the terms name, by its ref.
        asked: counts of the part asked for, which the page is about.
        outputs: the log's entries of verified outputs of that part; None for all.
        part: what was asked for, in words; nothing for the whole.
        duties: what EU law asks of each output, as ``data/duties/`` holds it.
    """
    counts, jtis = asked, reading.scope.jtis
    grants = [
        one
        for one in sorted(reading.ledger.grants.values(), key=lambda one: (one.at, one.jti))
        if jtis is None or one.jti in jtis
    ]
    verified = _verified(reading) if outputs is None else outputs
    exceptions = [
        ("Frames rendered without authorisation", counts.unauthorised),
        *(
            []
            if frames_without_receipt is None
            else [("Frames reserved and never reported", frames_without_receipt)]
        ),
        ("Refused render checks", counts.denied),
        ("Licences revoked", counts.revoked),
        ("Outputs held back by verification", sum(not one["released"] for one in verified)),
    ]
    return {
        "summary": summary,
        "asked": asked,
        "part": part,
        "is_missing_known": frames_without_receipt is not None,
        "title": TITLES[summary.purpose],
        "question": _QUESTIONS[summary.purpose],
        "exceptions": exceptions,
        "is_clean": not any(count for _, count in exceptions),
        "bars": _bars(reading.tally.by_day),
        "tables": tuple(_tables(summary.purpose, reading, grants, terms, profiles, verified, duties)),
    }


def _tables(
    purpose: Purpose,
    reading: LogReading,
    grants: Sequence[AuthorisedEntry],
    terms: Mapping[tuple[str, int], Mapping[str, Any]],
    profiles: Mapping[str, str],
    verified: Sequence[Mapping[str, Any]],
    duties: Sequence[Mapping[str, Any]],
) -> Iterable[Table]:
    yield _licences(reading, grants, terms)
    if purpose == Purpose.UNION_REPORTING:
        yield _pay(grants, terms)
        yield _uses(reading)
    if purpose == Purpose.DISTRIBUTION_CLEARANCE:
        yield _exploitation(grants, terms)
        yield _outputs(verified)
    if purpose == Purpose.EO_INSURANCE:
        yield _consents(grants)
        yield _ends(reading, grants)
    if purpose == Purpose.REGULATORY:
        yield _profiles(profiles)
        yield _outputs(verified)
        yield _duties(duties)
    yield _refusals(reading)


def _table(title: str, note: str, heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Table:
    every = [tuple(str(cell) for cell in row) for row in rows]
    return Table(title, note, heads, tuple(every[:_ROWS_MOST]), max(0, len(every) - _ROWS_MOST))


def _licences(
    reading: LogReading, grants: Sequence[AuthorisedEntry], terms: Mapping[tuple[str, int], Mapping[str, Any]]
) -> Table:
    return _table(
        "Licences",
        "Each version that was granted; performers by the pseudonym that this production knows them by.",
        ("Licence", "Version", "Performer", "For", "From", "To", "Frames", "Terms (SHA-256)"),
        (
            (
                one.jti,
                one.terms_version,
                one.talent,
                ", ".join(one.use_types),
                one.not_before[:10],
                one.not_after[:10],
                f"{reading.tally.rendered(one.jti):,}",
                one.terms_hash.removeprefix("sha256:")
                + ("" if (one.jti, one.terms_version) in terms else " (terms withheld)"),
            )
            for one in grants
        ),
    )


def _pay(grants: Sequence[AuthorisedEntry], terms: Mapping[tuple[str, int], Mapping[str, Any]]) -> Table:
    rows = []
    for one in grants:
        pay = terms.get((one.jti, one.terms_version), {}).get("compensation")
        if pay is None:
            continue
        rows.append(
            (
                one.jti,
                pay.get("basis", ""),
                _amount(pay),
                pay.get("equivalent_days_estimated") or "",
                pay.get("equivalent_days_method") or "",
            )
        )
    return _table(
        "Pay basis and days-equivalent",
        "As the signed terms say it. What is owed stands in the usage report.",
        ("Licence", "Basis", "Amount", "Equivalent days", "How the days were estimated"),
        rows,
    )


def _uses(reading: LogReading) -> Table:
    return _table(
        "Frames by use",
        "Rendered frames, from their receipts.",
        ("Use", "Frames"),
        ((use, f"{count:,}") for use, count in sorted(reading.tally.by_use.items())),
    )


def _exploitation(
    grants: Sequence[AuthorisedEntry], terms: Mapping[tuple[str, int], Mapping[str, Any]]
) -> Table:
    rows = []
    for one in grants:
        told = terms.get((one.jti, one.terms_version), {}).get("exploitation")
        if told is not None:
            where, how = told.get("distribution_territory", ()), told.get("channels", ())
            rows.append(
                (one.jti, ", ".join(map(str, where)), ", ".join(map(str, how)), told.get("until") or "")
            )
    return _table(
        "Where and how it may be shown",
        "As the signed terms say it.",
        ("Licence", "Territory", "Channels", "Until"),
        rows,
    )


def _duties(duties: Sequence[Mapping[str, Any]]) -> Table:
    return _table(
        "Duties under EU law",
        "Of each output, at the cut: what Article 50 of Regulation (EU) 2024/1689 and its Code of Practice ask, and what "
        "the records show. NOT_SHOWN is what this server cannot see. The evidence lies in duties/.",
        ("Output", "Duty", "Law", "State", "What the records say"),
        (
            (told["asset"], one["duty"], one["law"], one["state"], one["says"])
            for told in duties
            for one in told["duties"]
        ),
    )


def _outputs(verified: Sequence[Mapping[str, Any]]) -> Table:
    return _table(
        "Outputs",
        "What each layer's detector or validator said before release: hidden mark in pixels and sound, signed credentials.",
        ("Output", "At", "Mark", "Layers", "Released", "File (SHA-256)"),
        (
            (
                one["asset"],
                one["at"],
                one["mark"],
                ", ".join(f"{layer['layer']} {layer['status']}" for layer in one["layers"]),
                "yes" if one["released"] else "no",
                one["asset_sha256"],
            )
            for one in verified
        ),
    )


def _consents(grants: Sequence[AuthorisedEntry]) -> Table:
    return _table(
        "Who agreed, and how",
        "Each approval that stands in the log. People by pseudonym; PASSKEY means that their own device signed the terms.",
        ("Licence", "Version", "Person", "By", "At"),
        (
            (one.jti, one.terms_version, party.actor, party.method, party.at)
            for one in grants
            for party in one.approvals
        ),
    )


def _ends(reading: LogReading, grants: Sequence[AuthorisedEntry]) -> Table:
    rows = [
        (
            jti,
            item["entry"]["t"],
            item["entry"]["at"],
            item["entry"].get("kind") or item["entry"].get("reason", ""),
        )
        for jti in sorted({one.jti for one in grants})
        for item in reading.ledger.history(jti)
        if item["entry"]["t"] != "authorised"
    ]
    return _table(
        "Revocations and holds", "In the order of the log.", ("Licence", "What", "At", "Kind"), rows
    )


def _profiles(profiles: Mapping[str, str]) -> Table:
    return _table(
        "Compliance profiles",
        "The rules that the terms name, each version by the hash that counsel signs off; their text lies in profiles/.",
        ("Profile", "SHA-256"),
        ((ref, digest.removeprefix("sha256:")) for ref, digest in sorted(profiles.items())),
    )


def _refusals(reading: LogReading) -> Table:
    return _table(
        "Refusals by reason",
        "The primary reason of each refused check.",
        ("Reason", "Checks"),
        ((reason, f"{count:,}") for reason, count in sorted(reading.refused_by_reason.items())),
    )


def _bars(by_day: Mapping[str, int]) -> tuple[Bar, ...]:
    days = sorted(by_day.items())[-_DAYS_MOST:]
    most = max((count for _, count in days), default=1)
    heights = [100 * count / most for _, count in days]
    return tuple(
        Bar(day, count, 10 * at, f"{110 - height:.1f}", f"{height:.1f}")
        for at, ((day, count), height) in enumerate(zip(days, heights, strict=True))
    )


def _verified(reading: LogReading) -> list[dict[str, Any]]:
    return [item["entry"] for item in reading.ledger.marks() if item["entry"]["t"] == "verified"]


def _amount(pay: Mapping[str, Any]) -> str:
    amount = pay.get("amount_minor")
    return "" if amount is None else f"{pay.get('currency', '')} {amount / 100:,.2f}".strip()
