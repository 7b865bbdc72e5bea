"""Every term that can be talked about: its row, its group on the screen, and which way an answer may change it.

The side that answers may narrow what is asked (``trustcore.policy.diff.widenings`` judges the whole); the side that
asks may revise everything but whom and which work the request is about.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from agents_portal import words
from agents_portal.evidence_fields import hash_words, script_words
from agents_portal.fields import BOUNDS, Kind, TermField, Value, Way
from agents_portal.forms.compose import ComposeForm
from agents_portal.words import figure, later
from common.errors import InvalidInput
from common.language import core
from trustcore.errors import InvalidTerms
from trustcore.policy import clauses
from trustcore.policy.diff import MONEY, READERS, widenings
from trustcore.policy.terms import Terms, format_time, parse_terms, parse_time
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Channel, ReplicaClass, UseType
from trustcore.policy.words import CONTENT

_LABELS: Final = {**{reader.path: reader.label for reader in READERS}, **MONEY}
_ON_END: Final = {
    "DESTROY": later("destroyed, with a certificate"),
    "RETURN": later("returned"),
    "VAULT": later("kept in the vault"),
    "KEEP": later("kept"),
}
_CONTROL: Final = {
    "TERMINATE": later("A change of studio owner ends it; the talent may stop it at any time"),
    "RECONSENT": later("A change of studio owner needs a new yes; the talent may stop it at any time"),
    "SURVIVE": later("A change of studio owner leaves it in force; the talent may stop it at any time"),
}
_LAYERS: Final = {"PIXEL": later("Hidden mark in picture"), "AUDIO": later("Hidden mark in sound")}
_EDITS: Final = ("FULL_WORK", "TRAILER", "CUTDOWN", "STILL", "LOCALISED_VERSION")
_RULES: Final = {
    "PROHIBITED": later("Never"),
    "APPROVAL_REQUIRED": later("Ask each time"),
    "ALLOWED": later("Allowed"),
}


class _Label:
    """The label that the difference engine uses in its sentences, with a capital, in the reader's language."""

    def __init__(self, label: str) -> None:
        self._label = label

    def __str__(self) -> str:
        text = core().say(self._label)
        return text[:1].upper() + text[1:]


def _codes(enumeration: type[StrEnum]) -> tuple[str, ...]:
    return tuple(str(one) for one in enumeration)


def _code_words(code: str) -> str:
    return words.lower_words(code).capitalize()


def _field(path: str, kind: Kind = Kind.TEXT, way: Way = Way.FREE, **further: Any) -> TermField:
    """A field whose label is the one of its sentence."""
    label: Any = further.pop("label", None) or _Label(_LABELS[path])
    further.setdefault("key", path.replace(".", "-"))
    further.setdefault("question", label)
    if kind is Kind.CHOICE or (kind is Kind.MEMBERS and "words" not in further):
        further.setdefault("words", _code_words)
    return TermField(path=path, kind=kind, way=way, label=label, **further)


def _of(table: Mapping[str, Any]) -> Any:
    def told(code: str) -> str:
        text = str(table.get(code, code))
        return text[:1].upper() + text[1:]

    return told


def _level_words(code: str) -> str:
    if code.isdigit():
        return _("Up to %(level)d of 5") % {"level": int(code)}
    return str(_RULES.get(code, code))


