"""Known answers: the files hold what their generators write, and strangers can verify them."""

import json
from pathlib import Path

import pytest

from tests.vectors import make_terms, make_tokens
from trustcore.dpop import verify_proof
from trustcore.errors import InvalidToken
from trustcore.lease import DECISION_TYP, LEASE_TYP, verify_decision, verify_lease
from trustcore.policy.rules import POLICY_HASH, POLICY_VERSION
from trustcore.signing import keys_from_jwks
from trustcore.status import decode_status_list
from trustcore.tokens import GRANT_TYP, LICENCE_TYP, TRAINING_TYP, verify_token

FOLDER = Path(__file__).resolve().parents[1] / "vectors"
TOKENS = json.loads((FOLDER / "tokens.json").read_bytes())
KEYS = keys_from_jwks(TOKENS["jwks"])


@pytest.mark.parametrize(("name", "module"), [("terms", make_terms), ("tokens", make_tokens)])
def test_generator_writes_what_is_checked_in(name, module):
    assert json.loads((FOLDER / f"{name}.json").read_bytes()) == json.loads(json.dumps(module.vectors()))


def test_policy_of_this_version_is_the_one_recorded():
    assert TOKENS["policy"] == {POLICY_VERSION: POLICY_HASH}, "the rules changed: raise POLICY_VERSION"


@pytest.mark.parametrize("typ", [LICENCE_TYP, TRAINING_TYP, GRANT_TYP])
def test_recorded_token_verifies(typ):
    read = verify_token(
        TOKENS[typ],
        keys=KEYS,
        issuer=TOKENS["issuer"],
        audience=TOKENS["audience"],
        now=TOKENS["now"],
        typ=typ,
    )
    assert read.trn is (typ == TRAINING_TYP)


def test_recorded_proof_and_status_list_verify():
    proof = TOKENS["proof"]
    read = verify_proof(
        proof["text"],
        method=proof["method"],
        url=proof["url"],
        now=TOKENS["now"],
        expected_jkt=proof["jkt"],
        access_token=TOKENS[LICENCE_TYP],
    )
    assert read.jti == "vector-0001"
    statuses = decode_status_list(
        TOKENS["status_list"], keys=KEYS, uri=f"{TOKENS['issuer']}/status-lists/1", now=TOKENS["now"]
    )
    assert [statuses.state_at(place) for place in range(4)] == [0, 1, 2, 0]


def test_recorded_lease_and_decision_verify_with_the_decision_keys_alone():
    keys, known = keys_from_jwks(TOKENS["decision_jwks"]), {"issuer": TOKENS["issuer"]}
    assert verify_lease(TOKENS[LEASE_TYP], keys=keys, **known).first == 1001
    assert verify_decision(TOKENS[DECISION_TYP], keys=keys, **known).rsn == ("REVOKED",)
    with pytest.raises(InvalidToken):
        verify_lease(TOKENS[LEASE_TYP], keys=KEYS, **known)
