"""A signer is remembered for a stated time, and no longer: rotations made elsewhere are heard of."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from common import keys
from common.keys import ring
from common.models import SigningKey
from tests.processes import environment_of_this_test

BOUND = 1

# Signs as fast as it can until its input ends; tells each change of key, and how often it asked the database.
SIGNS_ON = """
import sys, threading, time, json, django
django.setup()
from django.db import connection
from common import keys
reads, stop = [0], threading.Event()
def count(execute, *rest):
    reads[0] += 1
    return execute(*rest)
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
last, signed = {}, 0
with connection.execute_wrapper(count):
    while not stop.is_set():
        signer = keys.signer_for("TOKEN")
        signer.sign(b"licence")
        signed, last[signer.kid] = signed + 1, time.time()
        if signed == 1:
            print("ready", flush=True)
print(json.dumps({"last": last, "signed": signed, "reads": reads[0]}), flush=True)
"""


@pytest.fixture(autouse=True)
def bound(settings: Any) -> None:
    settings.SIGNER_CACHE_SECONDS = BOUND


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("LV-221")
def test_other_process_signs_with_a_retired_key_no_longer_than_the_bound_and_never_with_a_revoked_one() -> (
    None
):
    old = keys.signer_for("TOKEN").kid
    child = subprocess.Popen(
        [sys.executable, "-c", SIGNS_ON],
        env=environment_of_this_test() | {"TRUSTMARK_SIGNER_CACHE_SECONDS": str(BOUND)},
        cwd=django_settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        new = keys.rotate_key("TOKEN").kid
        rotated = time.time()
        keys.revoke_key(old)
        revoked = time.time()
        time.sleep(0.5)
        answer = json.loads(child.communicate("", timeout=20)[0])
    finally:
        child.kill()
        child.wait()
    assert answer["last"][old] <= rotated + BOUND
    assert answer["last"][old] < revoked
    assert answer["last"][new] > revoked
    assert revoked - rotated >= BOUND
    # hundreds of signatures a read: it is the cache that was tested
    assert answer["signed"] > 200 * answer["reads"]


@pytest.mark.django_db(transaction=True)
def test_signature_costs_no_query_while_the_signer_is_remembered() -> None:
    signer = keys.signer_for("TOKEN")
    with CaptureQueriesContext(connection) as queries:
        assert all(keys.signer_for("TOKEN") is signer for _ in range(100))
    assert len(queries) == 0
    keys.rotate_key("TOKEN")  # in this process at once
    assert keys.signer_for("TOKEN").kid != signer.kid


@pytest.mark.django_db(transaction=True)
def test_key_that_never_came_to_be_is_not_remembered() -> None:
    with transaction.atomic():
        gone = keys.signer_for("TOKEN").kid
        transaction.set_rollback(True)
    kept = keys.signer_for("TOKEN").kid
    assert kept != gone
    assert SigningKey.objects.get().kid == kept


@pytest.mark.django_db(transaction=True)
def test_rotation_that_fails_leaves_the_old_key_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    old = keys.signer_for("TOKEN").kid

    def fail(purpose: str) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(ring, "_create", fail)
    with pytest.raises(RuntimeError):
        keys.rotate_key("TOKEN")
    monkeypatch.undo()
    keys.forget_signers()
    assert keys.signer_for("TOKEN").kid == old


@pytest.mark.django_db
def test_key_retired_long_ago_is_revoked_without_waiting(settings: Any) -> None:
    from datetime import timedelta

    old = keys.signer_for("TOKEN").kid
    keys.rotate_key("TOKEN")
    row = SigningKey.objects.get(kid=old)
    waited: list[float] = []
    keys.let_go_of(old, sleep=waited.append)
    assert waited == [BOUND]
    row.retired_at -= timedelta(minutes=1)
    row.save()
    keys.let_go_of(old, sleep=waited.append)
    assert waited == [BOUND]
