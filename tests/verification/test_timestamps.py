"""A time stamp in a signature counts where the reader trusts the authority, and makes nobody a signer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.credentials import sign_file
from tests.provenance.test_revocation import House
from tests.timestamping import Authority, timestamp_authority
from tests.verification.conftest import FACTS
from trustcore.verification.report import Provenance, parse_report
from trustcore.verification.words import SignerTrust, TimeTrust
from verification.cli import main


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> Provenance:
    assert main([*map(str, arguments), "--json", "--no-detect"]) in {0, 4}
    return parse_report(json.loads(capsys.readouterr().out)).provenance


@pytest.fixture(autouse=True)
def no_mark_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUSTMARK_MARK_KEY", raising=False)


@pytest.fixture
def stamped(plain: Path, studio: House, tmp_path: Path) -> tuple[Path, Authority]:
    target = tmp_path / "stamped.mp4"
    with timestamp_authority(tmp_path / "authority") as authority:
        sign_file(
            plain, target, facts=FACTS, identity=studio.identity, media_type="video/mp4",
            timestamp_url=authority.url,
        )  # fmt: skip
    return target, authority


@pytest.mark.req("LV-020")
def test_a_stamp_is_trusted_under_the_roots_that_the_command_is_given(
    stamped: tuple[Path, Authority], signed: Path, anchors: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    film, authority = stamped
    roots = authority.folder / "root.pem"
    trusted = told(capsys, film, "--trust-anchors", anchors, "--timestamp-roots", roots)
    assert (trusted.signer_trust, trusted.asserted_time) == (SignerTrust.TRUSTED, TimeTrust.TRUSTED)
    assert trusted.asserted_at
    unknown = told(capsys, film, "--trust-anchors", anchors)
    assert (unknown.signer_trust, unknown.asserted_time) == (SignerTrust.TRUSTED, TimeTrust.UNTRUSTED)
    without = told(capsys, signed, "--trust-anchors", anchors, "--timestamp-roots", roots)
    assert without.asserted_time is TimeTrust.ABSENT
    # the two lists are apart: the studio's authority, listed for times alone, is no signer's
    swapped = told(capsys, film, "--trust-anchors", roots, "--timestamp-roots", anchors)
    assert swapped.signer_trust is SignerTrust.UNTRUSTED
    assert (
        main([str(film), "--trust-anchors", str(anchors), "--timestamp-roots", str(roots), "--no-detect"])
        == 0
    )
    assert "time stamp: trusted" in capsys.readouterr().out


def test_roots_that_are_none_are_refused(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    assert main([str(signed), "--json", "--timestamp-roots", str(tmp_path / "bad.pem")]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "INPUT_UNUSABLE"
