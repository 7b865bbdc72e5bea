"""Data contracts: every version, one of them in words, put into force, retired; pipelines read the same by the API."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import contract_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.forming import carried_out
from agents_portal.forms.material import ContractForm, StopForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import figure
from common.errors import Conflict, InvalidInput
from training.contracts.compiling import Compiled, compile_contract
from training.models import DataContract
from training.seats import is_counsel, is_engineer
from training.selectors.contracts import bound_now, contract_for, contracts_of
from training.services.contracts import activate_contract, register_contract, retire_contract, unenforced
from training.vocabulary import ContractState


@material_page
@require_GET
def contracts_page(request: PortalRequest) -> HttpResponse:
    """Every version of every contract of the house."""
    page = page_after(contracts_of(request.principal), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_contracts.html",
        {
            "tabs": tabs("portal-material-contracts"),
            "rows": [
                {
                    "row": one,
                    "badge": say.contract_badge(one),
                    "classes": ", ".join(compile_contract(one.text).clauses.source_classes),
                }
                for one in page.rows
            ],
            "more": f"?after={quote(page.after)}" if page.after else "",
            "may_register": is_engineer(request.principal),
            "first": request.path if request.GET.get("after") else "",
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def new_contract_page(request: PortalRequest) -> HttpResponse:
    """Register a version: its page then says what is enforced, and what keeps it out of force."""
    if not is_engineer(request.principal):
        raise PermissionDenied
    is_sent = request.method == "POST"
    form = ContractForm(request.POST, request.FILES) if is_sent else ContractForm()
    faults: list[say.Fault] = []
    if is_sent and form.is_valid():
        try:
            made = register_contract(principal=request.principal, text=form.cleaned_data["written"])
            return redirect("portal-material-contract", made.pk)
        except InvalidInput as error:
            faults = [say.Fault(one["at"] or "-", one["fault"]) for one in error.extra.get("faults", [])]
            form.add_error(
                None, _("This is no contract in the Open Data Contract Standard. Nothing was kept.")
            )
        except Conflict:
            form.add_error(None, _("This version is registered already. A change is a new version."))
    return render(
        request,
        "portal/material_contract_new.html",
        {"form": form, "faults": faults},
        status=422 if form.errors else 200,
    )


@material_page
@require_GET
def contract_page(request: PortalRequest, contract_id: UUID) -> HttpResponse:
    """One version: each clause in words, what nothing enforces, and the file as it was written."""
    row = _contract(request, contract_id)
    compiled = compile_contract(row.text)
    is_draft = row.state == ContractState.DRAFT
    faults = say.faults_in_words(compiled, unenforced(request.principal, compiled)) if is_draft else []
    may_bind = is_counsel(request.principal)
    is_own = row.registered_by_id == request.principal.person.pk
    return render(
        request,
        "portal/material_contract.html",
        {
            "row": row,
            "badge": say.contract_badge(row),
            "purpose": _purpose(compiled.contract.plain),
            "clauses": say.clauses_in_words(compiled),
            "faults": faults,
            "bound": bound_now(row),
            "is_draft": is_draft,
            "is_own": is_draft and may_bind and is_own,
            "may_activate": is_draft and may_bind and not is_own and not faults,
            "may_retire": may_bind and row.state != ContractState.RETIRED,
        },
    )


@material_page
@require_GET
def contract_file(request: PortalRequest, contract_id: UUID) -> HttpResponse:
    """The contract as it was written; its SHA-256 is the hash of the page."""
    row = _contract(request, contract_id)
    answer = HttpResponse(row.text.encode(), content_type="application/yaml")
    return as_download(answer, f"{row.hash[7:15]}.odcs.yaml")


@material_page
@require_http_methods(["GET", "POST"])
def activate_page(request: PortalRequest, contract_id: UUID) -> HttpResponse:
    """Counsel puts a version into force."""
    row = _for_counsel(request, contract_id)
    refused = ""
    if request.method == "POST":
        try:
            activate_contract(principal=request.principal, contract_id=row.pk)
            return redirect("portal-material-contract", row.pk)
        except InvalidInput as error:
            refused = error.title
    compiled = compile_contract(row.text)
    faults = say.faults_in_words(compiled, unenforced(request.principal, compiled))
    problem = _("It cannot be put into force as it is.") if faults else refused
    screen = _activation(row, compiled, faults, problem)
    return render(
        request, "portal/bind.html", {"screen": screen, "form": None}, status=422 if refused else 200
    )


def _activation(row: DataContract, compiled: Compiled, faults: list[say.Fault], problem: str) -> Binding:
    number = len(compiled.clauses.source_classes)
    return Binding(
        title=_("Put %(name)s into force?") % {"name": row},
        lead=_("It counts from the moment you press the button: at the next question of any machine."),
        verb=_("Put it into force"),
        back=reverse("portal-material-contract", args=[row.pk]),
        consequences=(
            *(Consequence("octagon-x", one.where, one.why, "deny") for one in faults),
            Consequence(
                "shield-check",
                ngettext("%(n)s class of sources", "%(n)s classes of sources", number)
                % {"n": figure(number)},
                _("stands under it: %(names)s.") % {"names": ", ".join(compiled.clauses.source_classes)},
            ),
            Consequence("history", _("The version before it"), _("is retired at the same moment.")),
            Consequence(
                "octagon-x", _("What it would not have admitted"), _("is taken down by itself."), "deny"
            ),
            Consequence("users", _("Two people"), _("stand behind it: who registered it, and you.")),
        ),
        terms_hash=row.hash.removeprefix("sha256:"),
        hash_caption=_("You put this contract into force (sha256)"),
        problem=problem,
    )


@material_page
@require_http_methods(["GET", "POST"])
def retire_page(request: PortalRequest, contract_id: UUID) -> HttpResponse:
    """Counsel retires a version with none after it."""
    row = _for_counsel(request, contract_id)
    form = StopForm(request.POST if request.method == "POST" else None)
    back = reverse("portal-material-contract", args=[row.pk])
    if request.method == "POST" and carried_out(form, _retiring(request, row, form)):
        return redirect(back)
    screen = Binding(
        title=_("Retire %(name)s?") % {"name": row},
        lead=_("For good. A new version can take its place."),
        verb=_("Retire the contract"),
        icon="circle-x",
        danger=True,
        back=back,
        consequences=(
            Consequence(
                "circle-pause", _("Its classes admit nothing by themselves"), _("until another is in force.")
            ),
            Consequence("history", _("What came in under it"), _("stays, and each verdict names it.")),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _retiring(request: PortalRequest, row: DataContract, form: StopForm) -> Callable[[], Any]:
    return lambda: retire_contract(
        principal=request.principal, contract_id=row.pk, reason=form.cleaned_data["reason"]
    )


def _purpose(plain: dict[str, Any]) -> str:
    told = plain.get("description")
    return str(told.get("purpose") or "") if isinstance(told, dict) else ""


def _contract(request: PortalRequest, contract_id: UUID) -> DataContract:
    row = contract_for(request.principal, contract_id)
    if row is None:
        raise Http404
    return row


def _for_counsel(request: PortalRequest, contract_id: UUID) -> DataContract:
    row = _contract(request, contract_id)
    if not is_counsel(request.principal):
        raise PermissionDenied
    return row
