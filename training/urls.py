"""Routes of the rights gate."""

from django.urls import path

from training.api import assets, manifests, reports, sources, takedowns, views

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
    path("api/v1/takedowns", takedowns.TakedownsApi.as_view(), name="api-takedowns"),
    path("api/v1/takedowns/<uuid:takedown_id>", takedowns.TakedownApi.as_view(), name="api-takedown"),
    path("api/v1/takedowns/<uuid:takedown_id>/reach", takedowns.TakedownReachApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/items", takedowns.TakedownItemsApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/items/<uuid:item_id>", takedowns.TakedownItemApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/remove", takedowns.TakedownRemoveApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/call-off", takedowns.TakedownCallOffApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/close", takedowns.TakedownCloseApi.as_view()),
    path("api/v1/takedowns/<uuid:takedown_id>/certificate", takedowns.TakedownCertificateApi.as_view()),
    # -- reports, views, rights reviews
    path("api/v1/rights-reports", reports.RightsReportsApi.as_view(), name="api-rights-reports"),
    path("api/v1/rights-reports/<uuid:report_id>", reports.RightsReportApi.as_view()),
    path("api/v1/rights-reports/<uuid:report_id>/content", reports.RightsReportContentApi.as_view()),
    path("api/v1/rights-reports/<uuid:report_id>/statement", reports.RightsReportStatementApi.as_view()),
    path(
        "api/v1/rights-reports/<uuid:report_id>/tables/<slug:table>", reports.RightsReportTableApi.as_view()
    ),
    path("api/v1/rights-reports/<uuid:report_id>/rerun", reports.RightsReportRerunApi.as_view()),
    path("api/v1/training-views/<slug:view>", views.TrainingViewApi.as_view()),
    path("api/v1/training-measures", views.TrainingMeasuresApi.as_view()),
    path("api/v1/rights-reviews", views.RightsReviewsApi.as_view()),
    path("api/v1/rights-reviews/<uuid:review_id>/answer", views.RightsReviewApi.as_view()),
]
