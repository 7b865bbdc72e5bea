"""Routes of this floor."""

from django.urls import path

from provenance import api

urlpatterns = [
    path(".well-known/c2pa-authority.pem", api.authority, name="c2pa-authority"),
    path(".well-known/c2pa-authority.crl", api.revocation_lists, name="c2pa-revocations"),
    path("api/v1/assets", api.Assets.as_view(), name="assets"),
    path("api/v1/assets/<uuid:asset_id>", api.AssetDetail.as_view(), name="asset"),
    path("api/v1/assets/<uuid:asset_id>/content", api.AssetContent.as_view(), name="asset-content"),
    path("api/v1/assets/<uuid:asset_id>/manifest", api.AssetManifest.as_view(), name="asset-manifest"),
]
