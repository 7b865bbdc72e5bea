"""Material for training, to read: the inventory with its risk, sources with their rights, originals, verdicts."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal import material_words as say
from agents_portal.access import LEGAL, STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.material_lineage import Family
from agents_portal.paging import page_after
from agents_portal.words import figure
from common import clock
from training.models import PolicyDecision, SourceClass
from training.seats import is_counsel, may_hand_over, may_take_down, require_house
from training.selectors import rooms
from training.selectors.buckets import DIMENSIONS, Bucket, buckets_of, holdings, in_bucket
from training.selectors.inventory import assets_of, classes_of, sources_of
from training.selectors.relatives import relatives_of
from training.selectors.rights import current_rights
from training.services.owners import without_owner
from training.vocabulary import AssetState, CollectionMethod, Held, Outcome

_CLASSES, _ORIGINALS = 100, 8
View = Callable[..., HttpResponseBase]


def material_page(view: View) -> View:
    """Open a page to people of a house that trains; to everybody else there is nothing here."""

    @portal_page(STUDIO, LEGAL, VENDOR)
    @wraps(view)
    def answer(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_house(request.principal)
        return view(request, *args, **kwargs)

    return answer


def tabs(here: str) -> list[dict[str, Any]]:
    """The rooms of the material, and which one this is."""
    rooms_of_house = (
        ("portal-material", _("Inventory")),
        ("portal-material-sources", _("Sources")),
        ("portal-material-imports", _("Imports")),
        ("portal-material-queue", _("Review queue")),
        ("portal-material-exceptions", _("Exceptions")),
        ("portal-material-decisions", _("Verdicts of the gate")),
        ("portal-material-contracts", _("Contracts")),
        ("portal-material-rights-reviews", _("Rights reviews")),
        ("portal-material-manifests", _("Manifests")),
        ("portal-material-takedowns", _("Takedowns")),
        ("portal-material-reports", _("Reports")),
        ("portal-material-view", _("Views")),
        ("portal-material-readiness", _("Readiness")),
    )
    arguments = {"portal-material-view": ["legal"]}
    return [
        {"href": reverse(name, args=arguments.get(name)), "label": label, "is_here": name == here}
        for name, label in rooms_of_house
    ]


@material_page
@require_GET
def inventory_page(request: PortalRequest) -> HttpResponse:
    """The house's material in buckets, the riskiest first, and its classes of sources."""
    by = request.GET.get("by", "type")
    if by not in DIMENSIONS:
        raise Http404
    found = buckets_of(request.principal, by=by, at=clock.now())
    classes = list(classes_of(request.principal)[:_CLASSES])
    return render(
        request,
        "portal/material.html",
        {
            "tabs": tabs("portal-material"),
            "by": by,
            "dimension": say.DIMENSIONS[by],
            "dimensions": [
                {"href": f"?by={key}", "label": words, "is_here": key == by}
                for key, words in say.DIMENSIONS.items()
            ],
            "methods": CollectionMethod.choices,
            "rows": [_bucket_row(by, one) for one in found],
            "classes": [{"row": one, "badge": say.class_badge(one)} for one in classes],
            "bands": [(shade, words, least) for least, shade, words in reversed(say.BANDS)],
            "lead": _inventory_lead(found, classes),
            "may_bind": is_counsel(request.principal),
        },
    )