_N, _M, _P = Kind.NUMBER, Kind.MONEY, Kind.POINTS
_USES = tuple(str(one) for one in UseType if one not in TRAINING_USE_TYPES)
_PLAIN: Final = (
    # use
    _field("use_types", Kind.MEMBERS, Way.LOSES, key="use_types", group="use", main=True, words=words.use_words, codes=_USES, label=later("Uses"), question=later("Which uses stay"), limit=later("No use includes another")),
    _field("constructs", Kind.MEMBERS, Way.LOSES, group="use", words=lambda code: words.construct_words(code).capitalize()),
    _field("replica_class", Kind.CHOICE, Way.FIXED, group="use", codes=_codes(ReplicaClass)),
    _field("scope.sequences", Kind.NAMES, Way.WITHIN, group="use", optional=True, longest=128, label=later("Sequences"), limit=later("Empty: every sequence")),
    _field("scope.shots", Kind.NAMES, Way.WITHIN, group="use", optional=True, longest=128, main=True, label=later("Shots"), limit=later("Empty: every shot")),
    _field("scope.characters", Kind.NAMES, Way.WITHIN, group="use", optional=True, label=later("Characters"), limit=later("Empty: every character")),
    _field("description", Kind.TEXT, Way.FIXED, group="use", longest=8000, label=later("Description")),
    _field("script", Kind.SCRIPTS, Way.FIXED, group="use", optional=True, words=script_words, label=later("Script versions"), question=later("Which versions of the script it is rendered from")),
    _field("anchors", Kind.HASHES, Way.FIXED, group="use", optional=True, longest=71, words=hash_words, label=later("Reference assets"), question=later("SHA-256 of the files that alone may stand for the person"), limit=later("One a line. Empty: any file of this person that is licensed for it")),
    # when
    _field("window.days", _N, Way.FALLS, key="window_days", group="when", main=True, unit=later("days"), label=later("Days"), question=later("Days the licence lasts")),
    _field("window.not_before", Kind.DATE, Way.LATER, group="when", optional=True, limit=later("Empty: the day the licence is issued")),
    _field("window.production_end_event", Kind.TEXT, Way.FREE, group="when", optional=True),
    # shown
    _field("exploitation.channels", Kind.MEMBERS, Way.LOSES, key="channels", group="shown", main=True, words=words.channel_words, codes=_codes(Channel), label=later("Shown through"), question=later("Where the work may be shown")),
    _field("exploitation.until", Kind.DATE, Way.EARLIER, group="shown", optional=True),
    _field("exploitation.distribution_territory", Kind.PLACES, Way.LOSES, key="distribution_territory", group="shown", main=True, words=words.country, label=later("Shown in"), question=later("Countries the work may be shown in"), limit=later("Not: every other country")),
    _field("exploitation.edit_rights", Kind.NAMES, Way.LOSES, group="shown", words=_code_words, limit=later("FULL_WORK, TRAILER, CUTDOWN, STILL, LOCALISED_VERSION, or CLIP_MAX_SECONDS(30)")),
    # rendered
    _field("render_territory", Kind.PLACES, Way.LOSES, key="render_territory", group="rendered", main=True, words=words.country, label=later("Rendered in"), question=later("Countries whose machines may render"), limit=later("Not: every other country")),
    _field("vendors", Kind.MEMBERS, Way.LOSES, key="vendors", group="rendered", main=True, optional=True, words=str, label=later("Vendors"), question=later("Who may work on it")),
    _field("tools.models_allowed", Kind.NAMES, Way.WITHIN, group="rendered", optional=True, longest=128, label=later("Models that may be used"), limit=later("Empty: every model that is not ruled out")),
    _field("tools.models_denied", Kind.NAMES, Way.GAINS, group="rendered", optional=True, longest=128),
    _field("tools.engines", Kind.NAMES, Way.WITHIN, group="rendered", optional=True, longest=128, label=later("Rendering engines"), limit=later("Empty: every engine")),
    # quotas
    _field("scope.frames_max", _N, Way.FALLS, key="frames_max", group="quotas", main=True, unit=later("frames"), label=later("Frames"), question=later("Frames in all")),
    _field("scope.lines_max", _N, Way.FALLS, key="lines_max", group="quotas", unit=later("lines"), label=later("Voice lines"), question=later("Lines in all"), limit=later("Spoken lines, each one counted")),
    _field("scope.words_max", _N, Way.FALLS, group="quotas", optional=True, limit=later("All lines together; looked at in each check")),
    _field("scope.seconds_max", _N, Way.FALLS, group="quotas"),
    _field("scope.max_screen_seconds", _N, Way.FALLS, group="quotas", optional=True, limit=later("Seconds of the finished work at 24 frames; looked at in each check")),
    _field("scope.runs_max", _N, Way.FALLS, group="quotas"),
    _field("scope.resolution_max", Kind.TEXT, Way.STRICTER, group="quotas", optional=True, longest=11),
    # exclusive
    _field("exclusivity.kind", Kind.CHOICE, Way.STRICTER, group="exclusive", main=True, codes=_codes(clauses.Exclusivity)),
    _field("exclusivity.categories", Kind.NAMES, Way.LOSES, group="exclusive", optional=True),
    _field("exclusivity.territory", Kind.PLACES, Way.WITHIN, group="exclusive", optional=True, words=words.country),
    _field("exclusivity.until", Kind.DATE, Way.EARLIER, group="exclusive", optional=True),
    _field("exclusivity.most_favoured_nation", Kind.FLAG, group="exclusive"),
    # money
    _field("compensation.basis", Kind.CHOICE, group="money", codes=_codes(clauses.PayBasis)),
    _field("compensation.currency", Kind.TEXT, group="money", longest=3),
    _field("compensation.amount_minor", _M, group="money", main=True),
    _field("compensation.scale_multiple_bps", _P, group="money", optional=True, unit="%"),
    _field("compensation.share_bps", _P, group="money", optional=True, unit="%"),
    _field("compensation.use_fee_minor", _M, group="money", optional=True),
    _field("compensation.holding_fee_minor", _M, group="money", optional=True),
    _field("compensation.overage_rate_minor", _M, group="money"),
    _field("compensation.minimum_guarantee_minor", _M, group="money"),
    _field("compensation.kill_fee_minor", _M, group="money"),
    _field("compensation.scale_reference", group="money", optional=True),
    _field("compensation.equivalent_days_estimated", _N, group="money", optional=True),
    _field("compensation.equivalent_days_method", group="money", optional=True),
    _field("compensation.equivalent_days_author", group="money", optional=True),
    _field("compensation.equivalent_days_dated", Kind.DATE, group="money", optional=True),
    _field("compensation.pension_health_bps", _P, group="money", unit="%"),
    _field("compensation.agent_commission_bps", _P, group="money", unit="%"),
    _field("compensation.residuals", Kind.FLAG, group="money"),
    _field("compensation.due", group="money", optional=True),
    _field("compensation.late_terms", group="money", optional=True),
    _field("compensation.audit_rights", group="money", optional=True),
    _field("compensation.tax_withholding_bps", _P, group="money", optional=True, unit="%"),
    # review
    _field("approvals.final_review_hours", _N, Way.RISES, key="final_review_hours", group="review", main=True, unit=later("hours"), label=later("Final review"), question=later("Hours you have to see the final shots"), limit=later("Hours to see the final shots before they leave the studio")),
    _field("approvals.checkpoints", Kind.MEMBERS, Way.GAINS, group="review", main=True, optional=True, codes=_codes(clauses.Checkpoint), limit=later("When the work comes back before it goes on")),
    _field("marking.watermark", Kind.MEMBERS, Way.GAINS, group="review", main=True, optional=True, codes=_codes(clauses.MarkLayer), words=_of(_LAYERS), limit=later("On every output, checked before it leaves")),
    _field("marking.c2pa", Kind.FLAG, Way.STRICTER, group="review"),
    _field("marking.visible_label", Kind.CHOICE, Way.STRICTER, group="review", codes=_codes(clauses.VisibleLabel)),
    _field("marking.iptc", group="review", optional=True, longest=128),
    _field("credit", group="review", optional=True),
    _field("reporting.cadence", Kind.CHOICE, group="review", main=True, codes=_codes(clauses.ReportCadence)),
    _field("reporting.to", Kind.MEMBERS, group="review", optional=True, codes=_codes(clauses.ReportReader)),
    # ends
    _field("change_of_control", Kind.CHOICE, Way.STRICTER, group="ends", main=True, codes=_codes(clauses.ChangeOfControl), words=_of(_CONTROL), label=later("Ends or pauses it")),
    _field("assignability", Kind.CHOICE, Way.STRICTER, group="ends", main=True, codes=_codes(clauses.Assignability)),
    _field("retention.scan", Kind.CHOICE, Way.STRICTER, group="ends", main=True, codes=_codes(clauses.OnEnd), words=_of(_ON_END), label=later("Scans afterwards")),
    _field("retention.replica_model", Kind.CHOICE, Way.STRICTER, group="ends", main=True, codes=_codes(clauses.OnEnd), words=_of(_ON_END), label=later("The replica afterwards")),
    _field("retention.outputs", Kind.CHOICE, Way.STRICTER, group="ends", codes=_codes(clauses.OnEnd), words=_of(_ON_END), label=later("Outputs afterwards")),
    _field("retention.on_end", Kind.CHOICE, Way.STRICTER, group="ends", codes=_codes(clauses.OnEnd), words=_of(_ON_END), label=later("All other material afterwards")),
    _field("security.storage_class", group="ends", optional=True, longest=128),
    _field("security.encryption", group="ends", optional=True, longest=128),
    _field("security.tpn_level", group="ends", optional=True, longest=128),
    _field("renewal.terms", Kind.CHOICE, group="ends", codes=_codes(clauses.RenewalTerms)),
    _field("renewal.notify_days_before", Kind.NAMES, group="ends", optional=True, longest=5, limit=later("Days before the end, as 30, 14, 7, 1")),
    _field("governing_law", Kind.TEXT, Way.FIXED, group="ends", longest=16),
    _field("dispute", group="ends", optional=True),
)  # fmt: skip


