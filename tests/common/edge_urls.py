"""A small API on the real base classes, for the tests of the edge."""

from typing import Any, ClassVar

from django.db import OperationalError
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation
from accounts.services import register_organisation
from common.api import ApiView, problem
from common.problems import PROBLEM_JSON


class PartyInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=160)
    kind = serializers.ChoiceField(Organisation.Kind.choices)


class Parties(ApiView):
    required_scope: ClassVar[dict[str, str]] = {"POST": "licence:request", "GET": "licence:read"}

    def post(self, request: Request) -> Response:
        fields = self.parsed(PartyInput)
        row = register_organisation(name=fields["name"], kind=fields["kind"])
        return Response({"id": row.pk}, status=201)

    def get(self, request: Request) -> Response:
        raise OperationalError("the database went away")


class Hidden(ApiView):
    """Returns its refusal, so that what it wrote of the attempt is kept."""

    required_scope: ClassVar[dict[str, str]] = {"POST": "licence:request"}

    def post(self, request: Request) -> Response:
        return Response(problem(404, "NOT_FOUND", "There is nothing here."), 404, content_type=PROBLEM_JSON)


class Broken(ApiView):
    def get(self, request: Request) -> Response:
        raise RuntimeError("a secret detail")


urlpatterns = [
    path("api/v1/parties", Parties.as_view()),
    path("api/v1/hidden", Hidden.as_view()),
    path("api/v1/broken", Broken.as_view()),
]
handler404 = "common.problems.not_found"