@material_page
@require_GET
def sources_page(request: PortalRequest) -> HttpResponse:
    """Sources, newest first; ``by`` and ``value`` show one bucket of the inventory, ``owner=gone`` what nobody answers for."""
    by, value = request.GET.get("by", ""), request.GET.get("value", "")
    is_gone = request.GET.get("owner", "") == "gone"
    if by and by not in DIMENSIONS:
        raise Http404
    rows = in_bucket(request.principal, by=by, value=value, at=clock.now())
    page = page_after(without_owner(rows) if is_gone else rows, request.GET.get("after", ""))
    held = holdings(page.rows)
    rights = current_rights([one.pk for one in page.rows], at=clock.now())
    query = ({"by": by, "value": value} if by else {}) | ({"owner": "gone"} if is_gone else {})
    return render(
        request,
        "portal/material_sources.html",
        {
            "is_gone": is_gone,
            "ownerless": 0 if query else without_owner(sources_of(request.principal)).count(),
            "tabs": tabs("portal-material-sources"),
            "rows": [
                {
                    "source": one,
                    "held": held[one.pk],
                    "risk": say.risk(held[one.pk].score),
                    "badge": say.rights_badge(rights.get(one.pk)),
                    "standing": rights.get(one.pk),
                }
                for one in page.rows
            ],
            "chosen": f"{say.DIMENSIONS[by]}: {say.bucket_words(by, value)}" if by else "",
            "more": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
            "first": f"?{urlencode(query)}" if request.GET.get("after") else "",
        },
    )


@material_page
@require_GET
def source_page(request: PortalRequest, source_id: UUID) -> HttpResponse:
    """One source: where it is, what its licence grants and does not, every version of that, what was collected."""
    source = in_bucket(request.principal, by="", value="", at=clock.now()).select_related(
        "owner", "registered_by"
    ).filter(pk=source_id).first()  # fmt: skip
    if source is None:
        raise Http404
    standing = current_rights([source.pk], at=clock.now()).get(source.pk)
    held = holdings([source])[source.pk]
    return render(
        request,
        "portal/material_source.html",
        {
            "source": source,
            "kind": source.source_class,
            "class_badge": say.class_badge(source.source_class),
            "badge": say.rights_badge(standing),
            "standing": standing,
            "rights": standing.rights if standing else None,
            "columns": say.columns(standing) if standing else None,
            "checks": say.check_lines(standing.rights) if standing else [],
            "versions": rooms.versions_of(source.pk),
            "held": held,
            "risk": say.risk(held.score),
            "assets": [
                {"asset": one, "badge": say.STATES[one.state], "icon": say.KIND_ICONS[one.kind]}
                for one in assets_of(request.principal).filter(source=source)[:_ORIGINALS]
            ],
            "may_bind": is_counsel(request.principal),
            "may_take_down": may_take_down(request.principal),
            "may_hand_over": may_hand_over(request.principal, source),
        },
    )


@material_page
@require_GET
def assets_page(request: PortalRequest) -> HttpResponse:
    """Originals, newest first; of one source where ``source`` names it."""
    rows = assets_of(request.principal)
    asked = request.GET.get("source", "")
    if asked:
        try:
            rows = rows.filter(source=UUID(asked))
        except ValueError as error:
            raise Http404 from error
    page = page_after(rows, request.GET.get("after", ""))
    query = {"source": asked} if asked else {}
    return render(
        request,
        "portal/material_assets.html",
        {
            "rows": [
                {"asset": one, "badge": say.STATES[one.state], "kind": say.kind_words(one.kind)}
                for one in page.rows
            ],
            "source": page.rows[0].source if asked and page.rows else None,
            "more": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
            "first": f"?{urlencode(query)}" if request.GET.get("after") else "",
        },
    )


@material_page
@require_GET
def asset_page(request: PortalRequest, asset_id: UUID) -> HttpResponse:
    """One original: how it was let in and by whom, what it came from, what was made of it."""
    asset = rooms.asset_for(request.principal, asset_id)
    if asset is None:
        raise Http404
    family = Family(relatives_of(asset.node_id))
    review = asset.reviews.select_related("answered_by").order_by("-created_at", "-id").first()
    return render(
        request,
        "portal/material_asset.html",
        {
            "asset": asset,
            "badge": say.STATES[asset.state],
            "kind": say.kind_words(asset.kind),
            "method": say.method_words(asset.method),
            "lead": _asset_lead(asset),
            "why": say.why(asset.decision.codes),
            "verdict": say.OUTCOMES[asset.decision.outcome],
            "review": review,
            "review_badge": say.review_badge(review) if review else None,
            "waits_for_scan": asset.held == Held.HERE
            and asset.state == AssetState.ISOLATED
            and asset.stored_at is None,
            "capture": say.told_lines(asset.capture),
            "family": family,
            "picture": family.picture(),
            "may_take_down": may_take_down(request.principal),
        },
    )


