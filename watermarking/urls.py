"""Routes of the marks."""

from django.urls import path

from watermarking import api

urlpatterns = [
    path("api/v1/watermarks", api.MarksApi.as_view(), name="api-watermarks"),
    path("api/v1/watermarks/schemes", api.SchemesApi.as_view(), name="api-watermark-schemes"),
    path("api/v1/watermarks/detect", api.DetectApi.as_view(), name="api-watermark-detect"),
    path(
        "api/v1/watermarks/detections/<uuid:uid>", api.DetectionApi.as_view(), name="api-watermark-detection"
    ),
]
