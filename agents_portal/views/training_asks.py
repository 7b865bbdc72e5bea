"""Asking to train: apart from every licence to render, of one person, for one production.

The address of the form is signed when the studio finds the person, which is recorded: nobody learns by trying
addresses who is here.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agents_portal.access import STUDIO, PortalRequest, portal_page
from agents_portal.asking import field_of
from agents_portal.finding import find_page, nobody, require_asker, seen_by_asking
from agents_portal.forms.compose import sections_of
from agents_portal.forms.training import GROUPS, TrainingAskForm
from agents_portal.training_words import training_granted
from common.errors import Conflict, InvalidInput, NotFound
from common.language import core
from licensing.models import Production
from licensing.selectors import production_for, talent_seen
from licensing.selectors.directory import DirectoryLine
from licensing.services import TrainingAsk, TrainingPreview, preview_training, submit_training_request

_SALT: Final = "agents_portal.training-ask"
_DAYS_GOOD: Final = 7
_FIELD_OF_CODE: Final = {
    "TRAINING_ONLY": "use_types",
    "DESCRIPTION_TOO_VAGUE": "description",
    "WINDOW_INVALID": "days",
    "RUNS_MISSING": "runs_max",
}


@dataclass(frozen=True)
class _Asked:
    """Of whom one asks, and for what."""

    production: Production
    talent: DirectoryLine


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def new_training_page(request: PortalRequest) -> HttpResponse:
    """Find on whom to train; POST (``production``, ``talent``) leads to the form."""
    return find_page(request, begin=partial(_begin, request), trains=True)


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def ask_training_page(request: PortalRequest, whom: str) -> HttpResponse:
    """Write the request. POST shows what it would say (``act``: ``look``), or sends it (``send``)."""
    require_asker(request)
    asked = _asked(request, whom)
    if request.method == "GET":
        return _page(request, asked, TrainingAskForm(constructs=asked.talent.constructs))
    form = TrainingAskForm(request.POST, constructs=asked.talent.constructs)
    if request.POST.get("act") != "send":
        looked = _looked(request, asked, form)
        if request.htmx:
            return render(request, "portal/parts/draft_state.html", _state(*looked))
        return _page(request, asked, form, looked=looked, status=422 if form.errors else 200)
    return _send(request, asked, form)


def _begin(request: PortalRequest, production: Production, handle: str) -> HttpResponse | None:
    seen = seen_by_asking(request.principal, production, handle)
    if seen is None:
        return None
    said = [str(request.principal.organisation_id), str(production.pk), seen.handle]
    return redirect("portal-training-ask", signing.dumps(said, salt=_SALT))


def _asked(request: PortalRequest, whom: str) -> _Asked:
    """Whom the signed address names, while this studio may still know of them.

    Raises:
        Http404: it names nobody, or somebody else's.
    """
    try:
        organisation, production_id, handle = signing.loads(whom, salt=_SALT, max_age=_DAYS_GOOD * 86_400)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    if organisation != str(request.principal.organisation_id):
        raise Http404
    production = production_for(request.principal, UUID(production_id))
    talent = talent_seen(request.principal.organisation_id, handle)
    if production is None or talent is None or not talent.constructs:
        raise Http404
    return _Asked(production, talent)


def _ask(asked: _Asked, form: TrainingAskForm) -> TrainingAsk:
    return TrainingAsk(production_id=asked.production.pk, talent=asked.talent.handle, **form.said())


def _send(request: PortalRequest, asked: _Asked, form: TrainingAskForm) -> HttpResponse:
    if form.is_valid():
        try:
            made = submit_training_request(principal=request.principal, ask=_ask(asked, form))
        except (InvalidInput, Conflict) as error:
            _show(form, error)
        except NotFound:
            form.add_error(None, nobody())
        else:
            messages.success(request, _("Sent. It is now with the person alone."), extra_tags="permit")
            return redirect("portal-training-request", made.pk)
    return _page(request, asked, form, status=422)


def _looked(
    request: PortalRequest, asked: _Asked, form: TrainingAskForm
) -> tuple[TrainingPreview | None, str]:
    """What the form would say now, or what stands against it."""
    if not form.is_valid():
        return None, _("Some fields wait for an answer.")
    try:
        return preview_training(principal=request.principal, ask=_ask(asked, form)), ""
    except (InvalidInput, Conflict) as error:
        return None, f"{error.title} {error.detail or ''}".strip()
    except NotFound:
        return None, nobody()


def _show(form: TrainingAskForm, error: InvalidInput | Conflict) -> None:
    """Put a refusal where its field is, else above all of them."""
    path = str(error.extra.get("field", "")) if error.extra else ""
    name = _FIELD_OF_CODE.get(error.code) or field_of(path)
    form.add_error(name if name in form.fields else None, f"{error.title} {error.detail or ''}".strip())


def _page(
    request: PortalRequest,
    asked: _Asked,
    form: TrainingAskForm,
    *,
    looked: tuple[TrainingPreview | None, str] = (None, ""),
    status: int = 200,
) -> HttpResponse:
    state = _state(*looked)
    wanted = [one["name"] for one in state["missing"] if one["name"]]
    told = {**state, "asked": asked, "form": form, "sections": sections_of(form, wanted, GROUPS)}
    return render(request, "portal/training_new.html", told, status=status)


def _state(preview: TrainingPreview | None, problem: str) -> dict[str, Any]:
    judged = preview.judged if preview else None
    return {
        "grants": training_granted(preview.terms) if preview else None,
        "problem": problem,
        "profiles": preview.terms.profiles if preview else (),
        "limits": judged.limits if judged else (),
        "missing": [
            {"because": core().say(one.because), "profile": one.profile, "name": field_of(one.field)}
            for one in judged.unmet
        ]
        if judged
        else [],
    }