def _switches() -> Iterator[TermField]:
    for name in (*clauses.PROHIBITED_CONTENT, *clauses.NEGOTIABLE_CONTENT):
        closed = name in clauses.NEVER_CHANGEABLE_CONTENT
        levels = tuple(str(level) for level in range(6)) if name in clauses.LEVELLED_CONTENT else ()
        yield TermField(
            key=f"content-{name}", path=f"content.{name}", label=_Label(CONTENT[name]),  # type: ignore[arg-type]
            kind=Kind.CHOICE, way=Way.FIXED if closed else Way.STRICTER, group="content",
            codes=(*_codes(clauses.ContentRule), *levels), words=_level_words,
        )  # fmt: skip
    for system, grades in clauses.RATINGS.items():
        label: Any = _Ceiling(str(system))
        yield TermField(
            key=f"ratings-{system}", path=f"ratings.{system}", label=label, kind=Kind.CHOICE,
            way=Way.STRICTER, group="content", codes=grades,
        )  # fmt: skip


class _Ceiling(_Label):
    def __str__(self) -> str:
        return _("At most, by %(system)s") % {"system": self._label}


def _declarations() -> Iterator[TermField]:
    """What a licensee declares; labelled as where it is first asked for."""
    flags = {"struck_work", "consent_written", "brand_approved", "recognisable", "prompt_names_performer"}
    codes = {"consent_form": _codes(clauses.ConsentForm), "represented_by": _codes(clauses.Counsel)}
    for name in (
        "consent_form", "represented_by", "counsel_name", "bargaining_agreement", "purpose", "scan_reason",
        "value_justification", "deletion", "union_notice_at", "authority_ref", "exemption", "rider_id", "advertiser",
        "product_line", "product_category", "ad_id", "provider", "tool_record", *sorted(flags),
    ):  # fmt: skip
        kind = Kind.FLAG if name in flags else Kind.CHOICE if name in codes else Kind.TEXT
        label: Any = ComposeForm.base_fields[name].label
        yield TermField(
            key=f"declared-{name}", path=f"declared.{name}", label=label, kind=kind, way=Way.FIXED,
            group="declared", codes=codes.get(name, ()), words=_code_words if name in codes else str,
            optional=name not in flags, longest=2000,
        )  # fmt: skip


