"""What needs no key: the issuer's public keys and the status lists, cacheable, outside the API's edge."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control

from licensing import selectors
from licensing.selectors.status import STATUS_TTL_SECONDS

# Seconds: a new key is published before it signs, and a revoked one is forgotten soon.
JWKS_TTL_SECONDS = 300


@method_decorator(cache_control(public=True, max_age=JWKS_TTL_SECONDS), name="dispatch")
class JwksView(View):
    """``/.well-known/jwks.json`` (RFC 7517): keys that sign now, and those that may still verify."""

    def get(self, request: HttpRequest) -> HttpResponse:
        body = json.dumps(selectors.jwks(), separators=(",", ":"))
        return HttpResponse(body, content_type="application/jwk-set+json")


@method_decorator(cache_control(public=True, max_age=STATUS_TTL_SECONDS), name="dispatch")
class StatusListView(View):
    """``/status-lists/{id}`` (IETF Token Status List): two bits a token, signed."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        token = selectors.status_list_jwt(number)
        if token is None:
            raise Http404
        return HttpResponse(token, content_type="application/statuslist+jwt")
