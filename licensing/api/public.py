"""What needs no key: what the issuer offers, its public keys and the status lists; cacheable.

Each document carries an ``ETag`` of its bytes, so that who has it asks again for nothing (304).
"""

import json
from typing import Any, ClassVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from django.views import View

from common.errors import Unavailable
from common.problems import problem_response
from licensing import selectors
from licensing.selectors.status import STATUS_TTL_SECONDS
from trustcore.compact import ALGORITHM
from trustcore.tokens import DETAIL_TYPE

# Seconds a reader may keep the keys: for so long a new key may be unknown to who does not look again, and a
# revoked one trusted by who asks neither us nor the status list.
JWKS_TTL_SECONDS = 300


class PublicDocument(View):
    """A document for anyone: its bytes, its type, and for how many seconds a copy is good."""

    content_type: ClassVar[str] = "application/json"
    max_age: ClassVar[int] = JWKS_TTL_SECONDS

    def document(self, **where: Any) -> str | None:
        """The text as of now; None: there is no such document."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **where: Any) -> HttpResponseBase:
        try:
            text = self.document(**where)
        except Unavailable as error:
            return problem_response(error.status, error.code, error.title, error.detail)
        if text is None:
            raise Http404
        response = HttpResponse(text, content_type=self.content_type)
        patch_cache_control(response, public=True, max_age=self.max_age)
        set_response_etag(response)
        return get_conditional_response(request, etag=response["ETag"], response=response) or response


class JwksView(PublicDocument):
    """``/.well-known/jwks.json`` (RFC 7517): keys that sign now, and those that may still verify."""

    content_type = "application/jwk-set+json"

    def document(self, **where: Any) -> str:
        return _compact(selectors.jwks())


class StatusListView(PublicDocument):
    """``/status-lists/{id}`` (IETF Token Status List): two bits a token, signed."""

    content_type = "application/statuslist+jwt"
    max_age = STATUS_TTL_SECONDS

    def document(self, **where: Any) -> str | None:
        return selectors.status_list_jwt(where["number"])


class StatusListsView(PublicDocument):
    """``/status-lists``: where every list is (Token Status List, section 9)."""

    def document(self, **where: Any) -> str:
        return _compact(selectors.status_lists())


class IssuerView(PublicDocument):
    """``/.well-known/oauth-authorization-server`` (RFC 8414): what this issuer offers.

    Tokens are fetched by heartbeat with an API key, not by a grant, so there is no token endpoint.
    """

    def document(self, **where: Any) -> str:
        base = settings.BASE_URL
        return _compact(
            {
                "issuer": base,
                "jwks_uri": f"{base}/.well-known/jwks.json",
                "introspection_endpoint": f"{base}/api/v1/introspect",
                "introspection_endpoint_auth_methods_supported": ["Bearer"],
                "response_types_supported": [],
                "grant_types_supported": [],
                "dpop_signing_alg_values_supported": [ALGORITHM],
                "tls_client_certificate_bound_access_tokens": False,
                "authorization_details_types_supported": [DETAIL_TYPE],
                "status_list_aggregation_endpoint": f"{base}/status-lists",
                "service_documentation": f"{base}/api/docs/",
            }
        )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
