"""What needs no key: the public keys of decisions and leases."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control

from common.keys import public_keys, signer_for
from trustcore.signing import public_key_set

# Seconds; a revoked key is forgotten as soon as for tokens.
JWKS_TTL_SECONDS = 300


@method_decorator(cache_control(public=True, max_age=JWKS_TTL_SECONDS), name="dispatch")
class DecisionJwksView(View):
    """``/.well-known/decision-jwks.json`` (RFC 7517): keys that sign leases and decisions, and no tokens."""

    def get(self, request: HttpRequest) -> HttpResponse:
        signer_for("DECISION")  # the first reader of a new deployment finds a key, not an empty set
        body = json.dumps(public_key_set(public_keys("DECISION")), separators=(",", ":"))
        return HttpResponse(body, content_type="application/jwk-set+json")
