"""Acts 1, 2 and 5: ask for a licence, agree on its terms, renew it when its end comes near."""

from __future__ import annotations

import json
from typing import Any

from trustmark_client import ProofKey

from trustmark.demo.acts.rendering import render_frames
from trustmark.demo.clip import FRAMES
from trustmark.demo.forms import text_of
from trustmark.demo.portal import Portal
from trustmark.demo.stage import DAY, Key, Outcome, Stage, expect

TITLE, OTHER_TITLE = "The Glass Meridian", "Saltwater Parliament"
TALENT, GUILD, VENDOR = "ilse-varga-thorne", "screen-players", "pale-orbit"
DESCRIPTION = (
    "Ilse Varga-Thorne’s face on the 1998 scenes of Ada Merrow, scenes 41 to 63 of the script of 2 June 2026, in "
    "twelve shots of sequence 04, and her voice for fourteen corrected lines of the same scenes. No new dialogue, "
    "nothing outside these scenes."
)
DAYS, FRAMES_MAX = 90, 3000
TERRITORIES = ["US", "CA", "GB"]
KEPT_TERRITORIES = ["US", "CA"]
RENEWED_FRAMES_ASKED, RENEWED_FRAMES = 600, 400
FURTHER = (FRAMES + 1, FRAMES + 48)
KEY_DAYS = 365
_SETTLE_SECONDS = 30.0


def ask(stage: Stage) -> Outcome:
    """1. Register a production, make API keys, look for the talent, ask for face and voice."""
    with stage.portal("producer") as producer:
        stage.project = _register(producer, TITLE)
        stage.other_project = _register(producer, OTHER_TITLE)
        stage.keys["studio"] = _make_key(stage, producer, "studio")
    with stage.portal("vendor") as vendor:
        for worker in ("farm-a", "farm-b"):
            stage.keys[worker] = _make_key(stage, vendor, worker)
    with stage.client("studio") as client:
        seen = client.is_visible(talent=TALENT, project=stage.project)
        request = client.request_licence(_request_body(stage))
    stage.request_id = request["id"]
    return {"production": stage.project, "visible": seen.get("visible", True), "request": stage.request_id}


def agree(stage: Stage) -> Outcome:
    """2. The agent narrows a territory, the studio accepts the counter, the agent approves: a token."""
    request = f"/requests/{stage.request_id}/"
    with stage.portal("agent") as agent:
        expect(stage.request_id in agent.page("/inbox/").text, "the agent's inbox shows the request")
        agent.submit(
            f"{request}?edit=render_territory",
            action=f"{request}change/",
            value=KEPT_TERRITORIES,
            note="The farm stands in North America; keep the work there.",
        )
        agent.submit(f"{request}counter/")
        with stage.portal("producer") as producer:
            producer.submit(f"{request}accept/")
        agent.submit(f"{request}approve/")
    signed = stage.api("studio", "GET", f"/api/v1/license-requests/{stage.request_id}")
    expect(signed["token"], f"the request is {signed['state']}, not approved")
    stage.jti = signed["token"]
    token = stage.api("studio", "GET", f"/api/v1/tokens/{stage.jti}")
    narrowed = token["terms"]["render_territory"]
    expect(
        set(narrowed) == set(KEPT_TERRITORIES), f"the token carries the narrowed territory, not {narrowed}"
    )
    expect(token["terms"]["training"]["allowed"] is False, "training is not granted")
    return {
        "token": stage.jti,
        "terms_version": token["terms_version"],
        "terms_hash": token["terms_hash"],
        "render_territory": narrowed,
    }


