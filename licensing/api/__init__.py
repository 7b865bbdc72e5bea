"""The HTTP face of licensing: one class for each resource, parse, call, serialise."""

from licensing.api.alerts import AlertsApi
from licensing.api.introspection import IntrospectionApi
from licensing.api.productions import ProductionApi, ProductionsApi
from licensing.api.public import IssuerView, JwksView, StatusListsView, StatusListView
from licensing.api.requests import AcceptApi, RequestApi, RequestsApi, WithdrawApi
from licensing.api.tokens import HeartbeatApi, RevokeApi, TokenApi, TokensApi
from licensing.api.visibility import VisibilityApi

__all__ = [
    "AcceptApi",
    "AlertsApi",
    "HeartbeatApi",
    "IntrospectionApi",
    "IssuerView",
    "JwksView",
    "ProductionApi",
    "ProductionsApi",
    "RequestApi",
    "RequestsApi",
    "RevokeApi",
    "StatusListView",
    "StatusListsView",
    "TokenApi",
    "TokensApi",
    "VisibilityApi",
    "WithdrawApi",
]
