"""A file whose credentials speak script and SQL in every string that a signer is free to choose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from provenance.credentials import IngredientFact, LicenceFact, sign_file
from tests.provenance.test_revocation import House, facts
from tests.verification.making import finished
from trustcore.verification.report import Provenance
from verification.models import Verification
from verification.pipeline.stages import credentials

SIGNER = "<img src=x onerror=window.ran=1>'; drop table audit_event;--"
HOSTILE = "</span></script><script>window.ran=1</script><svg onload=window.ran=1>'; drop table audit_event; --\u202e"


def hostile_still(still: Path, target: Path) -> tuple[Path, House]:
    """Sign a picture with hostile words, by a house of a hostile name."""
    house = House(SIGNER)
    part = IngredientFact(
        version=HOSTILE, child=HOSTILE, title=HOSTILE, way=HOSTILE, role=HOSTILE, is_input=True, sha256=HOSTILE,
        media_type="image/png", source_type=HOSTILE,
    )  # fmt: skip
    told = replace(
        facts(), asset_id=HOSTILE, log_origin=HOSTILE, generator_version=HOSTILE, made_from=(part,),
        runs=({"run": HOSTILE},), licences=(LicenceFact(HOSTILE, 1, HOSTILE),), proxy_of={"sha256": HOSTILE},
    )  # fmt: skip
    sign_file(still, target, facts=told, identity=house.identity, media_type="image/png")
    return target, house


def judged(desk: Any, path: Path, anchors: str) -> Verification:
    """The same file as the verifier read it: a verification that is done."""
    said = credentials.run({"path": str(path), "anchors": anchors})["provenance"]
    return finished(
        desk.organisation,
        desk.person,
        provenance=msgspec.convert(said, Provenance),
        errors=(),
        file_name=HOSTILE,
    )
