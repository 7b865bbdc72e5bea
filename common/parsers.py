"""Reads JSON bodies strictly: unique names, bounded size and depth."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from common.errors import Malformed
from trustcore.encoding import parse_json_strict
from trustcore.errors import TrustError


class StrictJSONParser(BaseParser):
    """JSON with unique names, bounded size and depth; objects only where a view asks for fields."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(settings.API_BODY_BYTES_MAX + 1)
        if len(body) > settings.API_BODY_BYTES_MAX:
            raise RequestDataTooBig
        if not body:
            return {}
        try:
            return parse_json_strict(body, max_bytes=settings.API_BODY_BYTES_MAX, max_depth=32)
        except TrustError as error:
            raise Malformed("JSON_MALFORMED", "The body is not acceptable JSON.", str(error)) from error
