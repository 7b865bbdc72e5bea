"""Routes of the marks."""

from django.urls import path

from watermarking import api, work_api

urlpatterns = [
    path("api/v1/watermarks", api.MarksApi.as_view(), name="api-watermarks"),
    path("api/v1/watermarks/schemes", api.SchemesApi.as_view(), name="api-watermark-schemes"),
    path("api/v1/watermarks/jobs", work_api.MarkJobs.as_view(), name="api-watermark-jobs"),
    path("api/v1/watermarks/jobs/<uuid:uid>", work_api.MarkJob.as_view(), name="api-watermark-job"),
    path(
        "api/v1/watermarks/jobs/<uuid:uid>/cancel",
        work_api.MarkJobCancel.as_view(),
        name="api-watermark-job-cancel",
    ),
    path(
        "api/v1/watermarks/jobs/<uuid:uid>/content",
        work_api.MarkJobContent.as_view(),
        name="api-watermark-job-content",
    ),
    path("api/v1/watermarks/detect", api.DetectApi.as_view(), name="api-watermark-detect"),
    path(
        "api/v1/watermarks/detections/<uuid:uid>", api.DetectionApi.as_view(), name="api-watermark-detection"
    ),
]