FIELDS: Final[Mapping[str, TermField]] = {one.key: one for one in (*_PLAIN, *_switches(), *_declarations())}
KEY_OF: Final[Mapping[str, str]] = {
    **{one.path: one.key for one in FIELDS.values()},
    "window": "window_days",
    "window.not_after": "window_days",
}
"""The row that a path of the terms belongs to."""


def may_change(field: TermField, *, answers: bool) -> bool:
    """Whether the side that answers (else: the side that asks) changes this field at all."""
    if field.path in {f"content.{name}" for name in clauses.NEVER_CHANGEABLE_CONTENT}:
        return False
    return not answers or field.way is not Way.FIXED


def with_values(terms: Terms, values: Mapping[str, Value], *, answers: bool = True) -> Terms:
    """Return ``terms`` with the named fields set; a window that an answer moves keeps its last day.

    Raises:
        InvalidTerms: the result contradicts itself.
    """
    body = terms.to_dict()
    for key, value in values.items():
        group: Any = body
        *groups, name = FIELDS[key].path.split(".")
        for one in groups:
            group = group.setdefault(one, {})
        group[name] = FIELDS[key].plain(value)
    if "window_days" in values or "window-not_before" in values:
        _move_window(body["window"], terms, answers=answers)
    return parse_terms(body)


