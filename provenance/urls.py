"""Routes of this floor."""

from django.urls import include, path, re_path

from provenance import api, labels_api
from provenance.omc import api as exchange
from provenance.softbinding.api import Discovery

urlpatterns = [
    path("", include("provenance.graph.urls")),
    path(".well-known/c2pa-soft-binding-resolution", Discovery.as_view()),
    path("softbinding/v1/", include("provenance.softbinding.urls")),
    # the same under the API's own roof; described by the C2PA's document, not by ours
    re_path("^api/v1/softbinding/", include("provenance.softbinding.urls")),
    path(".well-known/c2pa-authority.pem", api.authority, name="c2pa-authority"),
    path(".well-known/c2pa-authority.crl", api.revocation_lists, name="c2pa-revocations"),
    path(
        "api/v1/productions/<uuid:production_id>/softbinding",
        api.ProductionResolution.as_view(),
        name="production-softbinding",
    ),
    path(
        "api/v1/productions/<uuid:production_id>/omc", exchange.ProductionOmc.as_view(), name="production-omc"
    ),
    path(
        "api/v1/productions/<uuid:production_id>/prov",
        exchange.ProductionProv.as_view(),
        name="production-prov",
    ),
    path("api/v1/watermarks/registrations", api.MarkRegistrations.as_view(), name="watermark-registrations"),
    path("api/v1/watermarks/<str:payload>/trail", api.MarkTrail.as_view(), name="watermark-trail"),
    path("api/v1/assets", api.Assets.as_view(), name="assets"),
    path("api/v1/assets/<uuid:asset_id>", api.AssetDetail.as_view(), name="asset"),
    path("api/v1/assets/<uuid:asset_id>/take-up", api.AssetTakeUp.as_view(), name="asset-take-up"),
    path("api/v1/assets/<uuid:asset_id>/content", api.AssetContent.as_view(), name="asset-content"),
    path("api/v1/assets/<uuid:asset_id>/proxy", api.AssetProxy.as_view(), name="asset-proxy"),
    path("api/v1/assets/<uuid:asset_id>/eu-evidence", api.AssetEvidence.as_view(), name="asset-eu-evidence"),
    path(
        "api/v1/assets/<uuid:asset_id>/eu-evidence.html",
        api.AssetEvidencePage.as_view(),
        name="asset-eu-evidence-page",
    ),
    path("api/v1/assets/<uuid:asset_id>/labels", labels_api.AssetLabels.as_view(), name="asset-labels"),
    path("api/v1/assets/<uuid:asset_id>/manifest", api.AssetManifest.as_view(), name="asset-manifest"),
]
