"""The HTTP face of the resolution API, operation by operation as the C2PA names them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from common import clock
from common.api import ApiView
from common.downloads import download
from common.errors import DomainError, Malformed, NotFound
from common.parsers import StrictJSONParser
from common.storage import local_copy
from provenance.softbinding import asking, matching
from provenance.softbinding.limits import QueryLimit, RawMedia, UploadLimit, body_on_disk, places
from watermarking.algorithms import algorithms

SPECIFICATION = "2.4.0"
_RESULTS_DEFAULT, _RESULTS_MAX = 10, 100
_ID_MAX = 200


class QueryTooLong(DomainError):
    """The address is longer than it needs to be."""

    status = 414


class PublicView(ApiView):
    """Open to everybody, counted by address, readable from any web page; refusals carry ``error`` too."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes: Sequence[type[BaseThrottle]] = (QueryLimit,)
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    idempotent = False
    schema = None

    def handle_exception(self, exc: Exception) -> Response:
        answer = super().handle_exception(exc)
        if isinstance(answer.data, dict):
            answer.data["error"] = answer.data.get("code", "REFUSED")
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Access-Control-Allow-Origin"] = "*"
        return final


class BindingInput(serializers.Serializer[Any]):
    """A soft binding: algorithm and value."""

    alg = serializers.CharField(max_length=200)
    value = serializers.CharField(max_length=4096)


class ByBinding(PublicView):
    """``queryByBinding`` and ``queryByLargeBinding``."""

    def get(self, request: Request) -> Response:
        """Find manifests by a value in the address."""
        alg, value = request.query_params.get("alg"), request.query_params.get("value")
        if not alg or not value:
            raise Malformed("QUERY_INCOMPLETE", "alg and value are needed.")
        if len(value) > matching.VALUE_MAX:
            raise QueryTooLong("VALUE_TOO_LONG", "This value is longer than one of ours.", "POST it instead.")
        return _matches(request, _by_binding(alg, value))

    def post(self, request: Request) -> Response:
        """Find manifests by a value in the body."""
        if not isinstance(request.data, dict) or not {"alg", "value"} <= set(request.data):
            raise Malformed("QUERY_INCOMPLETE", "alg and value are needed.")
        given = self.parsed(BindingInput)
        return _matches(request, _by_binding(given["alg"], given["value"]))


class ByContent(PublicView):
    """``uploadFile``: read the mark of a file that is sent, and find its manifests."""

    throttle_classes = (QueryLimit, UploadLimit)
    parser_classes = (RawMedia,)

    def post(self, request: Request) -> Response:
        """Find manifests by content; the hint is taken where reading found nothing."""
        alg = request.query_params.get("alg")
        layers = [matching.parse_algorithm(alg).layer] if alg else [one.layer for one in algorithms()]
        hint = _hint(request)
        _results_wanted(request)
        suffix = asking.suffix_of(request.content_type or "")
        with places.one(), body_on_disk(request, suffix=suffix) as path:
            found = asking.matches_in_file(path, suffix=suffix, layers=sorted(layers))
        return _matches(request, found or hint)


class ByReference(PublicView):
    """Version 2.4 lets a service fetch a file from an address; this one fetches nothing."""

    def post(self, request: Request) -> Response:
        """Refuse: a server that fetches what strangers name can be made to fetch anything."""
        raise Malformed(
            "REFERENCE_REFUSED", "This service fetches no addresses.", "Send the file to byContent."
        )


class Manifest(PublicView):
    """``getManifestById``."""

    def get(self, request: Request, manifest_id: str) -> HttpResponseBase:
        """Return a manifest store, or its active manifest alone."""
        alone = _flag(request.query_params.get("returnActiveManifest", "false"))
        if len(manifest_id) > _ID_MAX or not manifest_id.startswith("urn:"):
            raise Malformed("MANIFEST_ID_MALFORMED", "A manifest's id begins with urn: .")
        row = matching.public_manifest(manifest_id)
        if row is None:
            raise NotFound
        if alone:
            with local_copy(row.blob) as path:
                store = matching.active_alone(path.read_bytes())
            return _plain(store)
        return download(
            request,
            row.blob,
            file_name="manifest.c2pa",
            content_type="application/c2pa",
            size=row.size_bytes,
            sha256=row.sha256,
        )


class SupportedAlgorithms(PublicView):
    """``getSupportedBindings``."""

    def get(self, request: Request) -> Response:
        """List what is resolved here.

        Version 1.0.0 of the specification asks for a member ``watermarks`` in every item, by a misplaced
        condition; it names the layer, so that answers fit that version and the later ones.
        """
        listed = [{"alg": one.alg, "watermarks": [one.layer]} for one in algorithms()]
        return Response({"watermarks": listed, "fingerprints": []})


class Capabilities(PublicView):
    """Which of the optional operations are there."""

    def get(self, request: Request) -> Response:
        """Manifests and bindings are written at release and by nobody else; addresses are not fetched."""
        return Response(
            {"c2paSpecificationVersion": SPECIFICATION, "supportedCapabilities": ["queryByContent"]}
        )


class Status(PublicView):
    """Whether it works."""

    def get(self, request: Request) -> Response:
        """Say so, with the time."""
        return Response({"status": "ok", "timestamp": clock.rfc3339(clock.now())})


class Discovery(PublicView):
    """Where all this is, for who knows the host alone (RFC 8615)."""

    def get(self, request: Request) -> Response:
        """Name the addresses."""
        base = f"{settings.BASE_URL}/softbinding/v1"
        return Response(
            {
                "apiEndpoint": base,
                "c2paSpecificationVersion": SPECIFICATION,
                "capabilitiesEndpoint": f"{base}/services/capabilities",
                "statusEndpoint": f"{base}/services/status",
            }
        )


def _by_binding(alg: str, value: str) -> list[matching.Match]:
    algorithm, mark_id = matching.parse_algorithm(alg), matching.parse_value(value)
    return matching.matches_of_mark(mark_id, layers=[algorithm.layer])


def _hint(request: Request) -> list[matching.Match]:
    alg, value = request.query_params.get("hintAlg"), request.query_params.get("hintValue")
    if bool(alg) != bool(value):
        raise Malformed("QUERY_INCOMPLETE", "hintAlg and hintValue come together.")
    return _by_binding(alg, value) if alg and value else []


def _matches(request: Request, found: list[matching.Match]) -> Response:
    return Response({"matches": [one.to_dict() for one in found[: _results_wanted(request)]]})


def _results_wanted(request: Request) -> int:
    text = request.query_params.get("maxResults", str(_RESULTS_DEFAULT))
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise Malformed("MAX_RESULTS_INVALID", "maxResults is 1 or more.")
    return min(int(text), _RESULTS_MAX)


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise Malformed("FLAG_INVALID", "returnActiveManifest is true or false.")
    return text == "true"


def _plain(store: bytes) -> HttpResponseBase:
    from django.http import HttpResponse

    return HttpResponse(store, content_type="application/c2pa", headers={"X-Content-Type-Options": "nosniff"})