def _move_window(window: dict[str, Any], terms: Terms, *, answers: bool) -> None:
    if window["not_before"] is None:
        window["not_after"] = None
        return
    begins = parse_time(window["not_before"])
    ends = begins + timedelta(days=int(window["days"]))
    if answers and terms.window.not_after is not None:
        ends = min(ends, parse_time(terms.window.not_after))
    window["not_after"], window["days"] = format_time(ends), None


def read_value(
    field: TermField, typed: list[str], terms: Terms, *, answers: bool = True, currency: str = ""
) -> Value:
    """The value that a form sent, if this side may choose it.

    Args:
        currency: that an amount is written in; empty: the one of the terms.

    Raises:
        InvalidInput: ``VALUE_INVALID``: the sentence says what could be chosen.
        InvalidTerms: the terms would contradict themselves.
    """
    asked = field.value_of(terms)
    value = field.read(typed, currency or terms.compensation.currency)
    if field.path == "window.days" and value == 0:
        raise InvalidInput("VALUE_INVALID", _("A licence lasts at least one day."))
    if not answers:
        with_values(terms, {field.key: value}, answers=False)
        return value
    is_ticked = field.way is Way.LOSES and field.kind is not Kind.NAMES
    if is_ticked and isinstance(value, tuple) and isinstance(asked, tuple) and set(value) - set(asked):
        raise InvalidInput("VALUE_INVALID", _("You can only take members out of what they ask."))
    if isinstance(value, int) and isinstance(asked, int) and not isinstance(value, bool):
        _require_number(field, value, asked)
    if widenings(terms, with_values(terms, {field.key: value})):
        raise InvalidInput("VALUE_INVALID", bound(field, terms, answers=True))
    return value


def _require_number(field: TermField, value: int, asked: int) -> None:
    if field.way is Way.FALLS and value > asked:
        raise InvalidInput(
            "VALUE_INVALID",
            _("Enter a number up to %(most)s. You can only narrow what they ask.") % {"most": figure(asked)},
        )
    if field.way is Way.RISES and not asked <= value <= 8760:
        raise InvalidInput(
            "VALUE_INVALID",
            _("Enter a number from %(least)s to %(most)s.") % {"least": figure(asked), "most": figure(8760)},
        )


def choices(field: TermField, terms: Terms, *, answers: bool = True) -> tuple[str, ...]:
    """The codes that this side may choose, the present one among them."""
    asked = field.value_of(terms)
    if field.kind is Kind.MEMBERS:
        kept = asked if isinstance(asked, tuple) else ()
        if field.way is Way.LOSES and (answers or not field.codes):
            return kept  # who asks may add vendors, too: by name, in a field of its own
        return field.codes
    if not answers:
        return field.codes
    return tuple(code for code in field.codes if code == asked or _narrows(field, terms, code))


def _narrows(field: TermField, terms: Terms, code: str) -> bool:
    try:
        return not widenings(terms, with_values(terms, {field.key: code}))
    except InvalidTerms:
        return False


def bound(field: TermField, terms: Terms, *, answers: bool) -> str:
    """What bounds a change, in one sentence, as the form states it."""
    if not answers:
        return _("They answer anew. What was approved before counts no more.")
    asked = field.value_of(terms)
    if field.way is Way.FALLS:
        if asked is None:
            return _("They name no limit. Name one.")
        return _("At most %(number)s, what they ask. You can only narrow.") % {
            "number": figure(int(str(asked)))
        }
    if field.way is Way.RISES:
        return _("At least %(number)s, what they ask.") % {"number": figure(int(str(asked)))}
    return str(BOUNDS[field.way])


def in_group(group: str) -> Iterable[TermField]:
    """The fields of a group, in their order."""
    return (one for one in FIELDS.values() if one.group == group)
