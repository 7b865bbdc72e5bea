"""The audit trail: filtered, page by page, and taken along as CSV or JSON lines."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.selectors import people_of
from agents_portal import words
from agents_portal.access import PortalRequest, portal_page
from agents_portal.days import DayField
from agents_portal.downloads import as_download
from agents_portal.templatetags.portal import spoken
from agents_portal.words import and_list
from audit.models import Event
from audit.selectors import events_visible_to
from common import clock
from common.dates import day_words
from licensing.services import write_csv

_PAGE = 100
_CHUNK = 2000
_KINDS = (
    ("", gettext_lazy("Everything")),
    ("request", gettext_lazy("Requests")),
    ("licence", gettext_lazy("Licences")),
    ("mandate", gettext_lazy("Mandates")),
    ("agent", gettext_lazy("Absences")),
    ("talent", gettext_lazy("A talent’s own acts")),
    ("visibility", gettext_lazy("Who can see whom")),
    ("rule", gettext_lazy("Rules made in advance")),
    ("training", gettext_lazy("Training")),
    ("revocation", gettext_lazy("Acknowledgements")),
    ("event", gettext_lazy("Events")),
    ("production", gettext_lazy("Productions")),
    ("key", gettext_lazy("Keys")),
    ("bundle", gettext_lazy("Bundles")),
    ("incident", gettext_lazy("Incidents")),
)
_COLUMNS = ("number", "at", "kind", "person", "organisation", "object_type", "object_id", "production_id", "before_hash", "after_hash", "details")  # fmt: skip


class FilterForm(forms.Form):
    """Kind, person, object, days."""

    kind = forms.CharField(required=False, max_length=60)
    person = forms.UUIDField(required=False)
    object = forms.CharField(
        label=gettext_lazy("About, by its id"), required=False, max_length=64,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("To"), required=False)


@dataclass(frozen=True)
class _Names:
    """Who may be named to the reader: people of their own organisation."""

    mine: UUID
    people: dict[UUID, str]

    def of(self, event: Event) -> str:
        """The person behind an event; the other side's people stay unnamed: that it acted is enough."""
        if event.organisation_id != self.mine:
            return _("The other party") if event.organisation_id else _("The server")
        return self.people.get(event.person_id, "") if event.person_id else ""


@portal_page()
@require_GET
def audit_page(request: PortalRequest) -> HttpResponse:
    """List events, newest first; the filters are in the query, ``before`` goes on."""
    form = FilterForm(request.GET)
    rows, kept = _filtered(request, form)
    before = request.GET.get("before", "")
    if before.isdecimal() and before.isascii() and len(before) < 19:
        rows = rows.filter(number__lt=int(before))
    found = list(rows[: _PAGE + 1])
    shown = found[:_PAGE]
    names = _names(request, shown)
    address = reverse("portal-audit")
    lines = [_json_line(event, names) for event in shown]
    return render(
        request,
        "portal/audit.html",
        {
            "form": form,
            "rows": [
                {"event": event, "title": words.event_words(event.kind), "who": names.of(event), "facts": _facts(event.details)}
                for event in shown
            ],
            "kind": kept.get("kind", ""),
            "kinds": _KINDS,
            "people": people_of(request.principal.organisation),
            "person": kept.get("person", ""),
            "is_filtered": bool(kept),
            "more": f"{address}?{urlencode({**kept, 'before': shown[-1].number})}" if len(found) > _PAGE else "",
            "more_words": _("Earlier events"),
            "first": f"{address}?{urlencode(kept)}" if before else "",
            "csv": f"{reverse('portal-audit-csv')}?{urlencode(kept)}",
            "jsonl": f"{reverse('portal-audit-jsonl')}?{urlencode(kept)}",
            "page_hash": sha256(b"".join(lines)).hexdigest() if lines else "",
            "newest": shown[0].number if shown else None,
            "oldest": shown[-1].number if shown else None,
        },
    )  # fmt: skip


