"""An incident in words: how it stands, what the server knows of it, what an entry says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents_portal.words import Badge, and_list, construct_words, use_words
from common.dates import date_words
from common.language import figure
from compliance.incidents.models import Evidence, Incident
from compliance.incidents.selectors import EntryLine

_BADGES: Final = {
    "OPEN": ("circle-dot", gettext_lazy("Open"), "yours"),
    "NOTICE_SENT": ("send", gettext_lazy("Notice sent"), "expire"),
    "ANSWERED": ("reply", gettext_lazy("Answered"), "yours"),
    "RESOLVED": ("circle-check", gettext_lazy("Resolved"), "permit"),
    "DISMISSED": ("circle-minus", gettext_lazy("Dismissed"), ""),
}
_TITLES: Final = {
    "RECORDED": ("pencil", gettext_lazy("Recorded")),
    "EVIDENCE": ("fingerprint", gettext_lazy("Evidence added")),
    "NOTE": ("message-circle", gettext_lazy("Note")),
    "NOTICE": ("send", gettext_lazy("Notice sent")),
    "ANSWER": ("reply", gettext_lazy("Answer received")),
    "STATE": ("history", gettext_lazy("State changed")),
    "LICENCES": ("file-check", gettext_lazy("What is licensed")),
    "READING": ("search-check", gettext_lazy("Marks in a file")),
}
EVIDENCE_KINDS: Final = {
    "FOUND": gettext_lazy("What was found"),
    "CAPTURE": gettext_lazy("How it was seen"),
    "DOCUMENT": gettext_lazy("Letter"),
}


@dataclass(frozen=True)
class Said:
    """An entry as a person reads it: lines in the system's voice, and what somebody wrote."""

    line: EntryLine
    icon: str
    title: str
    facts: tuple[str, ...]
    quoted: str
    is_last: bool = False


@dataclass(frozen=True)
class File:
    """A file of evidence and what its marks say."""

    row: Evidence
    kind: str
    badge: Badge
    can_be_read: bool


def state_badge(state: str) -> Badge:
    """The badge of a state."""
    icon, words, tone = _BADGES[state]
    return Badge(icon, str(words), tone)


def likeness_of(incident: Incident) -> str:
    """What of the person was seen: ``face scan and speaking voice``."""
    return and_list([construct_words(one) for one in incident.constructs])


def uses_of(incident: Incident) -> str:
    """What seems to have been made."""
    return and_list([use_words(one).lower() for one in incident.use_types])


def licence_sentence(body: dict[str, Any]) -> str:
    """What was in force, as facts; never that a use was or was not made under it."""
    then, known, training = body["in_force_then"], body["known"], body["training_in_force_then"]
    if not known and not training:
        return _("This server knows no licence of this likeness, then or since.")
    if not then and not training:
        return ngettext(
            "No licence of this likeness was in force when it was seen. %(n)s is known of another time.",
            "No licence of this likeness was in force when it was seen. %(n)s are known of other times.",
            known,
        ) % {"n": known}
    both, such = then + training, body["grant_such_a_use_then"]
    told = ngettext(
        "%(n)s licence of this likeness was in force when it was seen.",
        "%(n)s licences of this likeness were in force when it was seen.",
        both,
    ) % {"n": both}
    if such is not None:
        told += " " + ngettext(
            "%(n)s of them grants such a use.", "%(n)s of them grant such a use.", such
        ) % {"n": such}
    return told + " " + _("Whether this was made under one is not known from that.")


def reading_badge(body: dict[str, Any]) -> Badge:
    """What the marks of a file say, as evidence is worded everywhere."""
    status = body["watermark"]["status"]
    if body["error"] or status is None:
        return Badge("circle-question-mark", _("Could not be read"), "unsure")
    if status == "present":
        return Badge("circle-check", _("Found"), "permit")
    if status == "uncertain":
        return Badge("circle-question-mark", _("Cannot tell"), "unsure")
    return Badge("circle-dashed", _("Absent"))


def reading_sentence(line: EntryLine) -> str:
    """What a reading shows, and what it does not."""
    body = line.told
    status = body["watermark"]["status"]
    if body["error"] or status is None:
        return _("The file could not be read for marks. Nothing is claimed.")
    if status == "uncertain":
        return _("It cannot be told whether the file carries a mark of this server. Nothing is claimed.")
    if status != "present":
        return _("No mark of this server was found. That does not show where the file comes from.")
    if not body["is_registered"]:
        return _("A mark was found that this server did not register.")
    if line.details is None:
        return _("A mark of this server was found. What it leads to is not shared with you.")
    licences = line.details["licences"]
    receipts = sum(one["receipts"] for one in licences)
    return ngettext(
        "A mark of this server was found. It leads to an output under %(n)s licence, with %(receipts)s receipts.",
        "A mark of this server was found. It leads to an output under %(n)s licences, with %(receipts)s receipts.",
        len(licences),
    ) % {"n": len(licences), "receipts": figure(receipts)}


def said(lines: tuple[EntryLine, ...]) -> list[Said]:
    """Every entry in words, newest first."""
    found = []
    for line in reversed(lines):
        icon, title = _TITLES[line.entry.kind]
        facts, quoted = _words(line)
        found.append(Said(line, icon, str(title), tuple(one for one in facts if one), quoted))
    return found


def files_of(lines: tuple[EntryLine, ...], being_read: frozenset[Any], media: tuple[str, ...]) -> list[File]:
    """Every file with the newest word on its marks."""
    latest = {line.told["evidence"]: line.told for line in lines if line.entry.kind == "READING"}
    files = []
    for line in lines:
        row = line.evidence
        if row is None:
            continue
        can = row.media_type.startswith(media)
        if row.pk in being_read:
            badge = Badge("hourglass", _("Being read"))
        elif str(row.pk) in latest:
            badge = reading_badge(latest[str(row.pk)])
        else:
            badge = Badge("circle-minus", _("Not checked") if can else _("Carries none"))
        files.append(File(row, str(EVIDENCE_KINDS[row.kind]), badge, can and row.pk not in being_read))
    return files


def _words(line: EntryLine) -> tuple[list[str], str]:
    body, kind = line.told, line.entry.kind
    match kind:
        case "RECORDED":
            return [_("The file begins here.")], ""
        case "EVIDENCE":
            return [f"{body['file_name']} ({body['media_type']})"], ""
        case "NOTICE":
            return [
                _("To %(who)s, %(when)s") % {"who": body["sent_to"], "when": _day(body["sent_at"])},
                _("Under %(law)s") % {"law": body["law"]},
                _("By %(way)s") % {"way": body["sent_by"]} if body["sent_by"] else "",
                _enclosed(body["evidence"]),
            ], body["text"]
        case "ANSWER":
            return [
                _("From %(who)s, %(when)s")
                % {"who": body["received_from"], "when": _day(body["received_at"])},
                _enclosed(body["evidence"]),
            ], body["text"]
        case "STATE":
            return [state_badge(body["after"]).words], body["reason"]
        case "LICENCES":
            return [licence_sentence(body)], ""
        case "READING":
            return [reading_sentence(line)], ""
    return [], body["text"]


def _enclosed(numbers: list[int]) -> str:
    return (
        _("With entries %(numbers)s") % {"numbers": and_list([str(one) for one in numbers])}
        if numbers
        else ""
    )


def _day(text: str) -> str:
    moment = parse_datetime(text)
    return f"{date_words(moment)}, {moment:%H:%M} UTC" if isinstance(moment, datetime) else text
