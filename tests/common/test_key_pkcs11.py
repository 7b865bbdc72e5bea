"""Keys in a PKCS#11 token: a real SoftHSM, used by threads and by forked children."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DatabaseError, transaction
from pkcs11 import Attribute, ObjectClass

from common import keys
from common.errors import Unavailable
from common.keys import hsm
from common.models import SigningKey
from trustcore.signing import is_signature

pytestmark = pytest.mark.django_db

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN, TOKEN = "271828", "trustmark test"


@pytest.fixture
def token(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A token of its own for the test; new keys of every purpose are made in it."""
    if not Path(MODULE).exists():
        pytest.skip("SoftHSM is not installed (scripts/system-packages)")
    folder = tmp_path / "tokens"
    folder.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {folder}\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    make = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "314159"]
    subprocess.run(make, check=True, capture_output=True)
    settings.KEY_BACKENDS = dict.fromkeys(settings.KEY_BACKENDS, "pkcs11")
    settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN = MODULE, TOKEN, PIN
    hsm._connection.forget()
    yield folder
    hsm._connection.forget()
    hsm._connection.pin_refused = False


def private_objects() -> list[Any]:
    session = hsm._connection.open()
    return list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))


@pytest.mark.req("LV-220")
def test_key_is_made_inside_the_token_and_cannot_be_taken_out(token: Path) -> None:
    signer = keys.signer_for("TOKEN")
    row = SigningKey.objects.get(kid=signer.kid)
    assert (row.backend, row.sealed_private_key) == ("pkcs11", None)
    assert is_signature(keys.public_keys("TOKEN")[signer.kid], signer.sign(b"licence"), b"licence")
    assert not is_signature(signer.public_key, signer.sign(b"licence"), b"another")
    (private,) = private_objects()
    assert private[Attribute.LABEL] == row.reference
    assert private[Attribute.SENSITIVE]
    assert not private[Attribute.EXTRACTABLE]
    assert private[Attribute.NEVER_EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        private[Attribute.VALUE]
    # what the database holds does not sign: without the token there is no signer at all
    hsm._destroy(row.reference, hsm._connection.open())
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        keys.signer_for("TOKEN").sign(b"licence")


def test_signature_is_that_of_rfc_8032_for_any_length(token: Path) -> None:
    signer = keys.signer_for("LOG")
    for message in (b"", b"x", b"y" * 100_000):
        assert is_signature(signer.public_key, signer.sign(message), message)
    assert keys.signs_any_length("LOG")


@pytest.mark.req("LV-221")
def test_keys_move_from_the_database_into_the_token_by_a_rotation(token: Path, settings: Any) -> None:
    inside = settings.KEY_BACKENDS
    settings.KEY_BACKENDS = dict.fromkeys(inside, "database")
    old = keys.signer_for("TOKEN")
    signed = old.sign(b"licence")
    settings.KEY_BACKENDS = inside
    assert keys.signer_for("TOKEN").kid == old.kid  # a setting moves no key
    new = keys.rotate_key("TOKEN")
    assert new.backend == "pkcs11"
    trusted = keys.public_keys("TOKEN")
    assert list(trusted) == [old.kid, new.kid]
    trusted[old.kid].verify(signed, b"licence")
    trusted[new.kid].verify(keys.signer_for("TOKEN").sign(b"licence"), b"licence")


def test_threads_share_the_token(token: Path) -> None:
    signer, wrong = keys.signer_for("TOKEN"), []

    def sign(number: int) -> None:
        for turn in range(40):
            message = f"{number} {turn}".encode()
            if not is_signature(signer.public_key, signer.sign(message), message):
                wrong.append(message)

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_forked_child_signs_with_a_session_of_its_own_and_the_parent_goes_on(token: Path) -> None:
    signer = keys.signer_for("TOKEN")
    signer.sign(b"before")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            os.write(writing, signer.sign(b"child"))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        signature = answer.read()
    os.waitpid(child, 0)
    assert is_signature(signer.public_key, signature, b"child")
    assert is_signature(signer.public_key, signer.sign(b"after"), b"after")


def test_session_that_died_is_opened_again(token: Path) -> None:
    signer = keys.signer_for("TOKEN")
    signer.sign(b"before")
    hsm._connection.session.close()
    assert is_signature(signer.public_key, signer.sign(b"after"), b"after")


def test_token_that_is_gone_signs_nothing_and_loses_nothing(token: Path, settings: Any) -> None:
    old = keys.signer_for("TOKEN")
    settings.PKCS11_TOKEN = "another token"
    hsm._connection.forget()
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        old.sign(b"licence")
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"), transaction.atomic():
        keys.rotate_key("TOKEN")
    assert SigningKey.objects.get().state == "ACTIVE"
    settings.PKCS11_TOKEN = TOKEN
    assert is_signature(old.public_key, old.sign(b"licence"), b"licence")


def test_refused_pin_is_not_tried_until_the_token_locks(token: Path, settings: Any) -> None:
    signer = keys.signer_for("TOKEN")
    settings.PKCS11_PIN = "000000"
    hsm._connection.forget()
    for _ in range(20):
        with pytest.raises(Unavailable) as refused:
            signer.sign(b"licence")
    assert "000000" not in refused.value.detail
    settings.PKCS11_PIN = PIN
    hsm._connection.forget()
    hsm._connection.pin_refused = False  # as after a restart
    assert is_signature(signer.public_key, signer.sign(b"licence"), b"licence")


def test_key_that_a_race_made_in_vain_is_destroyed(token: Path) -> None:
    winner = keys.signer_for("TOKEN")
    from common.keys.ring import _create

    assert _create("TOKEN").kid == winner.kid
    assert len(private_objects()) == 1


@pytest.mark.parametrize(
    "row",
    [
        {"backend": "pkcs11", "reference": "label", "sealed_private_key": b"bytes"},
        {"backend": "pkcs11", "reference": "", "sealed_private_key": None},
        {"backend": "database", "reference": "", "sealed_private_key": None},
        {"backend": "database", "reference": "label", "sealed_private_key": b"bytes"},
    ],
)
def test_database_holds_private_bytes_of_no_key_that_lives_elsewhere(row: dict[str, Any]) -> None:
    fits = {"kid": "k", "purpose": "TOKEN", "public_key": b"\x01" * 32}
    good = {"backend": "pkcs11", "reference": "label", "sealed_private_key": None}
    with pytest.raises(DatabaseError, match="private_bytes_in_one_place"), transaction.atomic():
        SigningKey.objects.create(**fits, **row)
    assert SigningKey.objects.create(**fits, **good).pk == "k"


def test_public_half_is_the_tokens(token: Path) -> None:
    row = SigningKey.objects.get(kid=keys.signer_for("BUNDLE").kid)
    session = hsm._connection.open()
    (public,) = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})
    assert bytes(public[Attribute.EC_POINT])[-32:] == bytes(row.public_key)
    assert Ed25519PublicKey.from_public_bytes(bytes(row.public_key))
