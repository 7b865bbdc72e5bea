"""The public surface: each package brings its own routes; nothing is decided here."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from trustmark import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("", include("licensing.urls")),
    path("", include("watermarking.urls")),
    path("", include("receipts.urls")),
    path("", include("provenance.urls")),
    path("", include("compliance.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("", include("agents_portal.urls")),
]

handler400 = "common.problems.bad_request"
handler403 = "common.problems.forbidden"
handler404 = "common.problems.not_found"
handler500 = "common.problems.server_error"