@material_page
@require_GET
def decisions_page(request: PortalRequest) -> HttpResponse:
    """What the gate decided, newest first, with every reason; ``outcome`` shows one kind."""
    outcome = request.GET.get("outcome", "")
    if outcome and outcome not in Outcome.values:
        raise Http404
    rows = rooms.decisions_of(request.principal)
    page = page_after(rows.filter(outcome=outcome) if outcome else rows, request.GET.get("after", ""))
    query = {"outcome": outcome} if outcome else {}
    choices = [("", _("All")), *((one, say.OUTCOMES[one].words) for one in Outcome)]
    return render(
        request,
        "portal/material_decisions.html",
        {
            "tabs": tabs("portal-material-decisions"),
            "choices": [
                {"href": f"?{urlencode({'outcome': key})}" if key else request.path, "label": words,
                 "is_here": key == outcome}
                for key, words in choices
            ],
            "rows": [_decision_row(one) for one in page.rows],
            "more": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
            "first": f"?{urlencode(query)}" if request.GET.get("after") else "",
        },
    )  # fmt: skip


@material_page
@require_GET
def decision_page(request: PortalRequest, decision_id: UUID) -> HttpResponse:
    """One verdict: the reasons, the facts it saw, and the text of the policy that it was made under."""
    row = rooms.decision_for(request.principal, decision_id)
    if row is None:
        raise Http404
    return render(
        request,
        "portal/material_decision.html",
        {**_decision_row(row), "facts": say.fact_lines(row.facts), "lead": _decision_lead(row)},
    )


def _decision_row(row: PolicyDecision) -> dict[str, Any]:
    return {"row": row, "badge": say.OUTCOMES[row.outcome], "why": say.why(row.codes)}


def _decision_lead(row: PolicyDecision) -> str:
    if row.outcome == Outcome.ADMIT:
        return _("No rule stood against it.")
    number = len(row.codes)
    told = ngettext("%(n)s rule stood against it.", "%(n)s rules stood against it.", number)
    end = _("A person decides.") if row.outcome == Outcome.ISOLATE else _("Nothing of it was stored.")
    return f"{told % {'n': figure(number)}} {end}"


def _bucket_row(by: str, one: Bucket) -> dict[str, Any]:
    risks = {method: (say.risk(cell.score), cell.originals) for method, cell in one.cells.items()}
    return {
        "title": say.bucket_words(by, one.value),
        "href": f"{reverse('portal-material-sources')}?{urlencode({'by': by, 'value': one.value})}",
        "bucket": one,
        "risk": say.risk(one.score),
        "cells": [(label, *risks.get(method, (None, 0))) for method, label in CollectionMethod.choices],
    }


def _inventory_lead(found: list[Bucket], classes: list[SourceClass]) -> str:
    sources = sum(one.sources for one in found)
    admitted, isolated = sum(one.admitted for one in found), sum(one.isolated for one in found)
    told = [
        ngettext("%(n)s original may be trained on.", "%(n)s originals may be trained on.", admitted)
        % {"n": figure(admitted)}
        if admitted
        else _("Nothing may be trained on yet.")
    ]
    if isolated:
        told.append(
            ngettext("%(n)s waits for a person.", "%(n)s wait for a person.", isolated)
            % {"n": figure(isolated)}
        )
    if stopped := sum(one.stopped_at is not None for one in classes):
        told.append(
            ngettext("%(n)s class of sources is stopped.", "%(n)s classes of sources are stopped.", stopped)
            % {"n": figure(stopped)}
        )
    return " ".join(told) if sources else _("No source is registered yet.")


def _asset_lead(asset: Any) -> str:
    leads = {
        "ADMITTED": _("It may be trained on while its rights hold."),
        "ISOLATED": _("It lies apart, and nothing may use it until a person decides."),
        "REFUSED": _("It was refused. Its bytes are not kept."),
        "REMOVED": _("It was removed. What is known of it stays."),
    }
    return leads[asset.state]
