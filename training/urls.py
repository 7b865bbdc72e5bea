"""Routes of the rights gate."""

from django.urls import path

from training.api import assets, manifests, sources

urlpatterns = [
    path("api/v1/source-classes", sources.SourceClassesApi.as_view(), name="api-source-classes"),
    path("api/v1/source-classes/<uuid:class_id>/stop", sources.SourceClassStopApi.as_view()),
    path("api/v1/source-classes/<uuid:class_id>/open", sources.SourceClassOpenApi.as_view()),
    path("api/v1/source-domains", sources.SourceDomainsApi.as_view()),
    path("api/v1/sources", sources.SourcesApi.as_view(), name="api-sources"),
    path("api/v1/sources/<uuid:source_id>", sources.SourceApi.as_view(), name="api-source"),
    path("api/v1/sources/<uuid:source_id>/rights", sources.SourceRightsApi.as_view()),
    path("api/v1/training-rights/<uuid:rights_id>/end", sources.RightsEndApi.as_view()),
    path("api/v1/training-assets", assets.TrainingAssetsApi.as_view(), name="api-training-assets"),
    path("api/v1/training-assets/<uuid:asset_id>", assets.TrainingAssetApi.as_view()),
    path("api/v1/training-assets/<uuid:asset_id>/content", assets.TrainingContentApi.as_view()),
    path("api/v1/training-jobs", assets.TrainingJobsApi.as_view()),
    path("api/v1/training-jobs/<uuid:job_id>/outputs", assets.TrainingOutputsApi.as_view()),
    path("api/v1/training-reviews", assets.TrainingReviewsApi.as_view()),
    path("api/v1/training-reviews/<uuid:review_id>/answer", assets.TrainingReviewApi.as_view()),
    path("api/v1/training-exceptions", assets.TrainingExceptionsApi.as_view()),
    path("api/v1/training-exceptions/<uuid:exception_id>/sign", assets.TrainingExceptionSignApi.as_view()),
    path("api/v1/training-exceptions/<uuid:exception_id>/end", assets.TrainingExceptionEndApi.as_view()),
    path("api/v1/manifests", manifests.ManifestsApi.as_view(), name="api-manifests"),
    path("api/v1/manifests/<str:name>", manifests.ManifestApi.as_view(), name="api-manifest"),
    path("api/v1/manifests/<str:name>/file", manifests.ManifestFileApi.as_view()),
    path("api/v1/manifests/<str:name>/check", manifests.ManifestCheckApi.as_view()),
    path("api/v1/manifests/<str:name>/release", manifests.ManifestReleaseApi.as_view()),
    path("api/v1/manifests/<str:name>/withdraw", manifests.ManifestWithdrawApi.as_view()),
    path("api/v1/training-runs", manifests.TrainingRunsApi.as_view(), name="api-training-runs"),
    path("api/v1/training-runs/<uuid:run_id>", manifests.TrainingRunApi.as_view()),
    path("api/v1/training-runs/<uuid:run_id>/provenance", manifests.TrainingRunReportApi.as_view()),
    path("api/v1/training-runs/<uuid:run_id>/models", manifests.TrainingRunModelsApi.as_view()),
]
