"""Material for training in words: states, rights, risk, and every reason of the gate with what can be done about it."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.grants import Grant
from agents_portal.words import Badge, country, figure, later, lower_words, spelled
from common import clock
from training.models import Review, RightsException, RightsRecord, SourceClass
from training.selectors.rights import Standing
from training.vocabulary import (
    AssetState,
    CheckWord,
    CollectionMethod,
    LicenceClass,
    MediaKind,
    Outcome,
    SourceType,
)

DIMENSIONS: Final = {
    "type": later("Source type"),
    "licence": later("Licence class"),
    "platform": later("Platform"),
    "geography": later("Geography"),
    "purpose": later("Business purpose"),
}
CHECKS: Final = {
    "terms_of_service": later("Terms of service"),
    "copyright": later("Copyright"),
    "robots": later("Robots file"),
    "contract": later("Contracts"),
    "platform_rules": later("Rules of the platform"),
}
STATES: Final[dict[str, Badge]] = {
    AssetState.ADMITTED: Badge("circle-check", later("Admitted"), "permit"),
    AssetState.ISOLATED: Badge("circle-pause", later("Isolated"), "unsure"),
    AssetState.REFUSED: Badge("octagon-x", later("Refused"), "deny"),
    AssetState.REMOVED: Badge("circle-minus", later("Removed"), "absent"),
}
OUTCOMES: Final[dict[str, Badge]] = {
    Outcome.ADMIT: Badge("circle-check", later("Admitted"), "permit"),
    Outcome.ISOLATE: Badge("circle-pause", later("Isolated"), "unsure"),
    Outcome.REFUSE: Badge("octagon-x", later("Refused"), "deny"),
}
_CHECK_BADGES: Final = {
    CheckWord.CLEAR: Badge("circle-check", later("Clear"), "permit"),
    CheckWord.UNKNOWN: Badge("circle-question-mark", later("Not known"), "unsure"),
    CheckWord.REFUSED: Badge("ban", later("Not permitted"), "deny"),
}


class Why(NamedTuple):
    """A reason of the gate: what it found, and what would have to change."""

    found: str
    remedy: str = ""


REASONS: Final[dict[str, Why]] = {
    "PROVENANCE_INCOMPLETE": Why(later("It is not recorded where it comes from"), later("Capture what its kind demands and ask again.")),
    "LICENCE_MISSING": Why(later("No licence is recorded for its source"), later("Record the rights first. Public is not permitted.")),
    "LICENCE_EXPIRED": Why(later("The licence has run out"), later("A renewed licence is recorded as a new version.")),
    "LICENCE_REVOKED": Why(later("The rights have ended"), later("Nothing lifts this. What came of it is a matter for a takedown.")),
    "TRAINING_NOT_PERMITTED": Why(later("The licence does not permit training"), later("Only its holder can grant that.")),
    "COLLECTION_NOT_PERMITTED": Why(later("Its collection is not permitted there"), later("A check said no: terms, copyright, robots file, contract or rules.")),
    "DOMAIN_BLOCKED": Why(later("Nothing is taken from this domain"), later("Counsel blocked it.")),
    "RULES_LICENCE_CLASS": Why(later("Counsel does not accept this class of licence"), later("Only counsel changes the house’s rules.")),
    "RULES_SOURCE_TYPE": Why(later("Counsel prohibits sources of this type"), later("Only counsel changes the house’s rules.")),
    "RULES_METHOD": Why(later("Counsel prohibits this way of collecting"), later("Only counsel changes the house’s rules.")),
    "RULES_TERRITORY": Why(later("Counsel’s rules do not permit this territory"), later("Only counsel changes the house’s rules.")),
    "SOURCE_CLASS_STOPPED": Why(later("Its class of sources is stopped"), later("Counsel opens the class again, or not.")),
    "TERRITORY_NOT_PERMITTED": Why(later("The licence does not hold in that country")),
    "CHECKSUM_MISMATCH": Why(later("The bytes are not the ones that were announced"), later("Fetch them again and compare.")),
    "FILE_UNREADABLE": Why(later("The file cannot be read")),
    "EXACT_DUPLICATE": Why(later("The house holds the very same bytes already")),
    "RIGHTS_UNCLEAR": Why(later("One of the checks is not answered"), later("Somebody has to find out, or counsel signs an exception.")),
    "SOURCE_CLASS_NOT_ALLOWED": Why(later("Its class of sources is not on the allow list"), later("A person decides about each.")),
    "NEAR_DUPLICATE": Why(later("It resembles something the house holds"), later("Look at both: a second right may be needed.")),
    "TRAINING_REFUSED_IN_FILE": Why(later("The file itself says: not for training"), later("Its Content Credentials refuse it.")),
    "OUTPUT_MARKED": Why(later("It carries a mark of this server"), later("An output, made under somebody’s licence to render. Training needs its own.")),
    "MARKS_UNREAD": Why(later("Whether it carries a mark could not be read"), later("Look at it, or hand it in again.")),
    "SCRIPT_TRAINING_NOT_GRANTED": Why(later("A registered script is in it"), later("Who keeps the script grants training with it, or it stays out. No exception lifts this.")),
    "SCRIPT_UNREAD": Why(later("Whether a registered script is in it could not be read"), later("Look at it, or hand it in again as plain text.")),
    "FLAGGED_PERSONAL": Why(later("A face or personal data may be in it"), later("A likeness needs its own training licence.")),
    "FLAGGED_UNSAFE": Why(later("Unsafe content may be in it"), later("A person looks at it before anything is made of it.")),
    "FRAMES_REPEAT": Why(later("Most of its pictures are the same one"), later("Nothing is learnt from a picture that stands still.")),
    "LOW_QUALITY": Why(later("It is blurred or damaged")),
    "CONTRACT_SOURCE_TYPE": Why(later("The contract of its class does not allow this source type")),
    "CONTRACT_LICENCE_CLASS": Why(later("The contract of its class does not accept this licence")),
    "CONTRACT_REGION": Why(later("The contract of its class does not hold in that country")),
    "CONTRACT_BUSINESS_UNIT": Why(later("The contract of its class is not for this business unit")),
    "CONTRACT_CONTENT": Why(later("The contract of its class prohibits what is in it"), later("Nothing lifts this.")),
    "CONTRACT_METADATA_MISSING": Why(later("A field that the contract of its class demands is missing"), later("Capture it and ask again.")),
    "CONTRACT_METADATA_INVALID": Why(later("A field is not as the contract of its class demands"), later("Correct it and ask again.")),
    "CONTRACT_SAMPLED_OUT": Why(later("The sample of the contract does not take it"), later("The same bytes get the same answer every time.")),
    "CONTRACT_RETENTION_OVER": Why(later("It is older than the contract of its class keeps it")),
    "CONTRACT_SCAN_LATE": Why(later("It waited for its scan longer than the contract allows"), later("A person decides.")),
    "CONTRACT_MISSING": Why(later("Its class has lost its contract"), later("A person decides until another contract is in force.")),
    "POLICY_ERROR": Why(later("A rule could not be evaluated, so it was refused"), later("An engineer has to look at the policy.")),
    "NO_RIGHTS_BASIS": Why(later("No rule permits it"), later("What no rule permits is excluded.")),
    "RULE_WITHOUT_NAME": Why(later("A rule without a name stopped it"), later("An engineer has to name the rule.")),
}  # fmt: skip
BANDS: Final = (
    (75, 3, later("Very high")),
    (50, 2, later("High")),
    (25, 1, later("Moderate")),
    (0, 0, later("Low")),
)
"""From which score on a risk has which shade and word; the score goes from 0 to 100."""


class Risk(NamedTuple):
    """A score with its shade (0 to 3) and its word."""

    score: int
    shade: int
    words: str


class Line(NamedTuple):
    """A code with its words."""

    code: str
    found: str
    remedy: str


def risk(score: int | None) -> Risk | None:
    """A score as it is shown; None where nothing was collected."""
    if score is None:
        return None
    shade, words = next((shade, words) for least, shade, words in BANDS if score >= least)
    return Risk(score, shade, str(words))


def why(codes: Iterable[str]) -> list[Line]:
    """Every reason in words, with its code."""
    found = [(code, REASONS.get(code, Why(lower_words(code).capitalize()))) for code in codes]
    return [Line(code, str(one.found), str(one.remedy)) for code, one in found]


def bucket_words(by: str, value: str) -> str:
    """What a bucket is called."""
    if not value:
        return {"licence": _("No rights record"), "geography": _("Not said")}.get(by, _("Not said"))
    match by:
        case "type":
            return str(SourceType(value).label)
        case "licence":
            return str(LicenceClass(value).label)
        case "geography":
            return country(value)
    return value


def method_words(method: str) -> str:
    """How bytes were fetched."""
    return str(CollectionMethod(method).label)


def kind_words(kind: str) -> str:
    """What an asset is; a kind that is none is shown as it was said."""
    return str(MediaKind(kind).label) if kind in MediaKind.values else lower_words(kind)


KIND_ICONS: Final[dict[str, str]] = {
    MediaKind.VIDEO: "film",
    MediaKind.IMAGE: "image",
    MediaKind.AUDIO: "mic",
    MediaKind.TEXT: "file-text",
}


def class_badge(kind: SourceClass) -> Badge:
    """Whether a class is open, on the allow list, or stopped."""
    if kind.stopped_at is not None:
        return Badge("octagon-x", _("Stopped"), "deny")
    if kind.is_allowed:
        return Badge("circle-check", _("Allowed"), "permit")
    return Badge("eye", _("Each one is reviewed"), "unsure")


def rights_badge(held: Standing | None) -> Badge:
    """How the rights of a source stand."""
    if held is None:
        return Badge("ban", _("No rights record"), "deny")
    if held.is_ended:
        return Badge("circle-x", _("Ended"), "deny")
    if held.is_expired:
        return Badge("calendar-x", _("Run out"), "deny")
    return _in_force(held.rights)


def _in_force(rights: RightsRecord) -> Badge:
    if not rights.may_train:
        return Badge("ban", _("Not for training"), "deny")
    if rights.expires_at is not None and (days := (rights.expires_at - clock.now()).days) < 30:
        words = ngettext("Ends in %(n)s day", "Ends in %(n)s days", days) % {"n": figure(days)}
        return Badge("clock-alert", words if days else _("Ends within a day"), "expire")
    return Badge("circle-check", _("In force"), "permit")


def check_lines(rights: RightsRecord) -> list[tuple[Badge, str]]:
    """What the collection was checked against, the open ones first."""
    found = [
        (_CHECK_BADGES[CheckWord(word)], str(CHECKS.get(name, name))) for name, word in rights.checks.items()
    ]
    return sorted(found, key=lambda pair: (pair[0].tone == "permit", pair[1]))


class Columns(NamedTuple):
    """What is granted of a source and what is not: for the part ``grants.html``."""

    granted: tuple[Grant, ...]
    not_granted: tuple[Grant, ...]
    count_words: str


def columns(held: Standing) -> Columns:
    """Both columns; what is over grants nothing, and training is the first line of either."""
    rights, is_over = held.rights, not held.is_in_force
    told = (
        (rights.may_train, Grant(_("Train a model with it"))),
        (rights.may_derive, Grant(_("Make derivatives of it"), _("Crop, resize, transcribe, sample."))),
        (rights.may_redistribute, Grant(_("Hand the material on"))),
    )
    yes = [grant for is_granted, grant in told if is_granted and not is_over]
    no = [grant for is_granted, grant in told if not is_granted or is_over]
    number = len(yes)
    places = ", ".join(country(code) for code in rights.territories[:6])
    if len(rights.territories) > 6:
        further = len(rights.territories) - 6
        places += " " + ngettext("and %(n)s more", "and %(n)s more", further) % {"n": figure(further)}
    if yes:
        yes.append(Grant(_("In these places"), places))
        no.append(Grant(_("In any other place")))
    else:
        yes.append(Grant(_("Nothing"), _("What was granted is over.") if is_over else ""))
    no += [Grant(text, _("Restriction of the licence")) for text in rights.restrictions]
    words = ngettext("%(n)s use", "%(n)s uses", number) % {"n": spelled(number)} if number else _("nothing")
    return Columns(tuple(yes), tuple(no), words)


def exception_badge(one: RightsException) -> Badge:
    """How an exception stands; a review that is overdue is said before everything else that holds."""
    now = clock.now()
    if one.ended_at is not None:
        return Badge("circle-x", _("Ended"))
    if one.ends_at <= now:
        return Badge("calendar-x", _("Over"))
    if one.signed_at is None:
        return Badge("signature", _("Waits for counsel"), "yours")
    if one.review_on < now.date():
        return Badge("clock-alert", _("Review is overdue"), "expire")
    return Badge("circle-check", _("In force"), "permit")


def review_badge(one: Review) -> Badge:
    """How a review stands."""
    if one.answer == Review.Answer.ADMIT:
        return Badge("circle-check", _("Admitted by a person"), "permit")
    if one.answer == Review.Answer.REFUSE:
        return Badge("octagon-x", _("Refused by a person"), "deny")
    if one.due_at <= clock.now():
        return Badge("clock-alert", _("Overdue"), "expire")
    return Badge("hourglass", _("Waits for a person"))


FACTS: Final = {
    "has_provenance": later("Provenance is complete"), "has_rights": later("A rights record exists"),
    "has_licence_claim": later("A licence is claimed"), "rights_in_force": later("The rights are in force"),
    "rights_expired": later("The licence has run out"), "rights_ended": later("The rights were ended"),
    "may_train": later("May be trained on"), "may_derive": later("May be derived from"),
    "may_redistribute": later("May be handed on"), "checks_refused": later("A check said no"),
    "checks_unknown": later("A check is not answered"), "domain": later("Domain"),
    "domain_blocked": later("The domain is blocked"), "class_code": later("Class of sources"),
    "class_allowed": later("The class is on the allow list"), "class_stopped": later("The class is stopped"),
    "source_type": later("Source type"), "licence_class": later("Licence class"), "territory": later("Country of use"),
    "territory_permitted": later("The licence holds there"), "method": later("Collected by"), "kind": later("Kind"),
    "media_type": later("Media type"), "size_bytes": later("Size in bytes"), "business_unit": later("Business unit"),
    "retention_days": later("Days it may be kept"), "content": later("Content"), "flags": later("Flags"),
    "excepted": later("Lifted by an exception"), "talent_licensed": later("A talent licensed it"),
    "checksum_wrong": later("The checksum is wrong"), "unreadable": later("The file cannot be read"),
    "exact_duplicate": later("The same bytes are held"), "near_duplicate": later("It resembles what is held"),
    "credentials_refuse": later("The file refuses training"), "low_quality": later("Blurred or damaged"),
    "sampled_out": later("Drawn for a sample"),
}  # fmt: skip


def fact_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What the gate looked at, in words and in one order; a fact without words is shown under its own name."""
    known = [name for name in FACTS if name in facts]
    named = [*known, *(name for name in facts if name not in FACTS)]
    return [
        (str(FACTS.get(name, name)), _in_words(name, facts[name]))
        for name in named
        if facts[name] not in ("", [])
    ]


def told_lines(told: dict[str, Any]) -> list[tuple[str, str]]:
    """What was captured or found, a name and a value each; what is empty is left out."""
    return [
        (name.replace("_", " "), _said(value))
        for name, value in told.items()
        if value not in ("", [], {}, None)
    ]


_WORDS_OF: Final[dict[str, dict[str, Any]]] = {
    "kind": dict(MediaKind.choices),
    "method": dict(CollectionMethod.choices),
    "source_type": dict(SourceType.choices),
    "licence_class": dict(LicenceClass.choices),
}


def _in_words(name: str, value: Any) -> str:
    words = _WORDS_OF.get(name, {})
    return str(words[value]) if isinstance(value, str) and value in words else _said(value)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(one)}" for name, one in value.items())
    return ", ".join(map(_said, value)) if isinstance(value, list) else str(value)
