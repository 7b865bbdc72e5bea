"""A version's proof: signed when it came, stamped where there is an authority, checked by anybody with the keys."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.keys import public_keys
from screenplays.models import Version, VersionProof
from screenplays.proofs import verify_version
from tests.timestamping import timestamp_authority
from trustcore.errors import InvalidEvidence
from trustcore.timestamp import sha256_of, verify

pytestmark = pytest.mark.django_db
Add = Callable[..., Version]


@pytest.mark.req("ST-043")
def test_a_version_is_signed_when_it_is_taken_in(add: Add) -> None:
    version = add()
    proven = verify_version(bytes(version.proof.envelope), public_keys("DECISION"))
    assert (proven.sha256, proven.wording_sha256) == (version.sha256, version.wording_sha256)
    assert proven.admitted_at == version.created_at.replace(microsecond=0)
    assert version.proof.stamp is None


def test_a_changed_or_foreign_proof_is_refused(add: Add) -> None:
    envelope = bytes(add().proof.envelope)
    document = json.loads(envelope)
    statement = base64.b64decode(document["payload"])
    older = document | {"payload": base64.b64encode(statement.replace(b'"20', b'"19', 1)).decode()}
    for changed, code in (
        (json.dumps(older).encode(), "SIGNATURE_INVALID"),
        (json.dumps(document | {"payloadType": "text/plain"}).encode(), "UNSUPPORTED"),
        (b"{}", "MALFORMED"),
    ):
        with pytest.raises(InvalidEvidence) as refused:
            verify_version(changed, public_keys("DECISION"))
        assert refused.value.code == code
    with pytest.raises(InvalidEvidence) as foreign:
        verify_version(envelope, {})
    assert foreign.value.code == "KEY_UNTRUSTED"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no OpenSSL on this machine")
def test_an_authority_stamps_the_proof_and_its_silence_stops_nothing(
    add: Add, settings: Any, tmp_path: Path
) -> None:
    with timestamp_authority(tmp_path / "tsa") as authority:
        (tmp_path / "roots.pem").write_text(authority.root_pem)
        settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = authority.url, str(tmp_path / "roots.pem")
        stamped = add().proof
        authority.instead = (503, b"")
        silent = add("INT. HOUSE - DAY\n\nShe waits.", "b.txt").proof
    told = verify(bytes(stamped.stamp), sha256_of(bytes(stamped.envelope)), authority.root_pem)
    assert told.at is not None
    assert silent.stamp is None
    assert VersionProof.objects.count() == 2
