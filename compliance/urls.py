"""Routes of this floor."""

from django.urls import path

from compliance import api

urlpatterns = [
    path("api/v1/bundles", api.Bundles.as_view(), name="bundles"),
    path("api/v1/bundles/<uuid:bundle_id>", api.BundleDetail.as_view(), name="bundle"),
    path("api/v1/bundles/<uuid:bundle_id>/content", api.BundleContent.as_view(), name="bundle-content"),
]
