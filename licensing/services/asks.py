"""From what a studio asks to terms: one strict value type in, version n of the terms out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Organisation
from common.errors import InvalidInput
from licensing.models import Mandate, Production, Talent, TalentInstruction
from licensing.selectors.people import pairwise_pseudonym
from licensing.selectors.vendors import vendors_named
from licensing.services.productions import hides_something
from trustcore.errors import InvalidTerms
from trustcore.policy.terms import Terms, format_time, parse_terms
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, ApprovalMode, UseType

# A reasonably specific description says who does what in which scenes; two words never do.
DESCRIPTION_LEAST = 20
DAYS_MOST = 3650
OPEN_GROUPS = frozenset(
    {
        "approvals",
        "assignability",
        "change_of_control",
        "credit",
        "dispute",
        "exclusivity",
        "exploitation",
        "governing_law",
        "marking",
        "renewal",
        "reporting",
        "retention",
        "scope",
        "security",
        "tools",
    }
)
"""Groups of the terms that an ask may fill beside its own fields."""
_PARTLY = ("approvals", "exploitation", "scope")
_APPROVALS_ASKED = frozenset({"checkpoints", "final_review_hours"})
"""Of how the work is approved: when it comes back. Who decides is said by routing."""
_YEARS = range(2000, 9000)  # far enough from the ends of the calendar for every sum of dates


@dataclass(frozen=True, slots=True)
class LicenceAsk:
    """What a studio asks for; see the request body of ``POST /api/v1/license-requests``.

    Attributes:
        talent: handle.
        days: length of the window; ``not_before`` None opens it when the licence is issued.
        production_end_event: what ends the work before its last day, as "picture lock".
        vendors: slugs of the vendors that may present the token.
        renews: jti of the licence that this one continues.
        compensation, content, ratings: as in the terms; what is left out has the terms' defaults.
        anchors: SHA-256 of the reference assets that alone may stand for the person.
        declared: what an agreement or a statute asks the licensee to say, as in the terms.
        profiles: compliance profiles that the licensee names beside those that bind it anyway.
        terms: further groups of the terms, as ``{"exclusivity": {...}, "retention": {...}}``.
    """

    production_id: UUID
    talent: str
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    replica_class: str
    description: str
    days: int
    frames_max: int
    lines_max: int
    render_territory: tuple[str, ...]
    distribution_territory: tuple[str, ...]
    channels: tuple[str, ...]
    not_before: datetime | None = None
    production_end_event: str | None = None
    shots: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    compensation: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    ratings: Mapping[str, str] = field(default_factory=dict)
    anchors: tuple[str, ...] = ()
    script: tuple[Mapping[str, Any], ...] = ()
    renews: UUID | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)


def refuse_training(use_types: Iterable[str]) -> None:
    """Training rights are asked for separately, in a request of their own (ST-080).

    Raises:
        InvalidInput: ``TRAINING_SEPARATE``.
    """
    if training := sorted(str(use) for use in TRAINING_USE_TYPES.intersection(use_types)):
        raise InvalidInput(
            "TRAINING_SEPARATE",
            "Training rights are never part of a render licence.",
            "Ask for them in a request of their own, which only the talent can grant.",
            {"use_types": training},
        )


def check_ask(ask: LicenceAsk) -> None:
    """Refuse what no lookup is needed to refuse, so that the refusal says nothing about the talent.

    Raises:
        InvalidInput: ``TRAINING_SEPARATE``, ``USE_TYPE_UNKNOWN``, ``DESCRIPTION_TOO_VAGUE``, ``WINDOW_INVALID``.
    """
    refuse_training(ask.use_types)
    if unknown := sorted(set(ask.use_types) - {str(use) for use in UseType}):
        raise InvalidInput("USE_TYPE_UNKNOWN", "Not a use type.", ", ".join(unknown))
    if len(ask.description.strip()) < DESCRIPTION_LEAST:
        raise InvalidInput(
            "DESCRIPTION_TOO_VAGUE",
            "Describe the use reasonably specifically.",
            _("Say who does what in which scenes, in at least %(description_least)s characters.")
            % {"description_least": DESCRIPTION_LEAST},
        )
    if not 1 <= ask.days <= DAYS_MOST:
        raise InvalidInput(
            "WINDOW_INVALID",
            _("A licence lasts between 1 and %(days_most)s days.") % {"days_most": DAYS_MOST},
        )
    if ask.not_before is not None and ask.not_before.year not in _YEARS:
        raise InvalidInput("WINDOW_INVALID", "This is no time at which a licence begins.")


def terms_of_ask(
    ask: LicenceAsk,
    *,
    production: Production,
    talent: Talent,
    mandate: Mandate | None,
    version: int,
    supersedes: str | None,
    trains: bool = False,
) -> Terms:
    """Write the ask as version ``version`` of the licence's terms, every field filled.

    How they are approved is said by routing, which the caller does on the result.

    Raises:
        InvalidInput: ``TERMS_INVALID`` with the field, or ``VENDOR_UNKNOWN``.
    """
    document: dict[str, Any] = {
        "terms_version": version,
        "supersedes": supersedes,
        "project": {
            "id": str(production.pk),
            "kind": production.kind,
            "title": production.title,
            "eidr": production.eidr or None,
        },
        "licensor": str(talent.organisation_id),
        "represented_by": str(mandate.agency_id) if mandate else None,
        "licensee": str(production.organisation_id),
        "vendors": _vendors(ask.vendors),
        "talent": pairwise_pseudonym(talent.pk, production.pk),
        "constructs": list(ask.constructs),
        "replica_class": ask.replica_class,
        "use_types": list(ask.use_types),
        "description": ask.description,
        "anchors": list(ask.anchors),
        "script": [dict(ref) for ref in ask.script],
        "scope": {
            "sequences": list(ask.sequences),
            "shots": list(ask.shots),
            "frames_max": ask.frames_max,
            "lines_max": ask.lines_max,
        },
        "window": _window(ask),
        "exploitation": {
            "channels": list(ask.channels),
            "distribution_territory": list(ask.distribution_territory),
        },
        "render_territory": list(ask.render_territory),
        "content": dict(ask.content),
        "ratings": dict(ask.ratings),
        "approvals": {"mode": str(ApprovalMode.TALENT_ONLY)},
        "compensation": dict(ask.compensation),
        "profiles": list(ask.profiles),
    }
    if trains:
        document["training"] = {"allowed": True}
    if ask.declared:
        document["declared"] = dict(ask.declared)
    if unknown := sorted(set(ask.terms) - OPEN_GROUPS):
        raise InvalidInput("TERM_FIXED", "This is not asked for here.", ", ".join(unknown))
    if fixed := sorted(set(ask.terms.get("approvals", {})) - _APPROVALS_ASKED):
        raise InvalidInput("TERM_FIXED", "This is not asked for here.", ", ".join(fixed))
    partly = {name: {**document[name], **dict(ask.terms.get(name, {}))} for name in _PARTLY}
    return read_terms({**document, **ask.terms, **partly})


def read_terms(document: Mapping[str, Any]) -> Terms:
    """Parse terms that a caller shaped, and say which field is wrong.

    Raises:
        InvalidInput: ``TERMS_INVALID``.
    """
    try:
        terms = parse_terms(document)
        for path, text in _texts(terms.to_dict()):
            if hides_something(text):
                raise InvalidTerms("control and invisible characters are not allowed", path)
    except InvalidTerms as error:
        raise InvalidInput(
            error.code, "The terms are not valid.", error.detail, {"field": error.path or ""}
        ) from error
    return terms


def require_payee(terms: Terms, talent: Talent) -> None:
    """Refuse a payee other than the one whom the talent named; who names none is paid as before.

    Raises:
        InvalidInput: ``PAYEE_TALENT_ONLY``.
    """
    said = TalentInstruction.objects.filter(talent=talent, kind=TalentInstruction.Kind.PAYEE)
    last = said.order_by("-created_at", "-pk").first()
    if last is not None and terms.compensation.payee not in {None, last.body.get("payee")}:
        raise InvalidInput("PAYEE_TALENT_ONLY", "Only the talent changes who is paid.")


def _texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the terms with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _texts(member, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, f"{path}[{index}]")


def _window(ask: LicenceAsk) -> dict[str, Any]:
    window: dict[str, Any] = {"days": ask.days, "production_end_event": ask.production_end_event or None}
    if ask.not_before is not None:
        end = ask.not_before + timedelta(days=ask.days)
        window |= {"not_before": format_time(ask.not_before), "not_after": format_time(end)}
    return window


def require_vendors(proposed: Terms, before: Terms) -> None:
    """Refuse terms that list somebody as a vendor who is none on this server; whom they listed ``before`` stays.

    Raises:
        InvalidInput: ``VENDOR_UNKNOWN``, with the ids.
    """
    added = {vendor: _uuid(vendor) for vendor in proposed.vendors if vendor not in before.vendors}
    wanted = {one for one in added.values() if one is not None}
    found = set(
        Organisation.objects.filter(kind=Organisation.Kind.VENDOR, pk__in=wanted).values_list("pk", flat=True)
        if wanted
        else ()
    )
    if unknown := sorted(vendor for vendor, pk in added.items() if pk not in found):
        raise InvalidInput("VENDOR_UNKNOWN", "No vendor has this name.", ", ".join(unknown))


def _uuid(text: str) -> UUID | None:
    try:
        pk = UUID(text)
    except ValueError:
        return None
    return pk if str(pk) == text else None


def _vendors(slugs: Iterable[str]) -> list[str]:
    """The ids of the vendors of those slugs; an organisation of another kind reads as unknown."""
    wanted = sorted(set(slugs))
    found = vendors_named(wanted)
    if missing := [slug for slug in wanted if slug not in found]:
        raise InvalidInput("VENDOR_UNKNOWN", "No vendor has this name.", ", ".join(missing))
    return list(found.values())
