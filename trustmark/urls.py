"""The public surface: each package brings its own routes; nothing is decided here."""

from allauth.account import views as sign_in
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from trustmark import health, support


def closed(request: HttpRequest) -> HttpResponse:
    """An address that allauth needs to name but nobody may visit."""
    raise Http404


# the house's policy, but for the style sheet that this page carries in itself; its scripts are files of ours
api_docs = csp_update({"style-src": ["'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="schema")
)

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
    path("", include("notify.urls")),
    path("", include("licensing.urls")),
    path("", include("watermarking.urls")),
    path("", include("receipts.urls")),
    path("", include("provenance.urls")),
    path("", include("compliance.urls")),
    # of allauth's pages just these, and the portal's own sign-in and sign-out: accounts are made by administrators, and no mail is sent yet
    path("accounts/password/change/", sign_in.password_change, name="account_change_password"),
    path("accounts/reauthenticate/", sign_in.reauthenticate, name="account_reauthenticate"),
    path("accounts/signup/", closed, name="account_signup"),
    path("support/", support.site.urls),
    path("", include("agents_portal.urls")),
]

handler400 = "common.problems.bad_request"
handler403 = "common.problems.forbidden"
handler404 = "common.problems.not_found"
handler500 = "common.problems.server_error"
