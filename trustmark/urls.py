"""The public surface: each package brings its own routes; nothing is decided here."""

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from trustmark import health, sbom, support
from trustmark.api_schema import ApiSchema


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
    path(".well-known/sbom", sbom.sbom, name="sbom"),
    path("metrics", health.metrics, name="metrics"),
    path("api/schema/", ApiSchema.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
    path("", include("notify.urls")),
    path("", include("licensing.urls")),
    path("", include("watermarking.urls")),
    path("", include("screenplays.urls")),
    path("", include("receipts.urls")),
    path("", include("training.urls")),
    path("", include("provenance.urls")),
    path("", include("verification.urls")),
    path("", include("compliance.urls")),
    # allauth names these; the portal has its own pages for what is open (agents_portal.urls)
    *(
        path(f"accounts/{name}/", closed, name=name)
        for name in (
            "account_signup",
            "account_reauthenticate",
            "account_email",
            "account_inactive",
            "mfa_index",
            "mfa_reauthenticate",
            "mfa_reauthenticate_webauthn",
            "socialaccount_signup",
            "socialaccount_connections",
            "socialaccount_login_cancelled",
        )
    ),
    path("support/", support.site.urls),
    path("", include("agents_portal.urls")),
]

handler400 = "common.problems.bad_request"
handler403 = "common.problems.forbidden"
handler404 = "common.problems.not_found"
handler500 = "common.problems.server_error"
