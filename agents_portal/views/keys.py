"""API keys: list, make (shown once), revoke."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import ApiCredential, Scope
from accounts.presence import NotBound, require_presence
from accounts.selectors import credentials_of
from accounts.services import create_api_credential, revoke_api_credential
from agents_portal.access import STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.keys import KeyForm, scopes_for
from agents_portal.sentences import ends_in
from agents_portal.words import Badge, and_list, figure, opening, spelled
from audit.services import record
from common import clock
from common.errors import InvalidInput

_SCOPES = dict(Scope.choices)
_FIELD_OF = {
    "PROOF_KEY_INVALID": "proof_jwk",
    "CERTIFICATE_INVALID": "certificate",
    "NETWORK_INVALID": "networks",
}
_MAKERS = ("PRODUCER", "ENGINEER", "ADMIN")


@portal_page(STUDIO, VENDOR)
@require_GET
def keys_page(request: PortalRequest) -> HttpResponse:
    """List the organisation's keys: what each may do, when it was used, when it ends."""
    rows = [
        {
            "key": key,
            "badge": key_badge(key),
            "may": scopes_in_words(key),
            "by": "" if key.revoked_at else key.created_by.full_name,
        }
        for key in credentials_of(request.principal).select_related("created_by")
    ]
    live = sum(row["key"].revoked_at is None and row["key"].expires_at > clock.now() for row in rows)  # type: ignore[attr-defined]
    headline = _("No keys work")
    if live:
        headline = ngettext("%(count)s key works", "%(count)s keys work", live) % {"count": spelled(live)}
    return render(
        request,
        "portal/keys.html",
        {"rows": rows, "headline": opening(headline), "may_make": _may_make(request)},
    )


@portal_page(STUDIO, VENDOR)
@require_http_methods(["GET", "POST"])
def new_key_page(request: PortalRequest) -> HttpResponse:
    """Make a key; the answer to the POST shows it, once, and is never kept by a cache."""
    if not _may_make(request):
        raise PermissionDenied
    form = KeyForm(request.POST if request.method == "POST" else None, scopes=scopes_for(request.principal))
    if request.method == "POST" and form.is_valid():
        try:
            require_presence(request.principal)
            key, secret = _make_key(request, form)
        except NotBound as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
        except InvalidInput as error:
            form.add_error(_FIELD_OF.get(error.code), f"{error.title} {error.detail or ''}".strip())
        else:
            return render(request, "portal/key_made.html", {"key": key, "secret": secret})
    return render(request, "portal/key_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page(STUDIO, VENDOR)
@require_http_methods(["GET", "POST"])
def revoke_key_page(request: PortalRequest, key_id: UUID) -> HttpResponse:
    """End a key at once."""
    key = credentials_of(request.principal).filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise Http404
    if not _may_make(request):
        raise PermissionDenied
    if request.method == "POST":
        require_presence(request.principal)
        with transaction.atomic():
            revoke_api_credential(credential=key)
            _record(request, "key.revoked", key)
        return redirect("portal-keys")
    screen = Binding(
        title=_("Revoke the key %(name)s?") % {"name": key.name},
        lead=_("Whatever uses it is refused from its next call on."),
        verb=_("Revoke the key"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-keys"),
        consequences=(
            Consequence(
                "circle-x",
                _("%(name)s stops working at once.") % {"name": key.name},
                _("It cannot be brought back; make a new one."),
                "deny",
            ),
            Consequence("film", _("Leases it holds end at their next heartbeat.")),
            Consequence("check", _("Receipts it has sent stay.")),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def scopes_in_words(key: ApiCredential) -> str:
    """What a key may do."""
    return and_list([str(_SCOPES.get(one, one)) for one in key.scopes])


def key_badge(key: ApiCredential) -> Badge:
    """How a key stands."""
    now = clock.now()
    if key.revoked_at is not None:
        return Badge("circle-x", _("Revoked"), "deny")
    days = (key.expires_at - now).days
    if key.expires_at <= now:
        return Badge("calendar-x", _("Ended"))
    if days <= 14:
        return Badge("clock-alert", ends_in(days), "expire")
    if key.last_used_at is None:
        return Badge("circle-dashed", _("Not used yet"))
    idle = (now - key.last_used_at).days
    if idle >= 60:
        return Badge("circle-question-mark", _("Unused for %(days)s days") % {"days": figure(idle)}, "unsure")
    return Badge("circle-check", _("Working"), "permit")


def _may_make(request: PortalRequest) -> bool:
    return request.principal.is_role(*_MAKERS)


def _make_key(request: PortalRequest, form: KeyForm) -> tuple[ApiCredential, str]:
    with transaction.atomic():
        key, secret = create_api_credential(
            organisation=request.principal.organisation,
            created_by=request.principal.person,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at,
            proof_jwk=form.cleaned_data["proof_jwk"],
            certificate=form.cleaned_data["certificate"],
            networks=form.cleaned_data["networks"].splitlines(),
        )
        _record(request, "key.created", key)
    return key, secret


def _record(request: PortalRequest, kind: str, key: ApiCredential) -> None:
    record(
        kind=kind,
        principal=request.principal,
        object_type="api_credential",
        object_id=key.pk,
        details={"name": key.name, "prefix": key.prefix, "scopes": list(key.scopes)},
    )
