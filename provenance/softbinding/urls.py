"""Routes of the resolution API."""

from django.urls import path

from provenance.softbinding import api

urlpatterns = [
    path("matches/byBinding", api.ByBinding.as_view()),
    path("matches/byContent", api.ByContent.as_view()),
    path("matches/byReference", api.ByReference.as_view()),
    path("manifests/<str:manifest_id>", api.Manifest.as_view()),
    path("services/supportedAlgorithms", api.SupportedAlgorithms.as_view()),
    path("services/capabilities", api.Capabilities.as_view()),
    path("services/status", api.Status.as_view()),
]
