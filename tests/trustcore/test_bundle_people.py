"""Signatures of people in a bundle: each is checked offline, none may be missing, and none may stand twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.trustcore.bundling import AT, TERMS, Forge, authorised, bag_files, some_entries, uuid, zip_bytes
from tests.trustcore.samples import ISSUER, TOKEN_ID
from tests.trustcore.test_passkey import DEVICE, Device
from trustcore import cli
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.layout import history_path
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.passkey import PasskeySignature, RelyingParty
from trustcore.policy.terms import terms_hash
from trustcore.receipt import Party

R = InvalidReason
PARTY = RelyingParty.of(ISSUER)
HISTORY = history_path(TOKEN_ID)


def signed(count: int = 7, device: Device = DEVICE, version: int = 1, **changes: Any) -> PasskeySignature:
    kept = device.sign(
        terms_hash(TERMS[version]), rp_id=PARTY.rp_id, count=count, **{"origin": PARTY.origin, **changes}
    )
    return msgspec.structs.replace(kept, rp_id=PARTY.rp_id, origin=PARTY.origin)


def act(kept: PasskeySignature | None, version: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "act": "APPROVE",
        "side": "AGENT",
        "person": "p1",
        "by_key": False,
        "organisation": {"id": uuid(1, 1), "name": "Harrow & Vane"},
        "at": AT,
        "version": version,
        "terms_hash": terms_hash(TERMS[version]),
        "before": "IN_REVIEW",
        "after": "IN_REVIEW",
        "terms": TERMS[version].to_dict(),
    }
    return {**row, **({"passkey": msgspec.to_builtins(kept)} if kept else {}), **changes}


def forge(acts: list[dict[str, Any]], proof: str | None = None, **party: Any) -> Forge:
    """A bundle whose history shows ``acts``; with ``proof``, the log says that a passkey signed version 1."""
    entries = some_entries(20)
    if proof is not None:
        told = {"actor": "p1", "at": AT, "method": "PASSKEY", "organisation": uuid(1, 1), "proof": proof}
        entries[0] = authorised(1, approvals=(Party(**{**told, **party}),))

    def edit(files: dict[str, bytes]) -> None:
        history = json.loads(files[HISTORY])
        history["actions"] = acts
        files[HISTORY] = canonical_json(history)

    return Forge(entries=entries, payload=edit)


@pytest.fixture
def check(tmp_path: Path) -> Any:
    def run(made: Forge, trust: Trust | None = None) -> Any:
        path = tmp_path / "bundle.zip"
        path.write_bytes(zip_bytes(bag_files(made)))
        return verify_bundle(path, trust)

    return run


def refused(check: Any, made: Forge, trust: Trust | None = None) -> InvalidReason:
    with pytest.raises(InvalidEvidence) as caught:
        check(made, trust)
    assert caught.value.path == HISTORY
    return caught.value.reason


@pytest.mark.req("BX-005")
def test_the_verifier_says_whose_key_signed_which_terms(check: Any, tmp_path: Path, capsys: Any) -> None:
    kept = signed()
    report = check(forge([act(kept)], kept.digest))
    (told,) = report.people
    assert (told.act, told.person, told.organisation) == ("APPROVE", "p1", "Harrow & Vane")
    assert (told.key, told.terms_hash) == (kept.thumbprint, terms_hash(TERMS[1]))
    assert report.steps[-1].title == "Signatures of people"
    assert cli.main(["bundle", "verify", str(tmp_path / "bundle.zip"), "--passkey", kept.thumbprint]) == 0
    assert f"signed with passkey {kept.thumbprint}" in capsys.readouterr().out
    assert cli.main(["bundle", "verify", str(tmp_path / "bundle.zip"), "--passkey", "A" * 43]) == 4


@pytest.mark.req("BX-005")
def test_a_signature_that_was_taken_out_is_missed_by_the_log(check: Any) -> None:
    kept = signed()
    assert refused(check, forge([act(None)], kept.digest)) is R.MISSING_SIGNATURE
    assert refused(check, forge([], kept.digest)) is R.MISSING_SIGNATURE
    assert refused(check, forge([act(signed())], kept.digest)) is R.MISSING_SIGNATURE


@pytest.mark.req("BX-005")
@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (signed(version=2), R.CHALLENGE_MISMATCH),
        (signed(origin="https://evil.test"), R.ORIGIN_MISMATCH),
        (msgspec.structs.replace(signed(), rp_id="evil.test"), R.RELYING_PARTY_MISMATCH),
        (signed(flags=0x01), R.USER_NOT_VERIFIED),
        (msgspec.structs.replace(signed(), sign_count=9), R.COUNTER_MISMATCH),
        (msgspec.structs.replace(signed(), signature=signed(version=2).signature), R.SIGNATURE_INVALID),
    ],
)
def test_each_tampered_part_is_refused_by_an_insider_with_every_key(
    check: Any, kept: PasskeySignature, expected: InvalidReason
) -> None:
    assert refused(check, forge([act(kept)], kept.digest)) is expected


def test_a_signature_by_an_unknown_key_is_refused_where_keys_are_given(check: Any) -> None:
    kept = signed()
    known = Trust(passkeys=frozenset({kept.thumbprint}))
    assert check(forge([act(kept)], kept.digest), known).people
    assert (
        refused(check, forge([act(kept)], kept.digest), Trust(passkeys=frozenset({"A" * 43})))
        is R.KEY_UNTRUSTED
    )


@pytest.mark.req("BX-005")
def test_one_signature_under_two_acts_is_refused(check: Any) -> None:
    kept = signed()
    twice = [act(kept), act(kept, act="ACCEPT_COUNTER", at="2026-09-02T12:00:00Z")]
    assert refused(check, forge(twice, kept.digest)) is R.DUPLICATE_SIGNATURE


def test_a_counter_that_goes_back_is_refused(check: Any) -> None:
    first, second = signed(count=7), signed(count=7, version=2)
    later = act(second, 2, at="2026-09-02T12:00:00Z")
    assert refused(check, forge([act(first), later], first.digest)) is R.COUNTER_MISMATCH
    risen = act(signed(count=8, version=2), 2, at="2026-09-02T12:00:00Z")
    assert len(check(forge([act(first), risen], first.digest)).people) == 2


def test_one_passkey_of_two_persons_is_refused(check: Any) -> None:
    first, second = signed(count=7), signed(count=8, version=2)
    other = act(second, 2, person="p2", at="2026-09-02T12:00:00Z")
    assert refused(check, forge([act(first), other], first.digest)) is R.KEY_UNTRUSTED


def test_terms_shown_beside_a_signature_are_the_ones_signed(check: Any) -> None:
    kept = signed()
    shown = {**TERMS[1].to_dict(), "description": "something else entirely, and more of it"}
    assert refused(check, forge([act(kept, terms=shown)], kept.digest)) is R.TERMS_MISMATCH


@pytest.mark.parametrize("party", [{"actor": "p9"}, {"at": "2026-09-05T12:00:00Z"}])
def test_the_log_and_the_signature_name_the_same_act(check: Any, party: dict[str, str]) -> None:
    kept = signed()
    assert refused(check, forge([act(kept)], kept.digest, **party)) is R.ENTRY_MISMATCH
