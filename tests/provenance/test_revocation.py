"""Certificates of Content Credentials: rotated, revoked, listed; trusted by whom each audience trusts."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.test import Client

from audit.models import Event
from common.errors import Conflict, NotFound
from provenance import authority, services
from provenance.authority import RevokedCertificate, SigningIdentity
from provenance.credentials import CredentialFacts, sign_file
from provenance.models import SigningAuthority
from provenance.reading import REVOKED, CredentialVerdict, read_credentials
from provenance.revocation import RevocationListInvalid, revoked_serials
from provenance.services.signing import serial_of
from provenance.source_type import vocabulary
from trustmark.cli.keys import main
from verification.cli import main as verify

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def facts() -> CredentialFacts:
    return CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["compositeWithTrainedAlgorithmicMedia"],
        created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        mark_id="00e1d2c3b4a59687",
        mark_algorithms={},
        licences=(),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
    )


def sign(clip: Path, target: Path, identity: SigningIdentity, ingredient: Path | None = None) -> Path:
    sign_file(clip, target, facts=facts(), identity=identity, media_type="video/mp4", ingredient=ingredient)
    return target


class House:
    """An authority of its own, with a signing certificate."""

    def __init__(self, name: str) -> None:
        self.root_key, key = authority.new_key(), authority.new_key()
        now = datetime.now(UTC)
        self.root = authority.issue_authority(self.root_key, organisation=name, now=now)
        self.leaf = authority.issue_certificate(
            self.root, self.root_key, key.public_key(), organisation=name, now=now
        )
        self.anchor = authority.certificate_pem(self.root)
        self.identity = SigningIdentity(key, authority.certificate_pem(self.leaf) + self.anchor, self.anchor)

    def crl(self, *serials: int, now: datetime | None = None) -> str:
        now = now or datetime.now(UTC)
        lines = [RevokedCertificate(serial, now, "keyCompromise", now) for serial in serials]
        return authority.crl_pem(authority.issue_crl(self.root, self.root_key, lines, now=now))


@pytest.fixture(scope="module")
def studio() -> House:
    return House("studio.example")


@pytest.fixture(scope="module")
def signed(short_clip: Path, studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sign(short_clip, tmp_path_factory.mktemp("films") / "signed.mp4", studio.identity)


# reading lists


@pytest.mark.req("LV-222")
def test_film_signed_with_a_revoked_certificate_is_not_trusted_and_the_command_says_why(
    signed: Path, studio: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors, crl = tmp_path / "anchors.pem", tmp_path / "list.crl"
    anchors.write_text(studio.anchor)
    crl.write_text(studio.crl(12345))
    assert verify([str(signed), "--no-detect", "--anchors", str(anchors), "--crl", str(crl)]) == 0
    crl.write_text(studio.crl(12345, studio.leaf.serial_number))
    capsys.readouterr()
    assert verify([str(signed), "--no-detect", "--anchors", str(anchors), "--crl", str(crl)]) == 4
    assert "signer_revoked" in capsys.readouterr().out
    assert verify([str(signed), "--no-detect", "--anchors", str(anchors), "--crl", str(crl), "--json"]) == 4
    report = json.loads(capsys.readouterr().out)
    assert report["provenance"]["status"] == "invalid"
    assert report["provenance"]["manifests"][0]["failures"] == [REVOKED]


def test_ingredient_signed_with_a_revoked_certificate_taints_the_whole(
    short_clip: Path, signed: Path, studio: House, tmp_path: Path
) -> None:
    other = House("delivery.example")
    over = sign(short_clip, tmp_path / "over.mp4", other.identity, ingredient=signed)
    anchors = other.anchor + studio.anchor
    assert read_credentials(over, anchor_pem=anchors).verdict is not CredentialVerdict.BROKEN
    gone = frozenset({studio.leaf.serial_number})
    report = read_credentials(over, anchor_pem=anchors, revoked=gone)
    assert report.verdict is CredentialVerdict.UNTRUSTED
    assert [REVOKED in finding.failures for finding in report.findings] == [False, True]


def test_list_is_believed_only_from_a_trusted_authority_and_in_its_time(studio: House) -> None:
    crl = studio.crl(7, now=NOW)
    assert revoked_serials(crl, anchor_pem=studio.anchor, now=NOW) == {7}
    stranger = House("studio.example")  # the same name, another key
    both = crl + stranger.crl(8, now=NOW)
    assert revoked_serials(both, anchor_pem=studio.anchor + stranger.anchor, now=NOW) == {7, 8}
    lines = crl.splitlines()
    damaged = "\n".join([lines[0], "AAAA" + lines[1][4:], *lines[2:]])
    for text, anchors, now, code in (
        (crl, stranger.anchor, NOW, "CRL_UNTRUSTED"),
        (both, studio.anchor, NOW, "CRL_UNTRUSTED"),
        (crl, "", NOW, "CRL_UNTRUSTED"),
        (crl, authority.certificate_pem(studio.leaf), NOW, "CRL_UNTRUSTED"),
        (crl, studio.anchor, NOW + timedelta(days=8), "CRL_EXPIRED"),
        (crl, studio.anchor, NOW - timedelta(days=1), "CRL_NOT_YET_VALID"),
        ("nothing", studio.anchor, NOW, "CRL_MALFORMED"),
        (damaged, studio.anchor, NOW, "CRL_MALFORMED"),
    ):
        with pytest.raises(RevocationListInvalid) as refused:
            revoked_serials(text, anchor_pem=anchors, now=now)
        assert refused.value.code == code


def test_list_that_is_good_for_nothing_fails_the_command(
    signed: Path, studio: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors, crl = tmp_path / "anchors.pem", tmp_path / "list.crl"
    anchors.write_text(studio.anchor)
    crl.write_text(studio.crl(now=datetime.now(UTC) - timedelta(days=30)))
    assert verify([str(signed), "--no-detect", "--anchors", str(anchors), "--crl", str(crl)]) == 1
    assert "CRL_EXPIRED" in capsys.readouterr().err


def test_list_is_read_by_openssl_too(studio: House, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    crl, root = tmp_path / "list.crl", tmp_path / "root.pem"
    crl.write_text(studio.crl(4711))
    root.write_text(studio.anchor)
    ran = subprocess.run(
        [openssl, "crl", "-in", str(crl), "-CAfile", str(root), "-noout", "-text"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "verify OK" in ran.stderr
    assert f"{4711:X}" in ran.stdout
    assert "Key Compromise" in ran.stdout


# the deployment's own


def serials(state: str) -> list[int]:
    return [serial_of(row) for row in SigningAuthority.objects.filter(state=state).order_by("created_at")]


@pytest.mark.django_db
@pytest.mark.req("LV-222")
def test_certificate_is_rotated_revoked_and_published(
    short_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = services.signing_identity()
    film = sign(short_clip, tmp_path / "film.mp4", old)
    (serial,) = serials("ACTIVE")
    assert main(["ca", "revoke", str(serial)]) == 1
    assert "CERTIFICATE_ACTIVE" in capsys.readouterr().out
    assert main(["ca", "rotate"]) == 0
    new = services.signing_identity()
    assert new.chain_pem != old.chain_pem
    assert new.anchor_pem == old.anchor_pem

    def revoked_now() -> frozenset[int]:
        answer = Client().get("/.well-known/c2pa-authority.crl")
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        anchors = Client().get("/.well-known/c2pa-authority.pem").content.decode()
        return revoked_serials(answer.content.decode(), anchor_pem=anchors, now=datetime.now(UTC))

    assert revoked_now() == frozenset()
    assert read_credentials(film, anchor_pem=new.anchor_pem).verdict is CredentialVerdict.TRUSTED
    assert main(["ca", "revoke", str(serial), "--compromised-at", "2026-11-20T08:00:00Z"]) == 0
    assert revoked_now() == services.revoked_certificates() == {serial}
    report = read_credentials(film, anchor_pem=new.anchor_pem, revoked=revoked_now())
    assert report.verdict is CredentialVerdict.UNTRUSTED
    fresh = sign(short_clip, tmp_path / "fresh.mp4", new)
    assert read_credentials(fresh, anchor_pem=new.anchor_pem, revoked=revoked_now()).verdict == "TRUSTED"
    capsys.readouterr()
    assert main(["ca", "crl"]) == 0
    crl = x509.load_pem_x509_crl(capsys.readouterr().out.encode())
    line = crl.get_revoked_certificate_by_serial_number(serial)
    assert line is not None
    since = line.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert since.invalidity_date_utc == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert main(["ca", "list", "--json"]) == 0
    listed = {row["serial"]: row for row in json.loads(capsys.readouterr().out)}
    assert listed[str(serial)]["state"] == "REVOKED"
    assert main(["ca", "list"]) == 0
    assert Event.objects.filter(kind__in=["ca.rotated", "ca.revoked"]).count() == 2


@pytest.mark.django_db
def test_new_authority_keeps_the_old_one_as_an_anchor(short_clip: Path, tmp_path: Path) -> None:
    old = services.signing_identity()
    film = sign(short_clip, tmp_path / "film.mp4", old)
    services.rotate_certificate(new_authority=True)
    new = services.signing_identity()
    assert new.anchor_pem != old.anchor_pem
    anchors = services.trust_anchors_pem()
    assert anchors == old.anchor_pem + new.anchor_pem
    assert read_credentials(film, anchor_pem=anchors).verdict is CredentialVerdict.TRUSTED
    assert services.revocation_lists_pem().count("BEGIN X509 CRL") == 2
    assert (
        revoked_serials(services.revocation_lists_pem(), anchor_pem=anchors, now=datetime.now(UTC)) == set()
    )


@pytest.mark.django_db
def test_certificate_that_is_unknown_or_revoked_before_is_not_revoked() -> None:
    services.signing_identity()
    (serial,) = serials("ACTIVE")
    with pytest.raises(NotFound, match="CERTIFICATE_UNKNOWN"):
        services.revoke_certificate(serial=1, reason="superseded")
    services.rotate_certificate()
    services.revoke_certificate(serial=serial, reason="superseded")
    with pytest.raises(Conflict, match="CERTIFICATE_REVOKED"):
        services.revoke_certificate(serial=serial, reason="superseded")
    assert serials("REVOKED") == [serial]


# trust lists


@pytest.mark.req("LV-223")
def test_each_audience_trusts_its_own_roots(
    signed: Path, studio: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guild = House("guild.example")
    (tmp_path / "studio.pem").write_text(studio.anchor)
    (tmp_path / "guild.pem").write_text(guild.anchor)
    (tmp_path / "studio.crl").write_text(studio.crl(studio.leaf.serial_number))
    policy = tmp_path / "trust.json"

    def ask(audience: str, document: Any = None) -> int:
        audiences = {
            "distributor": {"anchors": ["studio.pem", "guild.pem"]},
            "guild": {"anchors": ["guild.pem"]},
            "insurer": {"anchors": ["studio.pem"], "crls": ["studio.crl"]},
            "nobody": {"anchors": []},
            "broken": {"anchors": ["trust.json"]},
        }
        good = {"schema": "trustmark-trust-policy/1", "audiences": audiences}
        policy.write_text(json.dumps(good if document is None else document))
        return verify([str(signed), "--no-detect", "--policy", str(policy), "--audience", audience])

    assert [ask(name) for name in ("distributor", "guild", "insurer", "nobody")] == [0, 4, 4, 4]
    assert "revoked" in capsys.readouterr().out
    assert ask("public") == 1
    assert "AUDIENCE_UNKNOWN" in capsys.readouterr().err
    for document in ({}, [], {"schema": "trustmark-trust-policy/2", "audiences": {}}, {"audiences": {}}):
        assert ask("guild", document) == 1
        assert "TRUST_POLICY_INVALID" in capsys.readouterr().err
    assert ask("broken") == 1
    with pytest.raises(SystemExit) as misuse:
        verify([str(signed), "--no-detect", "--policy", str(policy)])
    assert misuse.value.code == 2
