"""The pyblish validator. AYON reads this file from its folder; pyblish alone does so, too.

The likenesses of a product are the licences in ``instance.data["trustmarkLicences"]``, or in the folder's attribute of
that name. A product without them is none of ours; one whose list cannot be read is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import pyblish.api
from trustmark_ayon.validation import Product, Unlicensed, validate
from trustmark_client import TrustmarkClient

LICENCES = "trustmarkLicences"


class ValidateLikenessLicence(pyblish.api.InstancePlugin):
    """Every frame has its receipt, and the licence stands"""

    label = "Likeness licence"
    order = pyblish.api.ValidatorOrder
    families: ClassVar[list[str]] = ["render", "image", "plate", "review"]
    optional = False

    def process(self, instance: Any) -> None:
        """Refuse what is not licensed; pyblish then publishes nothing."""
        product = product_of(instance.data)
        if product is None:
            self.log.info("no likeness in this product")
            return
        try:
            with _client() as client:
                validate(client, product)
        except (KeyError, OSError, ValueError) as error:
            raise Unlicensed("MISCONFIGURED", repr(error)) from error


def product_of(data: dict[str, Any]) -> Product | None:
    """The product in an instance's data; nothing where no likeness is in it.

    Raises:
        Unlicensed: the licences cannot be read.
    """
    folder = data.get("folderEntity") or {}
    licences = data.get(LICENCES, (folder.get("attrib") or {}).get(LICENCES))
    if licences is None or licences == []:
        return None
    if not isinstance(licences, list) or not all(isinstance(one, str) and one for one in licences):
        raise Unlicensed("LICENCES_UNREADABLE", f"{LICENCES} is not a list of ids")
    files: list[Path] = []
    for representation in data.get("representations") or []:
        names = representation["files"]
        staging = Path(representation.get("stagingDir") or data["stagingDir"])
        files += [staging / name for name in ([names] if isinstance(names, str) else names)]
    return Product(tuple(licences), tuple(files))


def _client() -> TrustmarkClient:
    env = os.environ
    key = env.get("TRUSTMARK_API_KEY") or Path(env["TRUSTMARK_API_KEY_FILE"]).read_text().strip()
    return TrustmarkClient(env["TRUSTMARK_URL"], key)
