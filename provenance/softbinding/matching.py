"""Which manifests a mark leads to, and which of them may be shown. Reads only."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from common.errors import Malformed
from provenance.jumbf import active_manifest_alone
from provenance.models import Asset, AssetState, ManifestRecord, ResolutionChoice
from provenance.selectors import current_manifest
from watermarking.algorithms import Algorithm, algorithm_named
from watermarking.reports import payload_hex

VALUE_MAX = 64
_BYTES = 8


@dataclass(frozen=True)
class Match:
    """A manifest that a mark leads to; ``score`` is 0 to 100, None where it was named and not measured."""

    manifest_id: str
    score: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the match as the API's answers carry it."""
        scored = {} if self.score is None else {"similarityScore": self.score}
        return {"manifestId": self.manifest_id, **scored}


def parse_algorithm(alg: str) -> Algorithm:
    """Return our algorithm of this name.

    Raises:
        Malformed: ``ALG_UNKNOWN``.
    """
    found = algorithm_named(alg)
    if found is None:
        raise Malformed("ALG_UNKNOWN", "This algorithm is not resolved here.")
    return found


def parse_value(value: str) -> str:
    """Return the mark id, 16 hex digits, that a soft binding's value holds: eight bytes in base64.

    Raises:
        Malformed: ``VALUE_MALFORMED``.
    """
    try:
        octets = base64.b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("VALUE_MALFORMED", "A value is eight bytes in base64.") from error
    if len(octets) != _BYTES:
        raise Malformed("VALUE_MALFORMED", "A value is eight bytes in base64.")
    return payload_hex(int.from_bytes(octets, "big"))


def matches_of_mark(mark_id: str, *, layers: Iterable[str], score: int | None = None) -> list[Match]:
    """Return the public manifests of outputs that carry ``mark_id`` in one of ``layers``.

    Unknown, unreleased and closed read the same: no match.
    """
    wanted = {layer.upper() for layer in layers}
    found = []
    for asset in _public_assets().filter(mark_id=mark_id):
        manifest = current_manifest(asset)
        if manifest is not None and wanted & set(asset.marked_layers):
            found.append(Match(label_of(manifest), score))
    return found


def public_manifest(manifest_id: str) -> ManifestRecord | None:
    """Return the manifest of this id if a stranger may have it."""
    rows = ManifestRecord.objects.filter(report__manifests__0__label=manifest_id, asset__in=_public_assets())
    for row in rows.select_related("asset"):
        newest = current_manifest(row.asset)
        if newest is not None and newest.pk == row.pk:
            return row
    return None


def label_of(manifest: ManifestRecord) -> str:
    """Return the id of the active manifest, as C2PA names it (``urn:c2pa:...``)."""
    return str(manifest.report["manifests"][0]["label"])


def active_alone(store: bytes) -> bytes:
    """Return a store that holds nothing but the active manifest of ``store``."""
    return active_manifest_alone(store)


def _public_assets() -> Any:
    closed = ResolutionChoice.objects.filter(is_public=False).values("production_id")
    return Asset.objects.filter(state=AssetState.RELEASED).exclude(production__in=closed)
