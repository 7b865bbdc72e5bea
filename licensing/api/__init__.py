"""The HTTP face of licensing: one class for each resource, parse, call, serialise."""

from licensing.api.alerts import AlertsApi
from licensing.api.holds import HoldLiftApi, HoldsApi, LiftStopApi, ResumeApi, StopApi, SuspendApi
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
    "HoldLiftApi",
    "HoldsApi",
    "IntrospectionApi",
    "IssuerView",
    "JwksView",
    "LiftStopApi",
    "ProductionApi",
    "ProductionsApi",
    "RequestApi",
    "RequestsApi",
    "ResumeApi",
    "RevokeApi",
    "StatusListView",
    "StatusListsView",
    "StopApi",
    "SuspendApi",
    "TokenApi",
    "TokensApi",
    "VisibilityApi",
    "WithdrawApi",
]
