"""Content Credentials: what is signed can be read back and trusted; what was touched cannot."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import authority
from provenance.authority import SigningIdentity
from provenance.credentials import (
    CredentialFacts,
    LicenceFact,
    SigningFailed,
    c2pa_settings,
    manifest_definition,
    sign_file,
)
from provenance.reading import CredentialVerdict, judge_store, read_credentials
from provenance.source_type import vocabulary

MARK = "00e1d2c3b4a59687"


def new_identity(organisation="studio.example") -> SigningIdentity:
    now = datetime.now(UTC)
    root_key, key = authority.new_key(), authority.new_key()
    root = authority.issue_authority(root_key, organisation=organisation, now=now)
    leaf = authority.issue_certificate(root, root_key, key.public_key(), organisation=organisation, now=now)
    anchor = authority.certificate_pem(root)
    return SigningIdentity(key, authority.certificate_pem(leaf) + anchor, anchor)


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def facts():
    return CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["compositeWithTrainedAlgorithmicMedia"],
        created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        mark_id=MARK,
        mark_algorithms={"PIXEL": "org.trustmark-server.pixel-1", "AUDIO": "org.trustmark-server.audio-1"},
        licences=(LicenceFact("0192a000-0000-7000-8000-000000000002", 3, "sha256:" + "ab" * 32),),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
        duration_ms=3000,
    )


@pytest.fixture(scope="module")
def signed(short_clip, identity, facts, tmp_path_factory):
    target = tmp_path_factory.mktemp("signed") / "signed.mp4"
    sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4")
    return target


def flip(path: Path, target: Path, offset: int) -> Path:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    target.write_bytes(data)
    return target


def store_of(path: Path, identity: SigningIdentity) -> dict:
    """The manifest store as the library itself reports it."""
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        c2pa.Reader(path, context=context) as reader,
    ):
        return json.loads(reader.json())


def test_the_certificate_is_an_end_entity_of_the_deployments_authority(identity):
    leaf, root = x509.load_pem_x509_certificates(identity.chain_pem.encode())
    leaf.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert authority.C2PA_CLAIM_SIGNING in extended
    assert ExtendedKeyUsageOID.EMAIL_PROTECTION in extended
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    owner = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert issuer == owner


def test_a_certificate_is_not_issued_under_anothers_authority(identity):
    root = x509.load_pem_x509_certificate(identity.anchor_pem.encode())
    with pytest.raises(ValueError, match="does not belong"):
        authority.issue_certificate(
            root,
            authority.new_key(),
            authority.new_key().public_key(),
            organisation="x",
            now=datetime.now(UTC),
        )


def test_a_signed_film_is_trusted_and_says_what_it_is(signed, identity, facts):
    report = read_credentials(signed, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert report.signed_by_us
    assert report.digital_source_type == facts.source_type.uri
    assert report.licence["mark_id"] == MARK
    assert report.licence["licences"][0]["terms_hash"] == "sha256:" + "ab" * 32
    assert report.licence["log_origin"] == facts.log_origin
    assert [data["alg"] for data in report.assertions["c2pa.soft-binding"]] == list(
        facts.mark_algorithms.values()
    )
    assert {data["blocks"][0]["value"] for data in report.assertions["c2pa.soft-binding"]} == {"AOHSw7Slloc="}
    actions = [action["action"] for action in report.assertions["c2pa.actions.v2"][0]["actions"]]
    assert actions == ["c2pa.created", "c2pa.watermarked.bound", "c2pa.watermarked.bound"]


def test_nothing_may_be_mined_from_a_signed_film(signed, identity):
    entries = read_credentials(signed, anchor_pem=identity.anchor_pem).assertions["cawg.training-mining"][0][
        "entries"
    ]
    assert set(entries) == {
        "cawg.ai_training",
        "cawg.ai_generative_training",
        "cawg.ai_inference",
        "cawg.data_mining",
    }
    assert {entry["use"] for entry in entries.values()} == {"notAllowed"}


def test_the_manifest_store_returned_is_the_one_embedded(short_clip, identity, facts, tmp_path):
    target = tmp_path / "out.mp4"
    store = sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4")
    assert store in target.read_bytes()


@pytest.mark.parametrize("place", ["media", "manifest"])
def test_one_flipped_byte_breaks_the_credentials(signed, identity, tmp_path, place):
    data = signed.read_bytes()
    offset = len(data) - 200 if place == "media" else data.index(b"cawg.ai_training") + 3
    report = read_credentials(flip(signed, tmp_path / "flipped.mp4", offset), anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.BROKEN
    assert not report.signed_by_us
    assert any(finding.failures for finding in report.findings)


def test_a_strangers_signature_is_intact_but_not_trusted(signed):
    report = read_credentials(signed, anchor_pem=new_identity("elsewhere.example").anchor_pem)
    assert report.verdict is CredentialVerdict.UNTRUSTED
    assert report.is_intact
    assert not report.signed_by_us
    assert "signingCredential.untrusted" in report.findings[0].failures


def test_without_any_anchor_nothing_is_trusted(signed):
    report = read_credentials(signed, anchor_pem="")
    assert report.verdict is not CredentialVerdict.TRUSTED
    assert not report.signed_by_us


def test_anchors_that_are_no_certificates_are_misuse(signed):
    with pytest.raises(ValueError, match="asn1"):
        read_credentials(signed, anchor_pem="-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n")


def test_a_film_without_credentials_is_absent_not_trusted(short_clip, identity):
    report = read_credentials(short_clip, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.ABSENT
    assert report.findings == ()


def test_a_tampered_ingredient_is_found_under_a_manifest_that_the_library_calls_trusted(
    short_clip, signed, identity, facts, tmp_path
):
    tampered = flip(signed, tmp_path / "tampered.mp4", signed.stat().st_size - 200)
    target = tmp_path / "over.mp4"
    sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4", ingredient=tampered)
    assert store_of(target, identity)["validation_state"] == "Trusted"
    report = read_credentials(target, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.BROKEN
    assert not report.signed_by_us
    assert [finding.depth for finding in report.findings] == [0, 1]
    assert "assertion.bmffHash.mismatch" in {code for finding in report.findings for code in finding.failures}


def test_a_sound_ingredient_keeps_the_whole_trusted_and_a_strangers_does_not(
    short_clip, signed, identity, facts, tmp_path
):
    target = tmp_path / "over.mp4"
    sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4", ingredient=signed)
    report = read_credentials(target, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert len(report.findings) == 2

    other = new_identity("elsewhere.example")
    foreign = tmp_path / "foreign.mp4"
    sign_file(short_clip, foreign, facts=facts, identity=other, media_type="video/mp4")
    sign_file(short_clip, target, facts=facts, identity=identity, media_type="video/mp4", ingredient=foreign)
    report = read_credentials(target, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.UNTRUSTED
    assert report.is_intact


def test_an_ingredient_missing_from_the_store_breaks_the_whole(signed, identity):
    store = store_of(signed, identity)
    assert judge_store(store).verdict is CredentialVerdict.TRUSTED
    active = store["manifests"][store["active_manifest"]]
    active["ingredients"] = [{"active_manifest": "urn:c2pa:gone"}]
    report = judge_store(store)
    assert report.verdict is CredentialVerdict.BROKEN
    assert report.findings[1].failures == ("manifest.missing",)


def test_a_manifest_graph_with_a_cycle_ends(signed, identity):
    store = store_of(signed, identity)
    label = store["active_manifest"]
    store["manifests"][label]["ingredients"] = [{"active_manifest": label}]
    assert [finding.label for finding in judge_store(store).findings] == [label]


def test_a_store_that_confirms_no_binding_is_not_taken_at_its_word(signed, identity):
    store = store_of(signed, identity)
    active = store["validation_results"]["activeManifest"]
    active["success"] = [one for one in active["success"] if not one["code"].endswith("Hash.match")]
    assert store["validation_state"] == "Trusted"
    assert judge_store(store).verdict is CredentialVerdict.BROKEN


def test_what_is_not_a_film_is_not_signed(identity, facts, tmp_path):
    source = tmp_path / "notes.mp4"
    source.write_bytes(b"not a film at all" * 100)
    with pytest.raises(SigningFailed):
        sign_file(source, tmp_path / "out.mp4", facts=facts, identity=identity, media_type="video/mp4")


def test_the_manifest_names_nobody(facts):
    text = json.dumps(manifest_definition(facts, media_type="video/mp4"))
    for word in ("author", "creator", "name@", "person", "email"):
        assert word not in text.lower()