@portal_page()
@require_GET
def export_page(request: PortalRequest, shape: str) -> HttpResponseBase:
    """Answer with every event that the filters leave: CSV that no spreadsheet runs, or JSON lines."""
    form = FilterForm(request.GET)
    rows, _kept = _filtered(request, form)
    names = _names(request, None)
    events = rows.iterator(chunk_size=_CHUNK)
    if shape == "csv":
        body = write_csv(_COLUMNS, (_cells(event, names) for event in events))
        content_type = "text/csv; charset=utf-8"
    else:
        body = _json_lines(events, names)
        content_type = "application/jsonl"
    name = f"audit-{clock.now():%Y%m%dT%H%M%SZ}.{shape}"
    answer = StreamingHttpResponse(
        body, content_type=content_type, headers={"Cache-Control": "private, no-store"}
    )
    return as_download(answer, name)


def _filtered(request: PortalRequest, form: FilterForm) -> tuple[QuerySet[Event], dict[str, str]]:
    """The events that the filters leave, and the filters that were understood, as a query says them."""
    if not request.GET.get("kind", "").isprintable():
        raise Http404
    form.is_valid()
    sent = form.cleaned_data
    rows, kept = events_visible_to(request.principal), {}
    if sent.get("kind"):
        rows, kept["kind"] = rows.filter(kind__startswith=sent["kind"]), sent["kind"]
    if sent.get("person"):
        # whom another organisation employs is not asked here
        rows = rows.filter(person_id=sent["person"], organisation_id=request.principal.organisation_id)
        kept["person"] = str(sent["person"])
    if sent.get("object"):
        rows, kept["object"] = rows.filter(object_id=sent["object"].strip()), sent["object"].strip()
    if sent.get("since"):
        rows, kept["since"] = rows.filter(at__gte=_midnight(sent["since"])), sent["since"].isoformat()
    if sent.get("until"):
        rows = rows.filter(at__lt=_midnight(sent["until"] + timedelta(days=1)))
        kept["until"] = sent["until"].isoformat()
    return rows, kept


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _names(request: PortalRequest, shown: list[Event] | None) -> _Names:
    """Names of the people of the reader's own organisation who acted: in ``shown``, or all of them."""
    mine = request.principal.organisation_id
    wanted = (
        User.objects.filter(pk__in={one.person_id for one in shown if one.organisation_id == mine})
        if shown is not None
        else people_of(request.principal.organisation)
    )
    return _Names(mine, {one.pk: one.full_name for one in wanted})


def _row(event: Event, names: _Names) -> dict[str, Any]:
    return {
        "number": event.number,
        "at": clock.rfc3339(event.at),
        "kind": event.kind,
        "person": names.of(event),
        "organisation": str(event.organisation_id or ""),
        "object_type": event.object_type,
        "object_id": event.object_id,
        "production_id": str(event.production_id or ""),
        "before_hash": event.before_hash,
        "after_hash": event.after_hash,
        "details": event.details,
    }


def _cells(event: Event, names: _Names) -> list[str]:
    row = _row(event, names)
    row["details"] = json.dumps(row["details"], sort_keys=True, ensure_ascii=False)
    return [str(row[name]) for name in _COLUMNS]


def _json_line(event: Event, names: _Names) -> bytes:
    return json.dumps(_row(event, names), sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _json_lines(events: Iterator[Event], names: _Names) -> Iterator[bytes]:
    for event in events:
        yield _json_line(event, names)


# Said by the title or the evidence column already, or evidence for machines.
_SILENT = {"act", "side", "state", "terms_hash", "grant_kid", "supersedes", "licences", "code"}


def _facts(details: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person wants to know of an event, in words; codes are lowered, lists counted out."""
    facts = []
    for key, value in details.items():
        if key in _SILENT or value in ("", None, []) or _is_digest(value):
            continue
        text = and_list([_plain(one) for one in value]) if isinstance(value, list) else _plain(value)
        facts.append((words.lower_words(key), text))
    return facts


def _is_digest(value: object) -> bool:
    text = str(value).removeprefix("sha256:")
    return len(text) >= 32 and all(one in "0123456789abcdef" for one in text)


_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z")


def _plain(value: object) -> str:
    text = str(value)
    if _ID.fullmatch(text):
        return spoken(text)
    if _MOMENT.fullmatch(text):
        return day_words(timezone.localtime(datetime.fromisoformat(text)))
    return words.use_words(text).lower() if text.isupper() and text.replace("_", "").isalpha() else text
