"""The deployment's signing keys: how each stands, what each signed in every log, rotation, compromise."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.presence import require_presence
from agents_portal.access import OPERATOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.signing_keys import RevokeKeyForm
from agents_portal.words import Badge
from audit.services import record
from common.errors import InvalidInput
from common.models import SigningKey
from licensing.workflows import reissue_after
from receipts.selectors import key_use
from receipts.services import revoke_signing_key, rotate_signing_key

_PURPOSES = {
    "TOKEN": gettext_lazy("Licences and their tokens"),
    "LOG": gettext_lazy("Checkpoints of the logs"),
    "BUNDLE": gettext_lazy("Compliance bundles"),
    "DECISION": gettext_lazy("Answers to render checks"),
    "STATUS": gettext_lazy("Lists of what was revoked"),
    "CREDENTIALS": gettext_lazy("Content Credentials"),
}
_ROTATABLE = ("TOKEN", "LOG", "BUNDLE", "DECISION", "STATUS")


@portal_page(OPERATOR)
@require_GET
def signing_keys_page(request: PortalRequest) -> HttpResponse:
    """List every key by what it signs, those that sign first."""
    rows: dict[str, list[tuple[SigningKey, Badge]]] = {}
    for key in SigningKey.objects.order_by("purpose", "state", "-created_at"):
        rows.setdefault(key.purpose, []).append((key, _badge(key)))
    active = sum(key.state == SigningKey.State.ACTIVE for keys in rows.values() for key, _mark in keys)
    return render(
        request,
        "portal/signing_keys.html",
        {
            "groups": [
                (purpose, _PURPOSES.get(purpose, purpose), keys, purpose in _ROTATABLE)
                for purpose, keys in rows.items()
            ],
            "headline": ngettext("%(n)s key signs", "%(n)s keys sign", active) % {"n": active},
            "may_act": _may_act(request),
        },
    )


@portal_page(OPERATOR)
@require_GET
def signing_key_page(request: PortalRequest, kid: str) -> HttpResponse:
    """Show one key, and what every log holds of it before and after its revocation."""
    key = _key(kid)
    return render(
        request,
        "portal/signing_key.html",
        {
            "key": key,
            "badge": _badge(key),
            "purpose": _PURPOSES.get(key.purpose, key.purpose),
            "uses": key_use(kid)[:200],
            "may_revoke": _may_act(request) and key.state == SigningKey.State.RETIRED,
        },
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def rotate_page(request: PortalRequest, purpose: str) -> HttpResponse:
    """Retire the active key of a purpose and make its successor."""
    _require(request)
    if purpose not in _ROTATABLE:
        raise Http404
    require_presence(request.principal)
    if request.method == "POST":
        require_presence(request.principal)
        made = rotate_signing_key(purpose=purpose)
        _record(request, "operator.key_rotated", made)
        messages.success(request, _("The new key signs from now on."), extra_tags="permit")
        return redirect("portal-signing-keys")
    screen = Binding(
        title=_("Rotate this key?"),
        lead=str(_PURPOSES[purpose]),
        verb=_("Rotate the key"),
        icon="replace",
        back=reverse("portal-signing-keys"),
        go_back=_("Go back"),
        consequences=(
            Consequence("key-round", _("A new key signs"), _("within seconds, in every process.")),
            Consequence(
                "circle-check",
                _("What the old one signed"),
                _("still verifies: it is retired, not revoked."),
                "permit",
            ),
            Consequence("scroll-text", _("Every log tells it."), ""),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def revoke_key_page(request: PortalRequest, kid: str) -> HttpResponse:
    """Trust a retired key no more; what a token key granted is signed anew in the background."""
    _require(request)
    key = _key(kid)
    require_presence(request.principal)
    form = RevokeKeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        require_presence(request.principal)
        try:
            revoked = revoke_signing_key(kid=kid, compromised_at=form.cleaned_data["compromised_at"])
        except InvalidInput as error:
            form.add_error("compromised_at", error.title)
        else:
            _record(request, "operator.key_revoked", revoked)
            if revoked.purpose == SigningKey.Purpose.TOKEN:
                reissue_after(kid=kid)
            messages.success(
                request, _("It is trusted no more, and every log tells it."), extra_tags="permit"
            )
            return redirect("portal-signing-key", kid)
    screen = Binding(
        title=_("Stop trusting this key?"),
        lead=str(_PURPOSES.get(key.purpose, key.purpose)),
        verb=_("Stop trusting it"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-signing-key", args=[kid]),
        go_back=_("Go back"),
        consequences=(
            Consequence(
                "shield-x",
                _("What it signed"),
                _("verifies no more, anywhere, from the next look on."),
                "deny",
            ),
            Consequence(
                "signature", _("Licences that it granted"), _("are signed anew; nothing is agreed again.")
            ),
            Consequence(
                "scroll-text", _("Every log tells it,"), _("with the time since when it was compromised.")
            ),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _key(kid: str) -> SigningKey:
    found = SigningKey.objects.filter(kid=kid).first()
    if found is None:
        raise Http404
    return found


def _badge(key: SigningKey) -> Badge:
    if key.state == SigningKey.State.ACTIVE:
        return Badge("circle-check", _("Signs"), "permit")
    if key.state == SigningKey.State.RETIRED:
        return Badge("history", _("Retired, still verifies"))
    if key.compromised_at:
        return Badge("shield-x", _("Compromised"), "deny")
    return Badge("circle-x", _("Trusted no more"), "deny")


def _may_act(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")


def _require(request: PortalRequest) -> None:
    if not _may_act(request):
        raise PermissionDenied


def _record(request: PortalRequest, kind: str, key: SigningKey) -> None:
    record(
        kind=kind,
        principal=request.principal,
        object_type="key",
        object_id=key.kid,
        details={"purpose": key.purpose, "kid": key.kid},
    )
