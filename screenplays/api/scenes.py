"""Scenes and the shots that are made of them; never their words."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from screenplays import selectors, services
from screenplays.api.base import ScriptView, StrictSerializer
from screenplays.models import Scene


class ScriptShotsInput(StrictSerializer):
    """All shots that are made of the scene."""

    shots = serializers.ListField(child=serializers.CharField(max_length=80), max_length=500)


class ScriptSceneOutput(StrictSerializer):
    """A scene: its place, its number as printed, its shots."""

    ordinal = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    words = serializers.IntegerField()
    shots = serializers.ListField(child=serializers.CharField())


class ScriptScenesOutput(StrictSerializer):
    """Every scene of a version, in order."""

    scenes = ScriptSceneOutput(many=True)


class ScenesApi(ScriptView):
    """Scenes of a version."""

    required_scope = "script:read"

    @extend_schema(operation_id="screenplays_scenes", responses=ScriptScenesOutput)
    def get(self, request: Request, work_id: UUID, version_id: UUID) -> Response:
        """List them in order, with their shots."""
        version = selectors.versions_of(self.work(work_id)).filter(pk=version_id).first()
        if version is None:
            raise NotFound
        return Response({"scenes": [write_scene(one) for one in selectors.scenes_with_shots(version)]})


class SceneShotsApi(ScriptView):
    """The shots of one scene."""

    required_scope: ClassVar[dict[str, str]] = {"PUT": "script:write"}

    @extend_schema(
        operation_id="screenplays_link_shots", request=ScriptShotsInput, responses=ScriptShotsInput
    )
    def put(self, request: Request, work_id: UUID, version_id: UUID, ordinal: int) -> Response:
        """Say which shots are made of it; what was said before and is not said again ends."""
        shots = self.parsed(ScriptShotsInput)["shots"]
        services.link_shots(
            principal=self.principal, work_id=work_id, version_id=version_id, ordinal=ordinal, shots=shots
        )
        return Response({"shots": sorted({one.strip() for one in shots})})


def write_scene(scene: Scene) -> dict[str, Any]:
    """A scene as the API shows it."""
    return {
        "ordinal": scene.ordinal,
        "label": scene.label,
        "words": scene.words,
        "shots": [one.shot for one in scene.live_shots],  # type: ignore[attr-defined]  # prefetched
    }
