"""``trustmark token verify``: on a node without a network and without Django, from files alone."""

import json

import pytest

from tests.trustcore.samples import (
    CLIENT_JKT,
    DECISION_KEYS,
    DECISION_SIGNER,
    EPOCH,
    ISSUER,
    KEYS,
    SIGNER,
    claims,
    lease_claims,
)
from tests.trustcore.test_cli import alone
from trustcore import cli
from trustcore.claims import StatusClaim
from trustcore.lease import encode_lease
from trustcore.signing import public_key_set
from trustcore.status import StatusList, encode_status_list
from trustcore.tokens import LICENCE_TYP, encode_token

URI = f"{ISSUER}/status-lists/1"


@pytest.fixture
def files(tmp_path):
    texts = {
        "token.jwt": encode_token(claims(sts=StatusClaim(uri=URI, idx=1)), SIGNER, LICENCE_TYP),
        "lease.jwt": encode_lease(lease_claims(), DECISION_SIGNER) + "\n",
        "jwks.json": json.dumps(public_key_set(KEYS)),
        "decision-jwks.json": json.dumps(public_key_set(DECISION_KEYS)),
        "revoked.jwt": encode_status_list(
            StatusList.of([0, 1]), SIGNER, uri=URI, issued_at=EPOCH, expires_at=EPOCH + 400
        ),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def command(files, *options):
    return [
        "token", "verify", "--token", str(files / "token.jwt"), "--lease", str(files / "lease.jwt"),
        "--jwks", str(files / "jwks.json"), "--decision-jwks", str(files / "decision-jwks.json"), *options,
    ]  # fmt: skip


@pytest.mark.req("BX-011")
def test_node_without_network_learns_whether_work_may_go_on(files):
    live = alone(*command(files, "--at", EPOCH + 10, "--frame", 1001))
    assert (live.returncode, live.stderr) == (0, "")
    assert live.stdout.startswith("Work may go on (LIVE")
    grace = alone(*command(files, "--at", EPOCH + 310, "--after-end", 99))
    assert grace.returncode == 0
    assert "GRACE" in grace.stdout
    assert "1 frames" in grace.stdout
    over = alone(*command(files, "--at", EPOCH + 310, "--after-end", 100))
    assert over.returncode == 3
    assert over.stdout.startswith("Denied: OFFLINE_GRACE_EXCEEDED")


def test_status_list_and_holder_count(files, capsys):
    revoked = ["--status", str(files / "revoked.jwt")]
    assert cli.main(command(files, "--at", str(EPOCH + 10), *revoked)) == 3
    assert "Denied: REVOKED" in capsys.readouterr().out
    assert cli.main(command(files, "--at", str(EPOCH + 450), *revoked)) == 0
    assert "Status list: STALE" in capsys.readouterr().out
    assert cli.main(command(files, "--at", str(EPOCH + 10), "--jkt", CLIENT_JKT)) == 0
    assert cli.main(command(files, "--at", str(EPOCH + 10), "--jkt", "x" * 43)) == 4
    assert "SENDER_MISMATCH" in capsys.readouterr().err
    assert cli.main(command(files, "--at", str(EPOCH + 10), "--not-before", str(EPOCH + 5000))) == 3


def test_what_is_broken_or_not_ours_is_not_verified(files, capsys):
    (files / "decision-jwks.json").write_text(json.dumps(public_key_set(KEYS)))
    assert cli.main(command(files, "--at", str(EPOCH + 10))) == 4
    assert "KEY_UNTRUSTED" in capsys.readouterr().err
    assert cli.main(command(files, "--at", str(EPOCH + 10), "--issuer", "https://other.example")) == 4
    (files / "token.jwt").write_text("nothing")
    assert cli.main(command(files, "--at", str(EPOCH + 10))) == 4


def test_lease_without_the_decision_keys_is_misuse(files, capsys):
    arguments = [one for one in command(files) if "decision" not in one]
    assert cli.main(arguments) == 2
    assert "--decision-jwks" in capsys.readouterr().err


def test_token_alone_is_held_to_its_own_times(files, capsys):
    only = ["token", "verify", "--token", str(files / "token.jwt"), "--jwks", str(files / "jwks.json")]
    assert cli.main([*only, "--at", str(EPOCH + 10)]) == 0
    assert "not that work may go on" in capsys.readouterr().out
    assert cli.main([*only, "--at", str(EPOCH + 3600)]) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["token"],
        ["token", "verify"],
        ["token", "verify", "--token", "/nonexistent", "--jwks", "/nonexistent"],
    ],
)
def test_misuse_has_its_own_code(arguments, capsys):
    assert cli.main(arguments) == 2
