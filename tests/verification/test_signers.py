"""Several signers of one manifest: the claim's, and a named actor by an identity assertion of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from cryptography.x509 import ObjectIdentifier

from agents_portal.verdict_words import _credentials
from provenance import authority
from provenance.authority import SigningIdentity, new_key
from provenance.cosigning import Actor
from provenance.credentials import sign_file
from provenance.reading import ActorVerdict, CredentialVerdict, read_credentials
from provenance.trust import SCHEMA, TrustPolicyInvalid
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from tests.verification.test_pipeline import judged
from trustcore.verification.words import ActorState, ProvenanceReason, ProvenanceStatus, Stage
from verification.checks import check_policies, check_trust
from verification.cli import main
from verification.pipeline.stages import credentials
from verification.services.means import trusted_by

LAYER_A = frozenset({Stage.PROVENANCE})


@pytest.fixture(scope="module")
def talent() -> House:
    return House("talent.example")


def signed_by_both(still: Path, target: Path, studio: House, actor: Actor) -> Path:
    sign_file(still, target, facts=FACTS, identity=studio.identity, media_type="image/png", actor=actor)
    return target


@pytest.mark.req("LV-022")
def test_two_sign_one_manifest_and_the_report_names_both(
    still: Path, studio: House, talent: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = signed_by_both(
        still, tmp_path / "both.png", studio, Actor(talent.identity, ("cawg.creator", "cawg.contributor"))
    )
    said = judged(both, layers=LAYER_A, anchors=studio.identity.anchor_pem).provenance
    assert (said.status, said.reason, said.asserted_by) == (
        ProvenanceStatus.VALID, ProvenanceReason.TRUSTED, "studio.example",
    )  # fmt: skip
    (manifest,) = said.manifests
    assert (manifest.signer, manifest.failures) == ("studio.example", ())
    (actor,) = manifest.actors
    assert (actor.name, actor.kind, actor.roles) == (
        "talent.example", "cawg.x509.cose", ("cawg.creator", "cawg.contributor"),
    )  # fmt: skip
    assert actor.covers == ("c2pa.hash.data",), "they signed the pictures, not a name alone"
    # whole, and by nobody whom a list vouches for: said so, and no matter of the claim
    assert (actor.state, actor.codes) == (ActorState.UNTRUSTED, ("cawg.x509.credential.untrusted",))
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(studio.identity.anchor_pem)
    assert main([str(both), "--no-detect", "--anchors", str(anchors)]) == 0
    assert (
        "also signed by talent.example (cawg.creator, cawg.contributor): untrusted" in capsys.readouterr().out
    )


@pytest.mark.req("LV-022")
def test_a_second_signature_that_does_not_hold_is_broken_and_vouches_for_nothing(
    still: Path, studio: House, talent: House, tmp_path: Path
) -> None:
    # somebody with the talent's certificate, and without the key to it
    thief = SigningIdentity(new_key(), talent.identity.chain_pem, talent.identity.anchor_pem)
    forged = signed_by_both(still, tmp_path / "forged.png", studio, Actor(thief, ("cawg.creator",)))
    (actor,) = (
        judged(forged, layers=LAYER_A, anchors=studio.identity.anchor_pem).provenance.manifests[0].actors
    )
    # and nobody is named by a signature that is not theirs
    assert (actor.name, actor.state) == ("", ActorState.BROKEN)
    assert actor.codes
    # the other way round: a trusted actor makes no trusted claim
    stranger = House("stranger.example")
    borrowed = signed_by_both(
        still, tmp_path / "borrowed.png", stranger, Actor(studio.identity, ("cawg.publisher",))
    )
    said = judged(borrowed, layers=LAYER_A, anchors=studio.identity.anchor_pem).provenance
    assert (said.status, said.reason) == (ProvenanceStatus.INVALID, ProvenanceReason.SIGNER_UNTRUSTED)
    # and what was changed after both had signed fits neither
    data = bytearray((tmp_path / "forged.png").read_bytes())
    at = data.rindex(b"IEND") - 30
    data[at] ^= 1
    (tmp_path / "changed.png").write_bytes(data)
    changed = judged(tmp_path / "changed.png", layers=LAYER_A, anchors=studio.identity.anchor_pem).provenance
    assert changed.status is ProvenanceStatus.INVALID


def test_an_actor_below_is_the_ingredients_own_matter(
    still: Path, studio: House, talent: House, tmp_path: Path
) -> None:
    part = signed_by_both(still, tmp_path / "part.png", studio, Actor(talent.identity, ("cawg.creator",)))
    whole = tmp_path / "whole.png"
    sign_file(still, whole, facts=FACTS, identity=studio.identity, media_type="image/png", ingredient=part)
    said = judged(whole, layers=LAYER_A, anchors=studio.identity.anchor_pem).provenance
    assert said.reason is ProvenanceReason.TRUSTED
    assert [[one.name for one in made.actors] for made in said.manifests] == [[], ["talent.example"]]
    report = read_credentials(whole, anchor_pem=studio.identity.anchor_pem)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert report.findings[1].actors[0].verdict is ActorVerdict.UNTRUSTED


def test_an_actor_whose_key_refuses_or_whose_role_is_none_signs_nothing(
    still: Path, studio: House, talent: House, tmp_path: Path
) -> None:
    class Refuses(SigningIdentity):
        def sign(self, data: bytes) -> bytes:
            raise PermissionError("not with this key")

    refusing = Refuses(talent.identity.key, talent.identity.chain_pem, talent.identity.anchor_pem)
    with pytest.raises(PermissionError, match="not with this key"):
        signed_by_both(still, tmp_path / "none.png", studio, Actor(refusing, ("cawg.creator",)))
    for roles in ((), ("cawg.king",)):
        with pytest.raises(ValueError, match=r"cawg\.creator"):
            Actor(talent.identity, roles)
    with pytest.raises(ValueError, match="PEM"):
        Actor(SigningIdentity(talent.identity.key, "no certificate", ""), ("cawg.creator",))


@pytest.mark.req("LV-022")
def test_the_page_says_who_signed_too_and_a_report_of_before_is_still_shown(
    still: Path, studio: House, talent: House, tmp_path: Path
) -> None:
    both = signed_by_both(still, tmp_path / "both.png", studio, Actor(talent.identity, ("cawg.creator",)))
    report = judged(both, layers=LAYER_A, anchors=studio.identity.anchor_pem).to_dict()
    said = report["provenance"]
    facts = _credentials(said).facts
    assert "Signed by studio.example" in facts
    assert "Also signed by talent.example, whom this list does not know" in facts
    said["manifests"][0]["actors"][0] |= {"state": "broken", "name": ""}
    assert "A second signature does not hold" in _credentials(said).facts
    del said["manifests"][0]["actors"]
    assert not [one for one in _credentials(said).facts if "second" in one or "Also" in one]


@pytest.mark.parametrize(
    ("place", "state"),
    [
        ("", ActorState.TRUSTED),
        ("self#jumbf=c2pa.assertions/", ActorState.TRUSTED),
        ("self#jumbf=/c2pa/{active}/c2pa.assertions/", ActorState.TRUSTED),
        (
            "self#jumbf=/c2pa/urn:c2pa:0e9d2d2c-0000-4000-8000-000000000000/c2pa.assertions/",
            ActorState.UNTRUSTED,
        ),
        ("self#jumbf=c2pa.databoxes/", ActorState.UNTRUSTED),
    ],
)
def test_what_another_manifest_holds_under_the_same_label_makes_no_actor_trusted(
    place: str, state: ActorState, signed_by_a_listed_actor: tuple[Path, str], studio: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path, listed = signed_by_a_listed_actor
    asked = encypher_c2pa.verify

    def elsewhere(*given: Any, **more: Any) -> dict[str, Any]:
        said = dict(asked(*given, **more))
        report = said["manifest_report"]
        told = [
            one
            for one in report["validation_results"]["activeManifest"]["success"]
            if one["url"] == "cawg.identity"
        ]
        assert len(told) >= 2, "as it says it today"
        for one in told:
            one["url"] = place.format(active=report["active_manifest"]) + one["url"]
        return said

    monkeypatch.setattr(encypher_c2pa, "verify", elsewhere)
    given = {"path": str(path), "anchors": studio.identity.anchor_pem, "actor_anchors": listed}
    (one,) = credentials.run(given)["provenance"]["manifests"][0]["actors"]
    assert one["state"] == state


@pytest.fixture(scope="module")
def signed_by_a_listed_actor(
    still: Path, studio: House, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A still that a named actor signed too, and the list that names their authority."""
    person = a_person()
    target = tmp_path_factory.mktemp("actors") / "both.png"
    return signed_by_both(still, target, studio, Actor(person.identity, ("cawg.creator",))), person.anchor


