"""The facts of an incident in sentences, as plain text and as a page, for a letter's annex. No legal advice.

Everything that a person wrote is quoted as theirs. What the server knows is said as of a moment, and what it does
not show is said beside it. Both forms say the same, from one list.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.html import format_html, format_html_join

from compliance.incidents.models import IncidentEntry
from trustcore.bundle.incident import IncidentSummary
from trustcore.encoding import parse_json_strict
from trustcore.policy.words import CONSTRUCTS, USES, listed, plain


class Part(NamedTuple):
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


def statement_of(
    summary: IncidentSummary, entries: Sequence[IncidentEntry], told: frozenset[int]
) -> tuple[Part, ...]:
    """Say what the file holds, part by part.

    Args:
        told: entries whose details are inside.
    """
    return (
        Part(
            "Statement of facts",
            (
                f"Incident {summary.incident}, recorded {summary.recorded_at}.",
                f"Made {summary.created_at} for {summary.made_for} by {summary.generator} at {summary.issuer}.",
                "Times are UTC. This is a record of facts as they were written down.",
                "It is no legal advice and judges nobody.",
            ),
        ),
        Part("Whose likeness", (f"{summary.talent}: {_likeness(summary)}.",)),
        Part("What was seen", tuple(_seen(summary))),
        Part("What this server knows", tuple(_known(entries, told))),
        Part("Files of evidence", tuple(_files(entries)) or ("None was added.",)),
        Part("What happened since", tuple(_since(entries)) or ("Nothing was added.",)),
        Part("How it stands", (f"{plain(summary.state).capitalize()}.",)),
        Part(
            "What this does not show",
            (
                "That no licence of this server covers a use does not show that no contract of another kind does.",
                "That no mark was found does not show where a file comes from: marks wear away, and not all mark.",
                "That a mark was found shows which output carries it, not who published it.",
                "The server read none of the addresses that are named here.",
            ),
        ),
        Part(
            "How to check it",
            (
                "trustmark bundle verify FILE.zip",
                f"The last of {summary.entries} entries has the hash {summary.head}.",
            ),
        ),
    )


def as_text(parts: Sequence[Part]) -> str:
    """The statement as plain text."""
    blocks = []
    for part in parts:
        lines = "\n".join(f"  {line}" for one in part.lines for line in one.split("\n"))
        blocks.append(f"{part.title.upper()}\n{lines}\n")
    return "\n".join(blocks)


def as_page(parts: Sequence[Part]) -> str:
    """The statement as a page without any script, style or link; what people wrote is escaped."""
    body = format_html_join(
        "\n",
        "<section><h2>{}</h2>{}</section>",
        (
            (part.title, format_html_join("", "<p><bdi>{}</bdi></p>", ((line,) for line in part.lines)))
            for part in parts
        ),
    )
    return format_html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{}</title></head>\n<body>{}</body></html>\n',
        parts[0].title,
        body,
    )


def _likeness(summary: IncidentSummary) -> str:
    parts = listed([(CONSTRUCTS.get(one) or plain(one)).lower() for one in summary.constructs])
    uses = listed([(USES.get(one) or plain(one)).lower() for one in summary.use_types])
    return f"{parts}; seen as: {uses}" if uses else parts


def _seen(summary: IncidentSummary) -> list[str]:
    place = f"{summary.platform}, {summary.url}" if summary.url else summary.platform
    return [
        f"Seen {summary.seen_at} at {place}.",
        f"In the words of who recorded it: “{summary.description}”",
    ]


def _known(entries: Sequence[IncidentEntry], told: frozenset[int]) -> list[str]:
    lines = []
    for entry in entries:
        if entry.kind == "LICENCES":
            lines.append(_licences(entry.body))
            if entry.details is not None:
                where = (
                    f"data/details/{entry.number:04}.json"
                    if entry.number in told
                    else "withheld from this reader"
                )
                lines.append(f"Which licences they are: {where}.")
        elif entry.kind == "READING":
            lines.append(_reading(entry, told))
    return lines


def _licences(body: dict[str, Any]) -> str:
    then, now, such = body["in_force_then"], body["in_force_now"], body["grant_such_a_use_then"]
    known = f"As of {body['as_of']} this server knows {_counted(body['known'], 'licence')} of this likeness"
    if not then:
        when = f"none was in force when it was seen, {body['seen_at']}"
    else:
        verb = "was" if then == 1 else "were"
        of_them = (
            ""
            if such is None
            else f"; {such} of them {'grants' if such == 1 else 'grant'} a use as named above"
        )
        when = (
            f"{then} {verb} in force when it was seen, {body['seen_at']}{of_them}; whether what was seen was made "
            "under one is not known from that"
        )
    training = _counted(body["training_in_force_then"], "licence to train")
    return f"{known}: {when}; {now} in force now; {training} in force when it was seen."


def _reading(entry: IncidentEntry, told: frozenset[int]) -> str:
    body = entry.body
    name = f"File {body['sha256'][:16]}"
    known = " These very bytes are an output of this server." if body["bytes_known"] else ""
    status = body["watermark"]["status"]
    if body["error"] or status is None:
        return f"{name} could not be read for marks ({body['error']}). Nothing is claimed.{known}"
    chance = f"chance of error at most {body['watermark']['p_value']}"
    if status == "present" and body["is_registered"]:
        where = (
            f"what it leads to: data/details/{entry.number:04}.json"
            if entry.number in told
            else "what it leads to is withheld from this reader"
        )
        return f"{name} carries the mark {body['mark']} of this server ({chance}); {where}.{known}"
    if status == "present":
        return (
            f"{name} carries the mark {body['mark']} ({chance}), which this server did not register.{known}"
        )
    if status == "uncertain":
        return f"{name}: cannot tell whether it carries a mark of this server. Nothing is claimed.{known}"
    return f"{name}: no mark of this server was found.{known}"


def _files(entries: Sequence[IncidentEntry]) -> list[str]:
    return [
        f"{one.body['path']} ({one.body['media_type']}, {one.body['size_bytes']:,} bytes), sha256 {one.body['sha256']}"
        + (f", captured {one.body['captured_at']}" if one.body["captured_at"] else "")
        + (f", from {one.body['source_url']}" if one.body["source_url"] else "")
        + f"; added {_by(one)}; named “{one.body['file_name']}”"
        for one in entries
        if one.kind == "EVIDENCE"
    ]


def _since(entries: Sequence[IncidentEntry]) -> list[str]:
    lines = []
    for one in entries:
        body = one.body
        if one.kind == "NOTE":
            lines.append(f"Note, {_by(one)}: “{body['text']}”")
        elif one.kind == "NOTICE":
            how = f" by {body['sent_by']}" if body["sent_by"] else ""
            text = f": “{body['text']}”" if body["text"] else ""
            lines.append(
                f"Notice sent to “{body['sent_to']}” {body['sent_at']}{how}, under “{body['law']}”; noted {_by(one)}{text}"
            )
        elif one.kind == "ANSWER":
            lines.append(
                f"Answer from “{body['received_from']}” {body['received_at']}; noted {_by(one)}: “{body['text']}”"
            )
        elif one.kind == "STATE":
            lines.append(f"{plain(body['after']).capitalize()}, {_by(one)}: “{body['reason']}”")
    return lines


def _by(entry: IncidentEntry) -> str:
    """When and by whom, as the hashed line tells it."""
    line = parse_json_strict(bytes(entry.line))
    by = line["by"]
    return f"{line['at']} by {by['person']}, {by['organisation']}" if by else f"{line['at']} by the server"


def _counted(number: int, noun: str) -> str:
    one, _, rest = noun.partition(" ")
    many = f"{one}s {rest}".strip()
    return f"1 {noun}" if number == 1 else f"{number:,} {many}"
