"""Routes of the graph."""

from django.urls import path

from provenance.graph.api import assets, documents, generations, questions, trail

urlpatterns = [
    path("schemas/generation-record-1.json", generations.generation_schema, name="generation-schema"),
    path("api/v1/generations", generations.Generations.as_view(), name="generations"),
    path("api/v1/graph/assets", assets.GraphAssets.as_view(), name="graph-assets"),
    path("api/v1/assets/<uuid:asset_id>/versions", assets.AssetVersions.as_view(), name="asset-versions"),
    path("api/v1/assets/<uuid:asset_id>/origin", assets.AssetOrigin.as_view(), name="asset-origin"),
    path("api/v1/assets/<uuid:asset_id>/statement", assets.AssetStatement.as_view(), name="asset-statement"),
    path("api/v1/assets/<uuid:asset_id>/ancestors", assets.AssetAncestors.as_view(), name="asset-ancestors"),
    path(
        "api/v1/assets/<uuid:asset_id>/descendants",
        assets.AssetDescendants.as_view(),
        name="asset-descendants",
    ),
    path(
        "api/v1/assets/<uuid:asset_id>/documents", documents.AssetDocuments.as_view(), name="asset-documents"
    ),
    path("api/v1/assets/<uuid:asset_id>/trail", trail.AssetTrail.as_view(), name="asset-trail"),
    path(
        "api/v1/assets/<uuid:asset_id>/questions/<str:question>",
        questions.AssetQuestion.as_view(),
        name="asset-question",
    ),
    path(
        "api/v1/productions/<uuid:production_id>/question-times",
        questions.ProductionStopwatch.as_view(),
        name="production-question-times",
    ),
    path("api/v1/assets/<uuid:asset_id>/decisions", assets.AssetDecisions.as_view(), name="asset-decisions"),
    path(
        "api/v1/productions/<uuid:production_id>/completeness",
        assets.ProductionCompleteness.as_view(),
        name="production-completeness",
    ),
]