def a_person() -> House:
    with pytest.MonkeyPatch.context() as patch:  # a certificate for signing documents, as CAWG asks for
        patch.setattr(authority, "ACCEPTED_USAGES", (ObjectIdentifier("1.3.6.1.5.5.7.3.36"),))
        return House("person.example")


@pytest.mark.req("LV-022")
def test_an_actor_is_trusted_by_a_list_of_actors_alone_and_nobody_else_by_it(
    still: Path, studio: House, talent: House, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("TRUSTMARK_MARK_KEY", raising=False)
    person = a_person()
    actor = Actor(person.identity, ("cawg.creator",))
    both = signed_by_both(still, tmp_path / "both.png", studio, actor)
    anchors = studio.identity.anchor_pem

    def state(path: Path = both, **more: str) -> tuple[ActorState, tuple[str, ...]]:
        said = credentials.run({"path": str(path), "anchors": anchors, **more})["provenance"]
        assert said["status"] == ProvenanceStatus.VALID
        (one,) = said["manifests"][0]["actors"]
        return one["state"], one["codes"]

    untrusted = (ActorState.UNTRUSTED, ("cawg.x509.credential.untrusted",))
    assert state(actor_anchors=person.anchor) == (ActorState.TRUSTED, ())
    # by no other list, under no list, and not by the list of those who sign claims
    assert state(actor_anchors=talent.anchor) == state() == untrusted
    assert state(anchors=anchors + person.anchor) == untrusted
    # who may sign claims alone is no actor, whoever certified them
    other = signed_by_both(still, tmp_path / "other.png", studio, Actor(talent.identity, ("cawg.creator",)))
    assert state(other, actor_anchors=talent.anchor) == untrusted
    # and a list of actors makes nobody a signer of claims
    alone = credentials.run({"path": str(both), "anchors": person.anchor, "actor_anchors": anchors})
    assert alone["provenance"]["reason"] == ProvenanceReason.SIGNER_UNTRUSTED
    # a certificate that its authority has revoked is nobody's; a list that says nothing lets nobody be vouched for
    serial = person.leaf.serial_number
    listed_too = {"actor_anchors": person.anchor}
    assert state(**listed_too, actor_crls=person.crl(serial + 1)) == (ActorState.TRUSTED, ())
    assert state(**listed_too, actor_crls=person.crl(serial)) == (
        ActorState.UNTRUSTED, ("cawg.x509.credential.revoked", "cawg.x509.credential.untrusted"),
    )  # fmt: skip
    for crl, code in (
        (person.crl(now=datetime.now(UTC) - timedelta(days=400)), "CRL_EXPIRED"),
        (talent.crl(serial), "CRL_UNTRUSTED"),
    ):
        assert state(**listed_too, actor_crls=crl) == (
            ActorState.UNTRUSTED,
            ("cawg.x509.credential.untrusted", code),
        )
    listed = tmp_path / "actors.pem"
    listed.write_text(person.anchor)
    (tmp_path / "anchors.pem").write_text(anchors)
    told = [str(both), "--no-detect", "--anchors", str(tmp_path / "anchors.pem"), "--actor-anchors"]
    assert main([*told, str(listed)]) == 0
    assert "also signed by person.example (cawg.creator): trusted" in capsys.readouterr().out
    (tmp_path / "actors.crl").write_text(person.crl(serial))
    assert main([*told, str(listed), "--actor-crl", str(tmp_path / "actors.crl")]) == 0
    assert "also signed by person.example (cawg.creator): untrusted" in capsys.readouterr().out
    listed.write_text("nobody")
    assert main([*told, str(listed)]) == 1


@pytest.mark.django_db
@pytest.mark.req("LV-022")
@pytest.mark.req("LV-223")
def test_a_deployment_lists_the_actors_of_each_audience_and_their_revocations(
    signed_by_a_listed_actor: tuple[Path, str], talent: House, tmp_path: Path, settings: Any
) -> None:
    path, anchor = signed_by_a_listed_actor
    (tmp_path / "members.pem").write_text(anchor)
    (tmp_path / "members.crl").write_text("no list")
    audiences: dict[str, Any] = {
        "guild": {"anchors": [], "actors": ["members.pem"]},
        "studio": {"anchors": []},
        "vendor": {"anchors": [], "actors": ["members.pem"], "actor_crls": ["members.crl"]},
    }
    policy = tmp_path / "trust.json"
    policy.write_text(json.dumps({"schema": SCHEMA, "audiences": audiences}))
    settings.VERIFICATION_TRUST_POLICY = str(policy)

    def states(audience: str) -> tuple[ActorState, tuple[str, ...]]:
        trusted = trusted_by(audience)
        said = judged(
            path, layers=LAYER_A, anchors=trusted.anchors, actor_anchors=trusted.actor_anchors,
            actor_crls=trusted.actor_crls,
        ).provenance  # fmt: skip
        (one,) = said.manifests[0].actors
        return one.state, one.codes

    untrusted = "cawg.x509.credential.untrusted"
    assert states("guild") == (ActorState.TRUSTED, ())
    assert states("studio") == (ActorState.UNTRUSTED, (untrusted,))
    assert states("vendor") == (ActorState.UNTRUSTED, (untrusted, "CRL_MALFORMED"))
    # an authority of actors that is no certificate spoils the list, and is not passed over
    (tmp_path / "members.pem").write_text("nobody")
    assert (trusted_by("stranger").actor_anchors, trusted_by("studio").actor_anchors) == ("", "")
    with pytest.raises(TrustPolicyInvalid, match="actors of guild"):
        trusted_by("guild")
    (complaint,) = check_trust(None)
    assert (complaint.id, "actors of guild" in complaint.msg) == ("verification.E002", True)
    (tmp_path / "members.pem").write_text(anchor)
    assert check_trust(None) == check_policies(None) == []
    settings.VERIFICATION_TRIAL_POLICY = "default@0"
    assert [one.id for one in check_policies(None)] == ["verification.E001"]
