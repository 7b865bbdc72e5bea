"""Every reason for a refusal is reached by a real check over HTTP, and none is left out.

Each case makes a farm, brings about one thing that is wrong, asks, and expects the reason first in the answer,
in the decision that is kept, and (where the licence could be told) in the production's log.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings

from accounts.models import Organisation
from common import clock, keys
from licensing import services
from licensing.selectors import LicenceFacts, licence_state_for
from receipts.models import RenderCheck
from receipts.services import expire_leases
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm, revoke, sha
from trustcore.claims import licence_claims
from trustcore.policy.holds import PLACED_BY
from trustcore.policy.reasons import DenyReason
from trustcore.receipt import CheckedEntry
from trustcore.tokens import LICENCE_TYP, encode_token

pytestmark = pytest.mark.django_db

Case = Callable[["World"], Any]
CASES: dict[DenyReason, Case] = {}
UNLOGGED = {DenyReason.TOKEN_UNKNOWN, DenyReason.RATE_LIMITED}
"""Reasons for which no production can be told, or none shall be."""
SING = {"use_type": "VOICE_SINGING_RENDER", "construct": "VOICE_SPEAKING", "frame_range": None}
SPEAK = {"use_type": "VOICE_RENDER", "construct": "VOICE_SPEAKING", "frame_range": None}


class World:
    """What a case may move: the clock and the settings."""

    def __init__(self, move_clock: Callable[..., None], settings: Any) -> None:
        self.move_clock, self.settings = move_clock, settings


def case(*reasons: DenyReason) -> Callable[[Case], Case]:
    """Note a case under the reason it reaches."""

    def note(function: Case) -> Case:
        for reason in reasons:
            assert reason not in CASES
            CASES[reason] = function
        return function

    return note


def test_every_reason_has_a_case() -> None:
    assert set(CASES) == set(DenyReason)


@pytest.mark.req("ST-062")
@pytest.mark.parametrize("reason", DenyReason)
def test_reason_is_reached_by_a_real_check(
    reason: DenyReason, move_clock: Callable[..., None], settings: Any
) -> None:
    farm, response = CASES[reason](World(move_clock, settings))
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["decision"] in {"DENY", "HOLD"}
    assert answer["reason_codes"] == [reason.value]
    assert (answer["lease"], answer["frames_reserved"], answer["obligations"]) == (None, 0, [])
    kept = RenderCheck.objects.get(pk=answer["decision_id"])
    assert (kept.outcome, kept.reasons) == (answer["decision"], [reason.value])
    entries = logged(farm.token.production_id, CheckedEntry)
    if reason in UNLOGGED:
        assert all(entry.decision != answer["decision_id"] for entry in entries)
    else:
        assert (entries[-1].decision, entries[-1].reasons) == (answer["decision_id"], (reason.value,))


def test_without_anything_wrong_the_same_check_is_permitted() -> None:
    assert make_farm().check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"


# -- the licence and its token


@case(DenyReason.TOKEN_UNKNOWN)
def _unknown(world: World) -> Any:
    """Our own key signed a token for a licence that is not there, as after a restored backup."""
    farm = make_farm()
    return farm, farm.check(token=forge(farm, token_id=str(uuid4())))


@case(DenyReason.TOKEN_MALFORMED)
def _malformed(world: World) -> Any:
    farm = make_farm()
    claim = base64.urlsafe_b64encode(json.dumps({"jti": str(farm.token.pk)}).encode()).rstrip(b"=").decode()
    return farm, farm.check(token=f"x.{claim}.y", proof="x.y.z")


@case(DenyReason.SIGNATURE_INVALID)
def _signature(world: World) -> Any:
    farm = make_farm()
    head, payload, signature = farm.jws().split(".")
    other = "A" if signature[9] != "A" else "B"
    return farm, farm.check(token=f"{head}.{payload}.{signature[:9]}{other}{signature[10:]}")


@case(DenyReason.KEY_UNTRUSTED)
def _key(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    keys.rotate_key("TOKEN")
    keys.revoke_key(next(kid for kid in keys.public_keys("TOKEN") if kid != keys.signer_for("TOKEN").kid))
    return farm, farm.check(token=jws)


@case(DenyReason.AUDIENCE_MISMATCH)
def _audience(world: World) -> Any:
    farm = make_farm()
    colleague = Farm(farm.token, *factories.make_credential(farm.token.licensee))
    return farm, colleague.check(token=farm.jws())


@case(DenyReason.SENDER_MISMATCH)
def _sender(world: World) -> Any:
    farm = make_farm()
    thief = Farm(farm.token, farm.credential, factories.make_credential(farm.token.licensee)[1])
    return farm, thief.check(token=farm.jws())


@case(DenyReason.REPLAY)
def _replay(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    proof = farm.proof(jws)
    assert farm.check(token=jws, proof=proof).json()["lease"]
    return farm, farm.check(token=jws, proof=proof)


@case(DenyReason.NOT_YET_VALID)
def _early(world: World) -> Any:
    begins = clock.now() + timedelta(days=5)
    farm = make_farm(not_before=begins)
    return farm, farm.check(token=forge(farm, expires_at=int((begins + timedelta(hours=1)).timestamp())))


@case(DenyReason.EXPIRED)
def _late(world: World) -> Any:
    farm = make_farm(days=1)
    world.move_clock(hours=23, minutes=50)
    jws = farm.jws()
    world.move_clock(hours=24, minutes=1)
    return farm, farm.check(token=jws)


@case(DenyReason.REVOKED)
def _revoked(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    revoke(farm.token)
    return farm, farm.check(token=jws)


@case(DenyReason.SUPERSEDED)
def _superseded(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    renewal = services.request_renewal(
        principal=factories.make_producer(farm.token.licensee), jti=farm.token.pk, days=30
    )
    factories.approve(renewal)
    return farm, farm.check(token=jws)


@case(DenyReason.EMERGENCY_STOP)
def _stop(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    talent = farm.token.talent
    services.emergency_stop(
        principal=factories.desk_of_talent(talent), talent=talent, reason="Stop.", ends_licences=False
    )
    return farm, farm.check(token=jws)


@case(DenyReason.CHANGE_OF_CONTROL)
def _sold(world: World) -> Any:
    farm = make_farm()
    jws = farm.jws()
    Organisation.objects.filter(pk=farm.token.licensee_id).update(control_generation=2)
    return farm, farm.check(token=jws)


# -- scope


@case(DenyReason.PROJECT_MISMATCH)
def _other_film(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(project=str(factories.make_production(farm.token.licensee).pk))


@case(DenyReason.SHOT_OUT_OF_SCOPE)
def _shot(world: World) -> Any:
    farm = make_farm(shots=("0410_0020",))
    return farm, farm.check(shot="0410_0030")


@case(DenyReason.USE_TYPE_NOT_GRANTED)
def _use(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(purpose="MARKETING")


@case(DenyReason.CONSTRUCT_NOT_GRANTED)
def _construct(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(construct="BODY_3D")


@case(DenyReason.CHANNEL_NOT_GRANTED)
def _channel(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(channel="OOH_DOOH")


@case(DenyReason.TERRITORY_DENIED)
def _territory(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(distribution_territory="FR")


@case(DenyReason.MODEL_NOT_ALLOWED)
def _model(world: World) -> Any:
    farm = countered({"tools.models_allowed": [f"sha256:{sha('agreed weights')}"]})
    agreed = {"id": "face-2", "version": "1", "hash": sha("agreed weights")}
    assert farm.check(model=agreed).json()["lease"]
    return farm, farm.check(model={**agreed, "hash": f"sha256:{sha('other weights')}"})


@case(DenyReason.ENGINE_NOT_ALLOWED)
def _engine(world: World) -> Any:
    farm = countered({"tools.engines": ["blender@4.2"]})
    assert farm.check().json()["lease"]
    return farm, farm.check(engine={"name": "blender", "version": "4.3"})


@case(DenyReason.VENDOR_NOT_LISTED)
def _vendor(world: World) -> Any:
    """Our own key signed a token for an organisation that the terms do not list."""
    farm = make_farm()
    unlisted = Farm(farm.token, *factories.make_credential(factories.make_vendor()))
    return farm, unlisted.check(token=forge(unlisted))


@case(DenyReason.RESOLUTION_EXCEEDED)
def _picture(world: World) -> Any:
    farm = countered({"scope.resolution_max": "2048x1080"})
    assert farm.check(resolution="2048x1080").json()["lease"]
    return farm, farm.check(resolution="4096x2160")


@case(DenyReason.SCRIPT_VERSION_MISMATCH)
def _script(world: World) -> Any:
    farm = make_farm(script=({"ref": "meridian", "version": "blue", "sha256": sha("blue pages")},))
    assert farm.check(script={"sha256": sha("blue pages"), "version": "blue"}).json()["lease"]
    return farm, farm.check(inputs=[{"hash": sha("pink pages"), "role": "script"}])


@case(DenyReason.INPUT_NOT_LICENSED)
def _input(world: World) -> Any:
    farm = make_farm(anchors=(sha("scan"),))
    inputs = [{"hash": f"sha256:{sha('scan')}", "role": "likeness"}, {"hash": sha("plate"), "role": "plate"}]
    assert farm.check(inputs=inputs).json()["lease"]
    return farm, farm.check(inputs=[*inputs, {"hash": sha("another scan"), "role": "likeness"}])


@case(DenyReason.TRAINING_NOT_GRANTED)
def _training(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(purpose="TRAINING")


# -- quota


@case(DenyReason.FRAMES_EXHAUSTED)
def _frames(world: World) -> Any:
    farm = make_farm(frames_max=30)
    assert farm.check().json()["lease"]
    return farm, farm.check(frame_range={"first": 25, "last": 30})


@case(DenyReason.LINES_EXHAUSTED)
def _lines(world: World) -> Any:
    farm = make_farm(lines_max=3)
    return farm, farm.check(**SPEAK, units={"lines": 4})


@case(DenyReason.SECONDS_EXHAUSTED)
def _seconds(world: World) -> Any:
    talent = factories.make_talent()
    farm = make_farm(talent=talent, use_types=("VOICE_SINGING_RENDER",))
    return farm, farm.check(**SING, units={"seconds": 1})


@case(DenyReason.RATE_LIMITED)
def _pace(world: World) -> Any:
    world.settings.CHECKS_PER_SECOND = 1
    farm = make_farm()
    jws = farm.jws()
    answers = [farm.check(token=jws) for _ in range(3)]
    assert [answer.json()["reason_codes"] for answer in answers[:2]] == [[], []]
    return farm, answers[2]


@case(DenyReason.RECEIPTS_OVERDUE)
def _overdue(world: World) -> Any:
    farm = make_farm()
    farm.lease()
    world.move_clock(seconds=300 + 600 + 5)
    expire_leases()
    assert farm.check().json()["lease"], "not overdue yet"
    world.move_clock(seconds=905 + 1500 + 5)
    return farm, farm.check()


# -- content


@case(DenyReason.CONTENT_PROHIBITED)
def _content(world: World) -> Any:
    farm = make_farm(content={"VIOLENCE": 2})
    assert farm.check(content={"VIOLENCE": 2}).json()["lease"]
    return farm, farm.check(content={"VIOLENCE": 3})


@case(DenyReason.CONTENT_APPROVAL_REQUIRED)
def _approval(world: World) -> Any:
    farm = make_farm(content={"SMOKING": "APPROVAL_REQUIRED", "ALCOHOL": "ALLOWED"})
    assert farm.check(content=["ALCOHOL"]).json()["lease"]
    return farm, farm.check(content=["ALCOHOL", "SMOKING"])


@case(DenyReason.RATING_EXCEEDED)
def _rating(world: World) -> Any:
    farm = make_farm(ratings={"MPA": "PG-13"})
    assert farm.check(rating={"MPA": "PG-13"}).json()["lease"]
    return farm, farm.check(rating={"MPA": "R"})


# -- process


@case(DenyReason.POLICY_SNAPSHOT_STALE)
def _policy(world: World) -> Any:
    """A token minted before the server was upgraded to other rules; the next heartbeat heals it."""
    farm = make_farm()
    stale = farm.check(token=forge(farm, policy_hash=f"sha256:{'0' * 64}"))
    return farm, stale


@case(DenyReason.OFFLINE_GRACE_EXCEEDED)
def _away(world: World) -> Any:
    """A node asks again by the same key after its lease and the grace have run out."""
    farm = make_farm()
    same = {"token": farm.jws(), "key": "block-7", "requested_at": clock.rfc3339(clock.now())}
    assert farm.check(**same).json()["lease"]
    world.move_clock(seconds=300 + 600 + 5)
    return farm, farm.check(**same)


@case(DenyReason.CLOCK_SKEW)
def _skew(world: World) -> Any:
    farm = make_farm()
    return farm, farm.check(requested_at=clock.rfc3339(clock.now() - timedelta(minutes=6)))


# -- holds: each placed through the service by a side that may


def _held(reason: DenyReason) -> Case:
    def held(world: World) -> Any:
        farm = make_farm(production=factories.make_production(guild=factories.make_guild()))
        jws = farm.jws()
        token = farm.token
        sides = PLACED_BY[reason]
        talent, guild = token.talent, token.production.guild
        assert guild is not None
        desk = (
            factories.desk_of_talent(talent) if "TALENT" in sides else factories.make_desk(guild, "AUDITOR")
        )
        services.place_hold(
            principal=desk, covers="token", covered_id=token.pk, reason=reason, why="For this test."
        )
        return farm, farm.check(token=jws)

    return held


for _reason, _sides in PLACED_BY.items():
    if _sides and _reason is not DenyReason.EMERGENCY_STOP:
        case(_reason)(_held(_reason))


def facts_of(jti: UUID) -> LicenceFacts:
    """The facts of a licence that is there."""
    facts = licence_state_for(jti)
    assert facts is not None
    return facts


def forge(farm: Farm, **changes: Any) -> str:
    """A token signed by our own key, which says what the heartbeat would not."""
    facts, now = facts_of(farm.token.pk), clock.now()
    claims = licence_claims(
        facts.terms,
        **{
            "issuer": django_settings.BASE_URL,
            "audience": f"urn:trustmark:client:{farm.credential.pk}",
            "token_id": str(farm.token.pk),
            "licence_id": str(facts.licence_id),
            "issued_at": int(now.timestamp()),
            "expires_at": int((now + timedelta(hours=1)).timestamp()),
            "jkt": farm.credential.jkt,
            "sub": str(farm.credential.organisation_id),
            "terms_hash": facts.terms_hash,
            **changes,
        },
    )
    return encode_token(claims, keys.signer_for("TOKEN"), LICENCE_TYP)


def countered(changes: dict[str, Any]) -> Farm:
    """A farm whose licence the agent narrowed by a counter that the studio accepted."""
    request = factories.make_submitted_request()
    assert request.current is not None
    agent = factories.decider_of(request)
    services.counter_request(
        principal=agent,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes=changes,
    )
    request.refresh_from_db()
    assert request.current is not None
    services.accept_counter(
        principal=factories.make_producer(request.licensee),
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
    )
    request.refresh_from_db()
    token = factories.approve(request)
    return Farm(token, *factories.make_credential(token.licensee))
