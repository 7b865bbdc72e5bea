"""Who may call an operation: a known caller whose API key holds the operation's scope."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from common.errors import Forbidden

if TYPE_CHECKING:  # DRF imports this module while it builds its views
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The caller is known and, with an API key, holds the view's ``required_scope``.

    A view says ``required_scope = "licence:read"``, or a dict by method. ``None`` is open to every
    known caller. People signed in at the portal hold every scope of their roles.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        principal = getattr(request, "principal", None)
        if principal is None:
            raise exceptions.NotAuthenticated
        scope = getattr(view, "required_scope", None)
        if isinstance(scope, dict):
            scope = scope.get(request.method)
        if scope is not None and not principal.holds(scope):
            raise Forbidden(
                "SCOPE_MISSING",
                "This API key may not do this.",
                _("It needs the scope %(scope)s.") % {"scope": scope},
                {"scope": scope},
            )
        return True
