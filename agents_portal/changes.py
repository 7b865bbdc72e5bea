"""What is different, one numbered sentence a change: was struck, now underlined, yours said as yours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.selectors import organisation_names
from agents_portal.drafts import Draft
from agents_portal.words import opening, spelled
from common.language import core
from licensing.selectors import RequestDetail, with_names
from trustcore.policy.diff import TermChange, diff_terms

_WAS: Final = '<span class="vh">{} </span><del><bdi>{}</bdi></del>'
_NOW: Final = '<span class="vh">{} </span><ins><bdi>{}</bdi></ins>'


@dataclass(frozen=True)
class ChangeList:
    """Changes under one heading; ``yours`` marks those not sent yet."""

    title: str
    aside: str
    lines: tuple[SafeString, ...]
    yours: bool = False


def change_lists(detail: RequestDetail, draft: Draft, names: Mapping[str, str]) -> list[ChangeList]:
    """The differences a reader must see: from the last licence, from the version before, and their own.

    ``names`` are those of vendors, by id.
    """
    lists = []
    if renewed := detail.changes_from_last_licence:
        aside = ngettext("%(count)s change", "%(count)s changes", len(renewed)) % {
            "count": spelled(len(renewed))
        }
        lists.append(
            ChangeList(_("What is different from the last licence"), opening(aside), _marked(renewed))
        )
    if detail.changes_from_previous:
        is_counter = detail.line.state != "SUBMITTED"
        lists.append(
            ChangeList(
                _("What the counter changes") if is_counter else _("What this version changes"),
                _("Version %(number)s against the one before") % {"number": detail.version},
                _marked(detail.changes_from_previous),
            )
        )
    if draft:
        mine = own_changes(detail, draft, names)
        lists.append(ChangeList(_("What you change"), _("Not sent yet"), _marked(mine), yours=True))
    return lists


def own_changes(detail: RequestDetail, draft: Draft, names: Mapping[str, str]) -> tuple[TermChange, ...]:
    """What a draft changes of the present terms, in sentences."""
    return with_names(diff_terms(detail.terms, draft.apply(detail.terms), core()), names)


def names_in(detail: RequestDetail, draft: Draft) -> dict[str, str]:
    """Names of the vendors of the terms and of the draft, by id; a query only where the draft adds one."""
    added = draft.values.get("vendors")
    unknown = set(added if isinstance(added, tuple) else ()) - detail.vendors.keys()
    return {**detail.vendors, **(organisation_names(unknown) if unknown else {})}


def _marked(changes: tuple[TermChange, ...]) -> tuple[SafeString, ...]:
    return tuple(marked_sentence(change) for change in changes)


def marked_sentence(change: TermChange) -> SafeString:
    """The sentence with its "before" struck and its "after" underlined; all of it escaped."""
    text, before, after = change.sentence, change.before, change.after
    at = text.find(before) if before else -1
    to = text.rfind(after) if after else -1
    if at >= 0 and to >= 0 and not (at + len(before) <= to or to + len(after) <= at):
        return format_html("{}", text)  # they overlap: leave the sentence plain rather than mark it wrongly
    marks = sorted(
        [(at, len(before), _WAS, _("was"))] * (at >= 0) + [(to, len(after), _NOW, _("now"))] * (to >= 0),
        key=lambda mark: mark[0],
    )
    html, end = format_html("{}", ""), 0
    for start, length, form, said in marks:
        html = format_html("{}{}" + form, html, text[end:start], said, text[start : start + length])
        end = start + length
    return format_html("{}{}", html, text[end:])
