"""Find what a reference names, for a caller who may see it; remember what a batch has just made.

What another production holds is not found, in the same words as what does not exist.
"""

import re
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from common.errors import InvalidInput, NotFound
from provenance.graph.models import AssetVersion, Classification, GraphAsset
from provenance.graph.specs import Ref

_SHA256 = re.compile(r"^sha256:([0-9a-f]{64})$")
_EXTERNAL = "external:"


@dataclass(slots=True)
class Known:
    """A version as a batch works with it."""

    version_id: UUID
    asset_id: UUID
    kind: str
    number: int
    code: str = ""
    classified: int = 0
    origin: str = ""


@dataclass
class References:
    """Versions by what they are called.

    Attributes:
        visible: the versions of the production that the caller may see.
        organisation_id: whose own names of assets come first.
    """

    visible: QuerySet[AssetVersion]
    organisation_id: UUID
    _by_id: dict[UUID, Known] = field(default_factory=dict)
    _newest: dict[UUID, Known] = field(default_factory=dict)
    _by_content: dict[str, Known] = field(default_factory=dict)
    _by_external: dict[str, Known] = field(default_factory=dict)

    def learn(self, known: Known, *, content_sha256: str = "", external_id: str = "") -> None:
        """Remember a version that this batch makes."""
        self._by_id[known.version_id] = self._newest[known.asset_id] = known
        if content_sha256:
            self._by_content[content_sha256] = known
        if external_id:
            self._by_external[external_id] = known

    def find(self, ref: Ref) -> Known:
        """Return the version that ``ref`` names.

        Raises:
            NotFound: ``REFERENCE_UNKNOWN``: nothing that the caller may see in this production.
            InvalidInput: ``REFERENCE_UNREADABLE``.
        """
        known = self._remembered(ref) or self._stored(ref)
        if known is None:
            raise NotFound("REFERENCE_UNKNOWN", _("Nothing here is called %(ref)s.") % {"ref": ref[:120]})
        return known

    def is_made_here(self, external_id: str) -> bool:
        """Whether this batch has made an asset that the pipeline calls so."""
        return external_id in self._by_external

    def newest_of(self, asset: GraphAsset) -> Known | None:
        """The newest version of an asset, whoever may see it; ``None`` without one."""
        if asset.pk in self._newest:
            return self._newest[asset.pk]
        row = AssetVersion.objects.filter(asset=asset).select_related("asset").order_by("-number").first()
        return self._keep(row) if row else None

    def _remembered(self, ref: Ref) -> Known | None:
        if ref.startswith(_EXTERNAL):
            return self._by_external.get(ref.removeprefix(_EXTERNAL))
        if content := _SHA256.match(ref):
            return self._by_content.get(content[1])
        key = _uuid(ref)
        return self._by_id.get(key) or self._newest.get(key)

    def _stored(self, ref: Ref) -> Known | None:
        rows = self.visible.select_related("asset").order_by("-number")
        if ref.startswith(_EXTERNAL):
            named = rows.filter(asset__external_id=ref.removeprefix(_EXTERNAL))
            row = named.filter(asset__organisation_id=self.organisation_id).first() or named.first()
        elif content := _SHA256.match(ref):
            row = rows.filter(content_sha256=content[1]).order_by("-id").first()
        else:
            key = _uuid(ref)
            row = rows.filter(pk=key).first() or rows.filter(asset_id=key).first()
        return self._keep(row) if row else None

    def _keep(self, row: AssetVersion) -> Known:
        last = Classification.objects.filter(version=row).order_by("-number").first()
        known = Known(
            row.pk, row.asset_id, row.asset.kind, row.number, last.code if last else "",
            last.number if last else 0, row.origin,
        )  # fmt: skip
        self._by_id[row.pk] = known
        return known


def _uuid(ref: Ref) -> UUID:
    try:
        return UUID(ref)
    except ValueError as error:
        raise InvalidInput(
            "REFERENCE_UNREADABLE",
            "A reference is an id, sha256:… or external:….",
            ref[:120],
        ) from error