def renew(stage: Stage) -> Outcome:
    """5. The clock moves on: alert, renewal with changed terms, a further block under the new version."""
    stage.move_clock(61 * DAY)
    with stage.client("studio") as client:
        beat = client.token_heartbeat(stage.jti)
    expect(beat.renewal_due, f"the heartbeat warns with {beat.days_left} days left")
    alerts = stage.wait_for("an alert", lambda: _alerts(stage), seconds=_SETTLE_SECONDS)
    body = _request_body(stage) | {
        "renews": stage.jti,
        "frames_max": RENEWED_FRAMES_ASKED,
        "render_territory": KEPT_TERRITORIES,
    }
    with stage.client("studio") as client:
        renewal = client.request_licence(body)["id"]
    request = f"/requests/{renewal}/"
    with stage.portal("agent") as agent:
        agent.submit(
            f"{request}?edit=frames_max",
            action=f"{request}change/",
            value=str(RENEWED_FRAMES),
            note="What is left of the sequence needs no more.",
        )
        agent.submit(f"{request}counter/")
        with stage.portal("producer") as producer:
            producer.submit(f"{request}accept/")
        agent.submit(f"{request}approve/")
    stage.renewed_jti = stage.api("studio", "GET", f"/api/v1/license-requests/{renewal}")["token"]
    expect(stage.renewed_jti, "the renewal was approved")
    old, new = (stage.api("studio", "GET", f"/api/v1/tokens/{jti}") for jti in (stage.jti, stage.renewed_jti))
    expect(new["terms_version"] > old["terms_version"], "the renewal is a new version of the terms")
    expect(new["frames_max"] == RENEWED_FRAMES, "the renewal carries the changed terms")
    render_frames(stage, [FURTHER], jti=stage.renewed_jti)
    return {
        "days_left": beat.days_left,
        "alert_threshold_days": alerts[0]["threshold_days"],
        "renewed_token": stage.renewed_jti,
        "terms_versions": [old["terms_version"], new["terms_version"]],
        "old_token_is": old["state"],
        "further_frames": FURTHER[1] - FURTHER[0] + 1,
    }


def _alerts(stage: Stage) -> list[dict[str, Any]]:
    return [
        row for row in stage.api("studio", "GET", "/api/v1/alerts")["results"] if row["token"] == stage.jti
    ]


def _register(producer: Portal, title: str) -> str:
    page = producer.page("/productions/new/")
    guild = _option(page.text, "Screen Players")
    answer = producer.submit("/productions/new/", title=title, kind="PRODUCTION", guild=guild)
    return answer.url.path.rstrip("/").rsplit("/", 1)[-1]


def _option(page: str, words: str) -> str:
    """The value of the option of a select whose text begins with ``words``."""
    head, found, _ = page.partition(f">{words}")
    expect(found, f"the form offers {words}")
    return head.rsplit('value="', 1)[-1].split('"', 1)[0]


def _make_key(stage: Stage, person: Portal, name: str) -> Key:
    """Make an API key in the portal, bound to a fresh proof key; both are kept as files for the gate."""
    folder = stage.work / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    proof_key = ProofKey.generate()
    key = Key(folder / f"{name}.key", folder / f"{name}.pem")
    proof_key.write(key.proof_key_file)
    answer = person.submit(
        "/keys/new/",
        name=name,
        scopes=_scopes(name),
        days=str(KEY_DAYS),
        proof_jwk=json.dumps(proof_key.jwk),
    )
    secret = text_of(answer.text, "key-secret")
    expect(secret.startswith("tm_"), "the new key is shown once")
    key.api_key_file.touch(mode=0o600)
    key.api_key_file.write_text(secret)
    return key


def _scopes(name: str) -> list[str]:
    farm = ["licence:read", "licence:heartbeat", "render:check", "render:receipt"]
    if name != "studio":
        return farm
    return [
        *farm,
        "visibility:read",
        "licence:request",
        "asset:write",
        "asset:read",
        "bundle:read",
        "watermark:detect",
    ]


def _request_body(stage: Stage) -> dict[str, Any]:
    return {
        "project": stage.project,
        "talent": TALENT,
        "use_types": ["FACE_RENDER", "VOICE_RENDER"],
        "constructs": ["FACE_3D", "VOICE_SPEAKING"],
        "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
        "description": DESCRIPTION,
        "window": {"not_before": None, "days": DAYS},
        "frames_max": FRAMES_MAX,
        "lines_max": 20,
        "render_territory": TERRITORIES,
        "distribution_territory": TERRITORIES,
        "channels": ["THEATRICAL", "SVOD"],
        "vendors": [VENDOR],
        "compensation": {"basis": "FLAT", "currency": "USD", "amount_minor": 1_245_000},
    }
