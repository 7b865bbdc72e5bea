"""Routes of licensing."""

from django.urls import path

from licensing import api

urlpatterns = [
    path("api/v1/productions", api.ProductionsApi.as_view(), name="api-productions"),
    path("api/v1/productions/<uuid:production_id>", api.ProductionApi.as_view(), name="api-production"),
    path("api/v1/visibility/check", api.VisibilityApi.as_view(), name="api-visibility-check"),
    path("api/v1/license-requests", api.RequestsApi.as_view(), name="api-requests"),
    path("api/v1/license-requests/<uuid:request_id>", api.RequestApi.as_view(), name="api-request"),
    path(
        "api/v1/license-requests/<uuid:request_id>/accept", api.AcceptApi.as_view(), name="api-request-accept"
    ),
    path(
        "api/v1/license-requests/<uuid:request_id>/withdraw",
        api.WithdrawApi.as_view(),
        name="api-request-withdraw",
    ),
    path("api/v1/tokens", api.TokensApi.as_view(), name="api-tokens"),
    path("api/v1/tokens/<uuid:jti>", api.TokenApi.as_view(), name="api-token"),
    path("api/v1/tokens/<uuid:jti>/heartbeat", api.HeartbeatApi.as_view(), name="api-token-heartbeat"),
    path("api/v1/tokens/<uuid:jti>/revoke", api.RevokeApi.as_view(), name="api-token-revoke"),
    path("api/v1/tokens/<uuid:jti>/suspend", api.SuspendApi.as_view(), name="api-token-suspend"),
    path("api/v1/tokens/<uuid:jti>/resume", api.ResumeApi.as_view(), name="api-token-resume"),
    path("api/v1/holds", api.HoldsApi.as_view(), name="api-holds"),
    path("api/v1/holds/<uuid:hold_id>/lift", api.HoldLiftApi.as_view(), name="api-hold-lift"),
    path("api/v1/talents/<uuid:talent_id>/emergency-stop", api.StopApi.as_view(), name="api-talent-stop"),
    path(
        "api/v1/talents/<uuid:talent_id>/emergency-stop/lift",
        api.LiftStopApi.as_view(),
        name="api-talent-stop-lift",
    ),
    path("api/v1/introspect", api.IntrospectionApi.as_view(), name="api-introspect"),
    path("api/v1/alerts", api.AlertsApi.as_view(), name="api-alerts"),
    path(".well-known/jwks.json", api.JwksView.as_view(), name="jwks"),
    path(".well-known/oauth-authorization-server", api.IssuerView.as_view(), name="issuer"),
    path("status-lists", api.StatusListsView.as_view(), name="status-lists"),
    path("status-lists/<int:number>", api.StatusListView.as_view(), name="status-list"),
]
