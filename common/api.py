"""The edge of the HTTP API: what every operation's class stands on."""

from typing import Any, ClassVar

from rest_framework import exceptions
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from common.idempotency import IdempotentMixin
from common.pagination import CursorPage
from common.problems import problem, problem_response

__all__ = ["ApiView", "CursorPage", "problem", "problem_response"]


class ApiView(IdempotentMixin, APIView):
    """Base of every operation: ``input_serializer`` parses the body, unknown fields are refused."""

    required_scope: ClassVar[str | dict[str, str] | None] = None

    def parsed(self, serializer: type[Serializer[Any]], data: Any = None) -> dict[str, Any]:
        """Validate the body (or ``data``) against ``serializer``; fields it does not know are an error."""
        body = self.request.data if data is None else data
        if not isinstance(body, dict | type(self.request.query_params)):
            raise exceptions.ValidationError({"": ["Expected a JSON object."]})
        instance = serializer(data=body)
        instance.is_valid(raise_exception=True)
        if unknown := sorted(set(body) - set(instance.fields)):
            raise exceptions.ValidationError({name: ["This field is unknown."] for name in unknown})
        return dict(instance.validated_data)
