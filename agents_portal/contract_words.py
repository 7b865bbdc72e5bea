"""Data contracts in words: how a version stands, every clause of it, and what keeps it out of force."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, country, figure, later
from training.contracts.clauses import Unenforced
from training.contracts.compiling import Compiled
from training.models import DataContract
from training.vocabulary import ContractState, LicenceClass, MediaKind, SourceType

NAMES: Final = {
    "sourceClasses": later("Classes of sources"),
    "allowedSourceTypes": later("Allowed source types"),
    "acceptableLicenceClasses": later("Acceptable licences"),
    "prohibitedContent": later("Prohibited content"),
    "samplingRules": later("Sample"),
    "regions": later("Regions"),
    "businessUnits": later("Business units"),
    "exceptionApprovers": later("Who signs exceptions"),
    "onMissingMetadata": later("When a field is missing"),
    "retention": later("Kept for"),
    "timeToScan": later("Scanned within"),
    "schema.asset": later("Mandatory fields"),
}
"""Every clause by the name it has in the standard, in the order of the page."""


class Clause(NamedTuple):
    """One clause: what it is called, what it says, and its name in the file."""

    label: str
    says: str
    name: str


class Fault(NamedTuple):
    """What keeps a contract out of force: where, and why."""

    where: str
    why: str


def contract_badge(row: DataContract) -> Badge:
    """How a version stands."""
    if row.state == ContractState.ACTIVE:
        return Badge("circle-check", _("In force"), "permit")
    if row.state == ContractState.RETIRED:
        return Badge("circle-minus", _("Retired"), "absent")
    return Badge("circle-pause", _("Draft"), "unsure")


def clauses_in_words(compiled: Compiled) -> list[Clause]:
    """Every clause that is enforced, in words; what the contract does not say is left out."""
    told = compiled.clauses
    said = {
        "sourceClasses": ", ".join(told.source_classes),
        "allowedSourceTypes": ", ".join(str(SourceType(one).label) for one in told.source_types),
        "acceptableLicenceClasses": ", ".join(str(LicenceClass(one).label) for one in told.licence_classes),
        "prohibitedContent": ", ".join(told.prohibited_content) or _("None"),
        "samplingRules": "; ".join(_share(kind, share) for kind, share in told.shares.items()),
        "regions": ", ".join(sorted(country(one) if "-" not in one else one for one in told.regions)),
        "businessUnits": ", ".join(told.business_units) or _("Every one"),
        "exceptionApprovers": ", ".join(map(_approver, told.approvers)),
        "onMissingMetadata": _missing(told.on_missing),
        "retention": ngettext("%(n)s day from its collection", "%(n)s days from its collection", told.retention_days)
        % {"n": figure(told.retention_days)},
        "timeToScan": _soon(told.scan_minutes),
        "schema.asset": ", ".join(compiled.required),
    }  # fmt: skip
    return [
        Clause(str(label), said[name], name)
        for name, label in NAMES.items()
        if name not in told.missing and said[name]
    ]


def faults_in_words(compiled: Compiled, against: Sequence[Unenforced]) -> list[Fault]:
    """Every reason why it cannot be put into force."""
    lacking = [
        Fault(name, _("A contract in force says this, and this one does not."))
        for name in compiled.clauses.missing
    ]
    return [*(Fault(one.clause, one.why) for one in against), *lacking]


def _share(kind: str, share: float) -> str:
    return _("%(kind)s: %(share)s %%") % {"kind": MediaKind(kind).label, "share": figure(round(share * 100))}


def _soon(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if rest:
        words = ngettext("%(n)s minute of its registration", "%(n)s minutes of its registration", minutes)
        return words % {"n": figure(minutes)}
    return ngettext("%(n)s hour of its registration", "%(n)s hours of its registration", hours) % {
        "n": figure(hours)
    }


def _approver(one: str) -> str:
    return {"LEGAL": _("counsel"), "ADMIN": _("an administrator")}.get(one, one)


def _missing(word: str) -> str:
    return _("It is isolated, and a person decides") if word == "ISOLATE" else _("It is refused")
