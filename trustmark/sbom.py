"""The bill of materials of this server, for whoever weighs its supply chain: public, at the address of RFC 9472.

``scripts/sbom.py`` makes the document from the locks.
"""

from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

DOCUMENT: Final = Path(__file__).with_name("sbom.cdx.json")


@require_safe
def sbom(request: HttpRequest) -> HttpResponseBase:
    """CycloneDX 1.6 as JSON."""
    return HttpResponse(
        DOCUMENT.read_bytes(),
        content_type="application/vnd.cyclonedx+json; version=1.6",
        headers={"Cache-Control": "public, max-age=3600"},
    )
