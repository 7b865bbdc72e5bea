"""The description of the API, written once for each language and form: it takes seconds, and anybody may ask for it."""

from functools import lru_cache
from threading import Lock

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

_writing = Lock()  # a crowd that asks at once waits for one, and does not write as many


class ApiSchema(SpectacularAPIView):
    """``/api/schema/``: OpenAPI as YAML or JSON."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        kind, language = request.accepted_renderer.media_type, str(translation.get_language())
        with _writing:
            text = _written(kind, language if language in dict(settings.LANGUAGES) else "en")
        return HttpResponse(text, content_type=kind)


@lru_cache(maxsize=16)
def _written(kind: str, language: str) -> str | bytes:
    (renderer,) = (one for one in ApiSchema.renderer_classes if one.media_type == kind)
    with translation.override(language):
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        written: str | bytes = renderer().render(schema, renderer_context={})
        return written
