"""Acts 4 and 7: what must be refused is refused, with its reason; a revoked token opens nothing any more."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
from trustmark_client import Ask, Decision, ProofKey, TrustmarkClient

from trustmark.demo.acts.licence import FRAMES_MAX
from trustmark.demo.acts.rendering import WORKERS
from trustmark.demo.clip import FRAMES
from trustmark.demo.stage import Outcome, Refusal, Stage, expect

HIDDEN, NOBODY = "wren-abernathy-sole", "nobody-of-this-name"
EXPIRY_SECONDS = 2 * 3600


def deny(stage: Stage) -> Outcome:
    """4. Eight denials, each with its reason code."""
    token = _token(stage, "farm-a", stage.jti)
    good = _ask(stage, token)
    expect(_check(stage, "farm-a", good).permitted, "the same worker asking properly is permitted")
    asks = {
        "another production": (replace(good, project=stage.other_project), "farm-a", "PROJECT_MISMATCH"),
        "a frame beyond the quota": (
            replace(good, first=FRAMES + 1, last=FRAMES_MAX + 1),
            "farm-a",
            "FRAMES_EXHAUSTED",
        ),
        "a territory outside": (replace(good, render_territory="GB"), "farm-a", "TERRITORY_DENIED"),
        "training asked of a render token": (
            replace(good, use_type="TRAINING_REPLICA", first=None, last=None),
            "farm-a",
            "TRAINING_NOT_GRANTED",
        ),
        "another client's token": (good, "farm-b", "AUDIENCE_MISMATCH"),
    }
    for what, (ask, worker, code) in asks.items():
        _denied(stage, worker, ask, what, code)
    _refused(stage, "a token without its proof key", "SENDER_MISMATCH", _stolen(stage, good))
    stage.move_clock(EXPIRY_SECONDS)
    _denied(stage, "farm-a", good, "an expired token", "EXPIRED")
    stage.refused.append(_hidden(stage))
    return {"denied": {refusal.what: refusal.code for refusal in stage.refused}}


def revoke(stage: Stage) -> Outcome:
    """7. The agent revokes; the next check of both workers is denied within a second."""
    asks = {worker: _ask(stage, _token(stage, worker, stage.renewed_jti)) for worker in WORKERS}
    for worker, ask in asks.items():
        expect(_check(stage, worker, ask).permitted, f"{worker} is permitted before the revocation")
    with stage.portal("agent") as agent:
        page = f"/licences/{stage.renewed_jti}/revoke/"
        agent.submit(page, kind="PROSPECTIVE", reason="The scenes were cut; nothing more is to be rendered.")
    revoked_at = time.monotonic()
    with ThreadPoolExecutor(len(asks)) as pool:
        answers = list(pool.map(lambda item: _check(stage, *item), asks.items()))
    seconds = time.monotonic() - revoked_at
    for worker, answer in zip(asks, answers, strict=True):
        _refused(stage, f"{worker} after the revocation", "REVOKED", answer)
    expect(seconds < 1.0, f"both were refused within a second, not {seconds:.2f} s")
    return {"denied_workers": len(answers), "seconds_after_revocation": round(seconds, 3)}


def _token(stage: Stage, worker: str, jti: str) -> str:
    with stage.client(worker) as client:
        beat = client.token_heartbeat(jti)
    expect(beat.token, f"{worker} gets a token of {jti}: {beat.state}")
    return beat.token or ""


def _ask(stage: Stage, token: str) -> Ask:
    return Ask(
        token=token,
        project=stage.project,
        shot="sh010",
        use_type="FACE_RENDER",
        render_territory="US",
        first=1,
        last=1,
        engine="trustmark-demo",
        engine_version="1",
    )


def _check(stage: Stage, worker: str, ask: Ask) -> Decision:
    """One check; a permitted one gives its lease back at once."""
    with stage.client(worker) as client:
        decision = client.check(replace(ask, worker=worker))
        if decision.lease is not None:
            client.end_lease(decision.lease.id)
    return decision


def _denied(stage: Stage, worker: str, ask: Ask, what: str, code: str) -> None:
    _refused(stage, what, code, _check(stage, worker, ask))


def _refused(stage: Stage, what: str, code: str, decision: Decision) -> None:
    expect(not decision.permitted, f"{what} is refused")
    expect(code in decision.reason_codes, f"{what} is refused for {code}, not {decision.reason_codes}")
    stage.refused.append(Refusal(what, code, decision.decision_id))


def _stolen(stage: Stage, ask: Ask) -> Decision:
    """Token and API key in the hands of somebody who has not the proof key they are bound to."""
    with TrustmarkClient(stage.base_url, stage.keys["farm-a"].api_key, ProofKey.generate()) as thief:
        return thief.check(ask)


def _hidden(stage: Stage) -> Refusal:
    """A hidden talent and one that does not exist answer the same, byte for byte; that one asked is on record."""
    answers = []
    for handle in (HIDDEN, NOBODY):
        answer = httpx.post(
            f"{stage.base_url}/api/v1/visibility/check",
            headers={"Authorization": f"Bearer {stage.keys['studio'].api_key}"},
            json={"talent": handle, "project": stage.project},
            timeout=30,
        )
        answers.append((answer.status_code, answer.content))
    expect(answers[0] == answers[1], "a hidden talent answers as one that does not exist")
    expect(answers[0][0] == httpx.codes.NOT_FOUND, "and that is: there is nothing here")
    with stage.portal("producer") as producer:
        expect("not found" in producer.page("/audit/?kind=visibility").text, "the audit trail says so")
    return Refusal("a hidden talent", str(json.loads(answers[0][1])["code"]))
