"""Attempts on checks, receipts and logs: copied keys, other people's signatures, bombs, paths."""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
from typing import Any

import pytest
import zstandard
from django.test import Client

from common import clock
from licensing.models import GrantStatement
from licensing.selectors import status_list_jwt
from receipts.models import Lease, Quota, RenderCheck
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm, revoke
from trustcore.receipt import CheckedEntry


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _asked_twice(farm: Farm, **second: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same question under the same key, and in between what ``second["between"]`` does."""
    between = second.pop("between", lambda: None)
    same = {"token": farm.jws(), "key": "block-7", "requested_at": clock.rfc3339(clock.now())}
    first = farm.check(**same).json()
    between()
    return first, farm.check(**same, **second).json()


def test_permit_is_not_repeated_to_who_cannot_prove_possession(farm: Farm) -> None:
    first, again = _asked_twice(farm, proof="")
    assert first["lease"]
    assert (again["decision"], again["reason_codes"]) == ("DENY", ["SENDER_MISMATCH"])
    assert again["lease"] is None
    assert str(first["lease"]["id"]) not in json.dumps(again)
    assert (Lease.objects.count(), Quota.objects.get().granted) == (1, 25)


def test_permit_is_not_repeated_after_the_licence_was_revoked(farm: Farm) -> None:
    first, again = _asked_twice(farm, between=lambda: revoke(farm.token))
    assert first["lease"]
    assert (again["decision"], again["reason_codes"], again["lease"]) == ("DENY", ["REVOKED"], None)


def test_refusal_is_repeated_and_recorded_once(farm: Farm) -> None:
    same = {"token": farm.jws(), "key": "k", "requested_at": clock.rfc3339(clock.now())}
    answers = [farm.check(**same, render_territory="FR").json() for _ in range(2)]
    assert answers[0]["decision_id"] == answers[1]["decision_id"]
    assert RenderCheck.objects.count() == 1


def test_other_signatures_of_the_same_issuer_are_no_tokens(farm: Farm) -> None:
    token = farm.jws()
    head, payload, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(head + "=="))
    forged = {
        "grant": GrantStatement.objects.get(token=farm.token).jws,
        "status list": status_list_jwt(0) or "",
        "proof": farm.proof(token),
        "no algorithm": f"{_b64({**known, 'alg': 'none'})}.{payload}.",
        "critical header": f"{_b64({**known, 'crit': ['exp']})}.{payload}.{signature}",
        "own key": f"{_b64({**known, 'jwk': {'kty': 'OKP'}})}.{payload}.{signature}",
        "padding": f"{token}=",
        "line feed": f"{token}\n",
        "no signature": f"{head}.{payload}.",
    }
    for name, text in forged.items():
        answer = farm.check(token=text, proof=farm.proof(text)).json()
        assert (answer["reason_codes"], answer["lease"]) == (["TOKEN_MALFORMED"], None), name


def test_stranger_writes_no_text_of_theirs_into_a_log(farm: Farm) -> None:
    forged = f"x.{_b64({'jti': str(farm.token.pk)})}.y"
    stranger = make_farm()
    stranger.check(
        token=forged,
        proof="",
        shot="Call 555-0199 and ask for Jane Doe",
        use_type="CALL_5550199",
        construct="ASK_FOR_JANE_DOE",
        render_territory="JANE",
    )
    (entry,) = logged(farm.token.production_id, CheckedEntry)
    assert (entry.reasons, entry.shot) == (("TOKEN_MALFORMED",), None)
    assert (entry.use_type, entry.construct, entry.territory) == ("UNKNOWN", "UNKNOWN", "UNKNOWN")
    assert RenderCheck.objects.get(pk=entry.decision).use_type == "CALL_5550199"
    stranger.check(token=forged, proof="", use_type="ADR", construct="FACE_2D", render_territory="US-CA")
    told = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (told.use_type, told.construct, told.territory) == ("ADR", "FACE_2D", "US-CA")
    farm.check(shot="0410_0020", render_territory="FR")
    assert logged(farm.token.production_id, CheckedEntry)[-1].shot == "0410_0020"


def test_vendor_of_the_production_is_logged_by_its_words_and_nobody_by_sentences(farm: Farm) -> None:
    vendor = factories.make_vendor()
    other = make_farm(production=farm.token.production, vendors=[vendor], credential_of=vendor)
    answer = other.check(token=farm.jws(), use_type="FACE_RENDER_2", construct="Jane Doe", shot="0410_0030")
    assert answer.json()["reason_codes"] == ["AUDIENCE_MISMATCH"]
    entry = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (entry.jti, entry.reasons) == (str(farm.token.pk), ("AUDIENCE_MISMATCH",))
    assert (entry.use_type, entry.construct, entry.shot) == ("FACE_RENDER_2", "UNKNOWN", "0410_0030")
    farm.check(use_type="face render", construct="FACE:3D-A", render_territory="G\u00e9")
    entry = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (entry.use_type, entry.construct, entry.territory) == ("UNKNOWN", "FACE:3D-A", "UNKNOWN")
    farm.check()
    entry = logged(farm.token.production_id, CheckedEntry)[-1]
    assert entry.outcome.value == "ALLOW_WITH_OBLIGATIONS"
    assert (entry.use_type, entry.construct, entry.territory) == ("FACE_RENDER", "FACE_3D", "GB")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"\n" * (120 * 1024 * 1024), 9)),
        ("gzip", gzip.compress(b" \n" * (60 * 1024 * 1024), 9)),
        ("gzip", gzip.compress(b"a" * (200 * 1024 * 1024), 9)),
        ("zstd", zstandard.ZstdCompressor().compress(b"a" * (300 * 1024 * 1024))),
        ("", b"{}\n" * 60_000),
    ],
    ids=["empty lines", "blank lines", "one line", "zstd", "rows"],
)
def test_bomb_is_refused_soon(farm: Farm, encoding: str, body: bytes) -> None:
    began = time.process_time()
    answer = farm.send(body, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code == 413
    assert time.process_time() - began < 6


def test_log_serves_nothing_beside_its_own_files(farm: Farm) -> None:
    client, log = Client(), f"/log/{farm.token.production_id}"
    farm.send([farm.row(farm.lease()["id"], 0)])
    assert client.get(f"{log}/checkpoint").status_code == 200
    paths = [
        *("../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e/checkpoint", "//etc/passwd"),
        *("vkey/../checkpoint", "tile/0/../../checkpoint", "checkpoint/", "checkpoint%00", ".checkpoint.ab"),
        *("tile", "tile/0", "tile/0/000.p/0", "tile/0/٠٠٠.p/1", f"tile/entries/{'x000/' * 300}000"),
    ]
    for path in paths:
        assert client.get(f"{log}/{path}").status_code == 404, path
    unknown, nothing = client.get(f"/log/{uuid.uuid4()}/checkpoint"), client.get(f"{log}/nothing")
    assert (unknown.status_code, unknown.content) == (nothing.status_code, nothing.content)


def test_house_that_makes_many_keys_writes_no_more_into_a_strangers_log(farm: Farm) -> None:
    """Whoever learned a licence's id, and makes a key for each refusal they would leave in its log."""
    house = factories.make_studio()
    answers = []
    for _ in range(8):
        stranger = Farm(farm.token, *factories.make_credential(house), farm.client)
        answers.append(stranger.check(token=farm.jws()).json()["reason_codes"])
    assert answers[0] == ["AUDIENCE_MISMATCH"]
    assert answers[-1] == ["AUDIENCE_MISMATCH", "RATE_LIMITED"]
    assert len(logged(farm.token.production_id, CheckedEntry)) == 5
