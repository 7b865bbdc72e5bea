"""Where things came from: find assets, read one's origin, and the five questions with the time each answer took."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal import provenance_words as say
from agents_portal.access import AGENT, AUDITOR, LEGAL, STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.forms.assets import FindForm
from agents_portal.graph_picture import picture_of
from agents_portal.lineage import listed
from agents_portal.words import LICENCE_BADGES, Badge, and_list, figure, later
from common.errors import NotFound
from licensing.models import Production
from licensing.selectors import productions_visible_to
from provenance.graph.classify import GENERATIVE
from provenance.graph.gaps import Gap
from provenance.graph.models import (
    AskedThrough,
    AssetVersion,
    Decision,
    DecisionOutcome,
    DocumentKind,
    Question,
)
from provenance.graph.questions import seconds_of
from provenance.graph.selectors import (
    Origin,
    Wanted,
    completeness_of,
    generated_assets,
    incomplete_versions,
    origin_of,
    version_named,
)
from provenance.graph.selectors.completeness import Completeness
from provenance.graph.selectors.lineage import classed
from provenance.graph.selectors.timings import Stopwatch, stopwatch_of
from provenance.graph.services.timings import keep_times
from provenance.graph.statement import statement_of
from provenance.graph.visible import sees_whole, versions_visible_to
from provenance.reading import CredentialVerdict

READERS = (STUDIO, LEGAL, AUDITOR, VENDOR, AGENT)
_PAGE = 50
_PRODUCTIONS = 200
_HISTORY = 100
_CREDENTIALS = {
    CredentialVerdict.TRUSTED: Badge("circle-check", later("Holds"), "permit"),
    CredentialVerdict.UNTRUSTED: Badge("circle-question-mark", later("Of an unknown signer"), "unsure"),
    CredentialVerdict.BROKEN: Badge("circle-x", later("Does not hold"), "deny"),
}


@portal_page(*READERS)
@require_GET
def assets_page(request: PortalRequest) -> HttpResponse:
    """Assets of one production, newest first; or everything that a model made, from a reference, or both."""
    films = list(productions_visible_to(request.principal)[:_PRODUCTIONS])
    asked = {"production": str(films[0].pk) if films else "", **request.GET.dict()}
    form = FindForm(asked, productions=films)
    given = form.cleaned_data if form.is_valid() else {}
    film = next((one for one in films if str(one.pk) == given.get("production")), None)
    is_search = bool(given.get("model") or given.get("reference"))
    found: list[dict[str, Any]] = []
    after = ""
    if film is not None and is_search:
        wanted = Wanted(
            model=given["model"], reference=given["reference"], project=film.pk, kind=given["kind"]
        )
        try:
            page = generated_assets(
                request.principal, wanted, cursor=request.GET.get("after", ""), limit=_PAGE
            )
        except NotFound as error:
            raise Http404 from error
        found = [_row(one.version, f"{one.run.model.name} {one.run.model.version}") for one in page.rows]
        after = page.next_cursor
    elif film is not None:
        found, after = _newest(request, film, given["kind"])
    more = f"?{urlencode({**{name: asked.get(name, '') for name in form.fields}, 'after': after})}"
    return render(
        request,
        "portal/assets.html",
        {
            "form": form,
            "film": film,
            "rows": found,
            "is_search": is_search,
            "more": more if after else "",
            "may_judge": film is not None and sees_whole(request.principal, film),
        },
        status=422 if form.errors else 200,
    )


@portal_page(*READERS)
@require_GET
def asset_page(request: PortalRequest, version_id: UUID) -> HttpResponse:
    """Where one version came from: four questions, a picture, a list, and what is in the file now."""
    origin = _origin(request, version_id)
    top = listed(origin)
    return render(
        request,
        "portal/asset.html",
        {
            **_head(origin),
            "top": top,
            "picture": picture_of(top) if top.children else None,
            "questions": _questions(origin),
            "file": _file(origin),
            "may_read_trail": sees_whole(request.principal, origin.lineage.start.production),
        },
    )


@portal_page(*READERS)
@require_GET
def asset_questions_page(request: PortalRequest, version_id: UUID) -> HttpResponse:
    """The five questions that legal asks, answered in full; with the time each answer took, and all together."""
    origin = _origin(request, version_id)
    film = origin.lineage.start.production
    keep_times(
        principal=request.principal,
        version=origin.lineage.start,
        seconds=seconds_of(origin),
        through=AskedThrough.PORTAL,
        is_complete=origin.is_complete,
    )
    is_whole = sees_whole(request.principal, film)
    return render(
        request,
        "portal/asset_questions.html",
        {
            **_head(origin),
            "stopwatch": [_watched(one, version_id) for one in stopwatch_of(film)] if is_whole else [],
            "top": listed(origin),
            "questions": _questions(origin),
            "runs": origin.runs,
            "references": [
                {"version": origin.lineage.versions[one.parent_id], "role": say.role_words(one.role)}
                for one in origin.references
            ],
            "decisions": [_decided(one, origin) for one in (*origin.own_decisions, *origin.decisions)],
            "history": _history(origin),
            "licences": _licences(origin),
            "parts": _parts(origin),
            "whole_time": say.answered_in(sum(origin.seconds.values())),
        },
    )


@portal_page(STUDIO, LEGAL, AUDITOR)
@require_GET
def completeness_page(request: PortalRequest, production_id: UUID) -> HttpResponse:
    """How much of a production is recorded well enough, and the newest of what is not."""
    film = productions_visible_to(request.principal).filter(pk=production_id).first()
    if film is None or not sees_whole(request.principal, film):
        raise Http404
    found = completeness_of(film)
    shown = incomplete_versions(film) if found.incomplete else {}
    rows = {row.pk: row for row in classed(AssetVersion.objects.filter(pk__in=shown))}
    return render(
        request,
        "portal/completeness.html",
        {
            "film": film,
            "found": found,
            "sentence": _score(found),
            "gaps": [(say.GAPS[gap], number) for gap, number in found.gaps.items() if number],
            "rows": [
                {**_row(rows[key], ""), "gaps": [say.GAPS[gap] for gap in gaps]}
                for key, gaps in shown.items()
            ],
        },
    )


def _watched(one: Stopwatch, version_id: UUID) -> dict[str, Any]:
    """How long a question took so far, in words, and the address that asks it by the API."""
    badge = (
        Badge("circle-check", _("Within five minutes"), "permit")
        if one.is_within
        else Badge("circle-x", _("Too slow"), "deny")
    )
    return {
        "ask": Question(one.question).label,
        "asked": one.asked,
        "by_api": one.by_api,
        "median": say.seconds_words(one.median),
        "p95": say.seconds_words(one.p95),
        "longest": say.seconds_words(one.longest),
        "badge": badge if one.asked else None,
        "address": reverse("asset-question", args=[version_id, one.question]),
    }


def _origin(request: PortalRequest, version_id: UUID) -> Origin:
    try:
        return origin_of(request.principal, version_named(request.principal, version_id), in_full=False)
    except NotFound as error:
        raise Http404 from error


def _newest(request: PortalRequest, film: Production, kind: str) -> tuple[list[dict[str, Any]], str]:
    rows = versions_visible_to(request.principal).filter(production=film)
    if kind:
        rows = rows.filter(asset__kind=kind)
    try:
        rows = rows.filter(pk__lt=UUID(request.GET["after"])) if request.GET.get("after") else rows
    except ValueError as error:
        raise Http404 from error
    found = list(classed(rows).order_by("-pk")[: _PAGE + 1])
    shown = found[:_PAGE]
    return [_row(one, "") for one in shown], str(shown[-1].pk) if len(found) > _PAGE else ""


def _row(version: AssetVersion, made_by: str) -> dict[str, Any]:
    code = vars(version)["code"]
    return {
        "version": version,
        "icon": say.ICON_OF[version.asset.kind],
        "kind": say.kind_words(version.asset.kind),
        "class": say.class_words(code) if code else "",
        "made_by": made_by,
    }


def _head(origin: Origin) -> dict[str, Any]:
    version = origin.lineage.start
    sources = [
        row.asset.kind
        for key, row in origin.lineage.versions.items()
        if key != version.pk and not any(edge.child_id == key for edge in origin.lineage.edges)
    ]
    short = [one.line.short_id for one in origin.licences if one.line]
    sentences = [
        _("From %(sources)s.") % {"sources": say.counted_kinds(sources)}
        if sources
        else _("Nothing is recorded that it was made from.")
    ]
    if short:
        sentences.append(
            ngettext("Under licence %(ids)s.", "Under licences %(ids)s.", len(short))
            % {"ids": and_list(short)}
        )
    if origin.gaps:
        number = len(origin.gaps)
        sentences.append(
            ngettext("%(n)s part of the chain keeps no sufficient record.",
                     "%(n)s parts of the chain keep no sufficient record.", number) % {"n": figure(number)}
        )  # fmt: skip
    if origin.is_cut:
        sentences.append(_("There is more behind it than is shown here."))
    return {
        "origin": origin,
        "version": version,
        "badge": say.completeness_badge(len(origin.gaps), is_cut=origin.is_cut),
        "kind": say.kind_words(version.asset.kind),
        "lead": " ".join(sentences),
        "film": version.production,
    }


def _questions(origin: Origin) -> list[dict[str, str]]:
    base = origin.seconds["came_from"]
    models = list(
        dict.fromkeys(f"{one.run.model.name} {one.run.model.version}".strip() for one in origin.runs)
    )
    given = [origin.lineage.versions[key].asset.kind for key in {one.parent_id for one in origin.references}]
    return [
        {"ask": _("Which model made it?"), "id": "model",
         "answer": and_list(models[:3]) if models else _no_model(origin),
         "small": _runs_words(origin), "time": say.answered_in(base + origin.seconds["model"])},
        {"ask": _("From which references?"), "id": "references",
         "answer": say.counted_kinds(given) if given else _("None"),
         "small": and_list(dict.fromkeys(say.role_words(one.role) for one in origin.references)),
         "time": say.answered_in(base + origin.seconds["references"])},
        {"ask": _("Who approved it?"), "id": "approved", **_approval(origin),
         "time": say.answered_in(base + origin.seconds["approved"])},
        {"ask": _("Under whose licence?"), "id": "licence", **_licence_answer(origin),
         "time": say.answered_in(base + origin.seconds["licence"])},
    ]  # fmt: skip


def _no_model(origin: Origin) -> str:
    codes = {vars(row)["code"] for row in origin.lineage.versions.values()}
    if any(Gap.BLACK_BOX in found for found in origin.gaps.values()):
        return _("Not recorded")
    return _("None is shown to you") if codes & GENERATIVE else _("None")


def _runs_words(origin: Origin) -> str:
    number = len(origin.runs)
    if not number:
        return ""
    return ngettext("%(n)s run recorded", "%(n)s runs recorded", number) % {"n": figure(number)}


def _approval(origin: Origin) -> dict[str, str]:
    if not origin.own_decisions:
        return {"answer": _("Nobody yet"), "small": _upstream(origin)}
    last = origin.own_decisions[0]
    told = _decided(last, origin)
    small = _("%(outcome)s, %(stage)s") % {"outcome": told["badge"].words, "stage": told["stage"]}
    return {"answer": told["who"], "small": small}


def _upstream(origin: Origin) -> str:
    number = sum(one.outcome == DecisionOutcome.APPROVED for one in origin.decisions)
    if not number:
        return _("No decision on this version is recorded.")
    return ngettext(
        "Not this version. %(n)s approval is recorded of what it came from.",
        "Not this version. %(n)s approvals are recorded of what it came from.",
        number,
    ) % {"n": figure(number)}


def _licence_answer(origin: Origin) -> dict[str, str]:
    lines = [one.line for one in origin.licences if one.line]
    if not origin.licences:
        return {"answer": _("None"), "small": _("No licence is cited behind it.")}
    if not lines:
        return {"answer": _("Not yours to read"), "small": ""}
    names = and_list(dict.fromkeys(line.talent_name for line in lines))
    first = lines[0]
    return {
        "answer": and_list(line.short_id for line in lines[:3]),
        "small": _("%(names)s. %(state)s") % {"names": names, "state": LICENCE_BADGES[first.state].words},
    }


def _decided(one: Decision, origin: Origin) -> dict[str, Any]:
    who = origin.sight.person(one.person, origin.lineage.start.production, one.organisation_id)
    return {
        "decision": one,
        "badge": say.outcome_badge(one.outcome),
        "stage": say.stage_words(one.stage),
        "who": who["name"] if who else one.organisation.name,
        "through": one.credential.name if who and one.credential else "",
    }


def _licences(origin: Origin) -> list[dict[str, Any]]:
    return [
        {"jti": one.jti, "line": one.line, "badge": LICENCE_BADGES[one.line.state] if one.line else None}
        for one in origin.licences
    ]


def _parts(origin: Origin) -> list[dict[str, Any]]:
    """What was generated, licensed, made by hand, and what nobody knows."""
    told = statement_of(origin)
    titles = (
        ("generated", "sparkles", _("Generated, or touched by a model")),
        ("licensed", "file-check", _("Made under a licence")),
        ("by_hand", "pencil", _("Made by hand or by camera")),
        ("unknown", "circle-question-mark", _("Without a sufficient record")),
    )
    return [
        {
            "icon": icon,
            "title": title,
            "number": figure(len(told[name])),
            "kinds": say.counted_kinds(one["kind"] for one in told[name]),
        }
        for name, icon, title in titles
    ]


def _history(origin: Origin) -> list[dict[str, Any]]:
    """What changed, oldest first."""
    versions = origin.lineage.versions
    rows = [
        {
            "at": edge.at,
            "child": versions[edge.child_id],
            "parent": versions[edge.parent_id],
            "way": say.way_words(edge.kind),
            "tool": edge.tool,
            "who": origin.sight.person(
                edge.person, origin.lineage.start.production, edge.event.organisation_id
            ),
        }
        for edge in origin.lineage.edges
    ]
    return rows[:_HISTORY]


def _file(origin: Origin) -> list[dict[str, Any]]:
    version, manifest, output = origin.lineage.start, origin.manifest, origin.output
    rows: list[dict[str, Any]] = []
    if manifest is not None:
        badge = _CREDENTIALS.get(
            manifest["verdict"], Badge("circle-question-mark", _("Cannot tell"), "unsure")
        )
        rows.append(
            {"badge": badge, "title": _("Content Credentials"), "words": _("As read back when it was signed")}
        )
    else:
        rows.append({"badge": Badge("circle-minus", _("Absent"), "absent"), "title": _("Content Credentials"),
                     "words": _("No file of this version was signed here")})  # fmt: skip
    if version.mark_id:
        layers = and_list(
            _("picture") if layer == "PIXEL" else _("sound")
            for layer in (output.marked_layers if output else ())
        )
        rows.append({"badge": Badge("fingerprint", _("Registered"), "permit"), "title": _("Mark"),
                     "words": _("In the %(layers)s") % {"layers": layers} if layers else version.mark_id})  # fmt: skip
    else:
        rows.append({"badge": Badge("circle-minus", _("Absent"), "absent"), "title": _("Mark"),
                     "words": _("No mark is registered for this version")})  # fmt: skip
    if code := vars(version)["code"]:
        rows.append({"badge": Badge("circle-check", _("Derived"), "permit"), "title": say.class_words(code),
                     "words": _("IPTC class, derived from what it was made of, not typed in")})  # fmt: skip
    rows += [
        {"badge": Badge("circle-check", _("Kept"), "permit"), "title": one["name"], "words": str(DocumentKind(one["kind"]).label)}
        for _version, one in origin.documents[:20]
    ]  # fmt: skip
    return rows


def _score(found: Completeness) -> str:
    if found.score is None:
        return _("Nothing is recorded in this production yet.")
    percent = number_format(Decimal(f"{found.score * 100:.2f}".rstrip("0").rstrip(".")))
    return ngettext(
        "%(n)s of %(all)s versions keeps a sufficient record: %(percent)s %%.",
        "%(n)s of %(all)s versions keep a sufficient record: %(percent)s %%.",
        found.versions - found.incomplete,
    ) % {"n": figure(found.versions - found.incomplete), "all": figure(found.versions), "percent": percent}
