"""Approve several requests that lie inside the mandate: read together, each signed by its own hash, or refused."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.presence import require_presence
from agents_portal.access import AGENT, PortalRequest, portal_page
from agents_portal.drafts import drop_draft, has_draft
from agents_portal.grants import first_words
from agents_portal.refusals import refusal_words
from agents_portal.rows import money_words
from common.errors import DomainError
from licensing.selectors import Approvable, approvable_together
from licensing.services import approve_request


@portal_page(AGENT)
@require_http_methods(["GET", "POST"])
def approve_several_page(request: PortalRequest) -> HttpResponse:
    """Show the chosen requests with what each grants; then approve each whose hash is still the one that was read."""
    sent = request.POST if request.method == "POST" else request.GET
    chosen = _ids(sent.getlist("pick"))
    found = [one for one in approvable_together(request.principal, chosen) if not _is_drafted(request, one)]
    if request.method == "POST":
        require_presence(request.principal)
        return _result(request, chosen, found)
    if not found:
        return redirect("portal-inbox")
    left_out = len(chosen) - len(found)
    return render(
        request,
        "portal/bulk.html",
        {
            "rows": [_row(one) for one in found],
            "title": ngettext("Approve %(n)s request?", "Approve %(n)s requests?", len(found)) % {"n": len(found)},
            "verb": ngettext("Approve %(n)s request", "Approve %(n)s requests", len(found)) % {"n": len(found)},
            "left_out": ngettext(
                "%(n)s of those you chose is read on its own: it asks somebody else too, lies outside, or has changes of yours.",
                "%(n)s of those you chose are read on their own: they ask somebody else too, lie outside, or have changes of yours.",
                left_out,
            )
            % {"n": left_out}
            if left_out
            else "",
        },
    )  # fmt: skip


def _result(request: PortalRequest, chosen: list[UUID], found: list[Approvable]) -> HttpResponse:
    """Approve one after the other, each in its own transaction: one that is refused stops none of the others."""
    by_id = {one.line.id: one for one in found}
    rows: list[dict[str, Any]] = []
    for identifier in chosen:
        one = by_id.get(identifier)
        if one is None:
            rows.append(
                {"id": identifier, "refusal": _("It no longer waits for you alone. Nothing was signed.")}
            )
            continue
        row = _row(one)
        try:
            approve_request(
                principal=request.principal,
                request_id=identifier,
                terms_hash=request.POST.get(f"hash-{identifier}", ""),
            )
            drop_draft(request.session, identifier)
        except DomainError as error:
            row["refusal"], row["code"] = refusal_words(error), error.code
        rows.append(row)
    done = sum("refusal" not in row for row in rows)
    return render(
        request,
        "portal/bulk_done.html",
        {
            "rows": rows,
            "title": ngettext("%(n)s request is approved", "%(n)s requests are approved", done) % {"n": done},
            "failed": len(rows) - done,
        },
        status=200 if done == len(rows) else 409,
    )


def _is_drafted(request: PortalRequest, one: Approvable) -> bool:
    """Whether the reader has changes of their own that were not sent: then approving as asked is no quick act."""
    return has_draft(request.session, one.line.id)


def _row(one: Approvable) -> dict[str, Any]:
    return {
        "id": one.line.id,
        "line": one.line,
        "granted": first_words(one.terms, granted=True),
        "not_granted": first_words(one.terms, granted=False),
        "money": money_words(one.terms),
    }


def _ids(sent: list[str]) -> list[UUID]:
    found: list[UUID] = []
    for text in sent[:200]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))
