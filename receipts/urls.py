"""Routes of checks, leases, receipts and logs."""

from django.urls import path

from receipts import api

urlpatterns = [
    path("api/v1/render/checks", api.CheckApi.as_view(), name="api-render-checks"),
    path(
        "api/v1/render/leases/<uuid:uid>/heartbeat",
        api.LeaseHeartbeatApi.as_view(),
        name="api-lease-heartbeat",
    ),
    path("api/v1/render/leases/<uuid:uid>/end", api.LeaseEndApi.as_view(), name="api-lease-end"),
    path("api/v1/render/receipts", api.ReceiptsApi.as_view(), name="api-receipts"),
    path("api/v1/render/receipts/export", api.ExportApi.as_view(), name="api-receipts-export"),
    path("api/v1/render/receipts/<int:leaf>/proof", api.ProofApi.as_view(), name="api-receipt-proof"),
    path(".well-known/decision-jwks.json", api.DecisionJwksView.as_view(), name="decision-jwks"),
    path(
        "api/v1/logs/<uuid:production>/consistency",
        api.ConsistencyApi.as_view(),
        name="api-log-consistency",
    ),
    path("api/v1/logs/<uuid:production>/leaf", api.LeafApi.as_view(), name="api-log-leaf"),
    path("log/<uuid:production_id>/cosignatures", api.log_cosignatures, name="log-cosignatures"),
    path("log/<uuid:production_id>/<path:path>", api.log_file, name="log-file"),
]
