"""What is sent to each address: which thing of a world stands in it, and a body that the operation takes.

``THINGS`` names, for a parameter of an address, the id in ``World.ids`` (default: the parameter's own name).
``BODIES`` holds what is sent; without an entry nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from common import clock
from licensing import services
from licensing.models import Talent
from provenance.models import Asset
from tests import factories
from tests.licensing.persons import RULE_LIMITS, in_days
from tests.permissions.worlds import World, request_body, short_film
from tests.training import rooms
from tests.training.world import bodies as training_bodies
from tests.training.world import things as training_things
from trustcore.policy.profiles import catalogue, profile_hash

PROFILE = "SAG_TVT_2026@1"

# address (or its beginning), parameter: the id in the world
THINGS = {
    ("/api/v1/training-requests/", "request_id"): "training",
    ("/api/v1/training-tokens/", "jti"): "training_jti",
    ("/api/v1/talents/", "talent_id"): "talent",
    ("/training/", "request_id"): "training",
    ("/training/{request_id}/end/", "request_id"): "training_agreed",
    ("/roster/", "talent_id"): "talent",
    ("/mandates/", "talent_id"): "talent",
    ("/visibility/", "talent_id"): "talent",
    ("/rules/", "talent_id"): "talent",
    ("/wishes/", "talent_id"): "talent",
    ("/requests/{request_id}/accept/", "request_id"): "countered",
    ("/api/v1/license-requests/{request_id}/accept", "request_id"): "countered",
    ("/api/v1/license-requests/{request_id}/difference/", "request_id"): "countered",
    ("/api/v1/tokens/{jti}/resume", "jti"): "held_jti",
    ("/api/v1/watermarks/jobs/", "uid"): "job_id",
    ("/api/v1/watermarks/detections/", "uid"): "detection",
    ("/api/v1/render/leases/", "uid"): "lease",
    ("/api/v1/logs/", "production"): "production_id",
    ("/check/", "secret"): "check_secret",
    ("/unsubscribe/", "token"): "unsubscribe_token",
    ("/team/", "person_id"): "teammate_id",
    ("/assets/", "version_id"): "asset_id",
    **training_things(),
    **rooms.things(),
}


@dataclass(frozen=True)
class Ask:
    """One body. ``answers``: statuses that say, of who is let in, that the body was read."""

    data: Any = None
    query: str = ""
    kind: str = "json"
    headers: dict[str, str] = field(default_factory=dict)
    answers: tuple[int, ...] = ()
    denied: bytes = b""
    from_afar: bool = False
    is_unread: bool = False


Body = Callable[[World], Ask]


def things_of(address: str, parameters: tuple[str, ...], variant: str) -> dict[str, str]:
    """Which id of a world stands for each parameter."""
    chosen: dict[str, str] = {}
    for name in parameters:
        rows = [thing for (start, key), thing in THINGS.items() if key == name and address.startswith(start)]
        chosen[name] = rows[-1] if rows else name
    if variant:
        chosen[parameters[0]] = variant
    return chosen


def _form(**data: Any) -> Body:
    return lambda world: Ask(
        {key: value(world) if callable(value) else value for key, value in data.items()}, kind="form"
    )


def _json(**data: Any) -> Body:
    return lambda world: Ask({key: value(world) if callable(value) else value for key, value in data.items()})


def _fact(name: str) -> Callable[[World], Any]:
    return lambda world: world.facts[name]


def _id(name: str) -> Callable[[World], str]:
    return lambda world: world.ids[name]


def _handle(world: World) -> str:
    return Talent.objects.get(pk=world.ids["talent"]).handle


def _email(name: str) -> Callable[[World], str]:
    return lambda world: world.people[name].person.email


def _query(template: str, **options: Any) -> Body:
    return lambda world: Ask(query=template.format(**world.ids), **options)


def _film(**data: Any) -> Body:
    def made(world: World) -> Ask:
        film = SimpleUploadedFile("reel.mp4", short_film(world.facts["folder"]).read_bytes(), "video/mp4")
        rest = {key: value(world) if callable(value) else value for key, value in data.items()}
        return Ask({"file": film, **rest}, kind="form")

    return made


def _check(world: World) -> Ask:
    farm = world.facts["farm"]
    jws = farm.jws()
    return Ask(
        farm.body(token=jws, render_territory="US"), headers={"DPoP": farm.proof(jws)}, denied=b'"DENY"'
    )


def _receipts(world: World) -> Ask:
    farm = world.facts["farm"]
    row = json.dumps(farm.row(world.ids["lease"], 9)).encode() + b"\n"
    return Ask(
        row, kind="application/x-ndjson", headers={"Idempotency-Key": str(uuid4())}, denied=b'"accepted":0'
    )


def _preview(world: World) -> Ask:
    return Ask({"kind": "STRIKE", "covers": "production", "id": world.ids["production_id"]})


def _declare(world: World) -> Ask:
    shown = services.preview_event(
        principal=world.people["auditor"],
        kind="STRIKE",
        covers="production",
        covered_id=world.facts["production"].pk,
    )
    body = {"kind": "STRIKE", "covers": "production", "id": world.ids["production_id"]}
    return Ask({**body, "effect_hash": shown.effect_hash, "why": "Strike."})


def _roll(world: World) -> Ask:
    sheet = b"member_number,stage_name,majority_on\r\n77,Somebody,\r\n"
    return Ask({"file": SimpleUploadedFile("roll.csv", sheet, "text/csv")}, kind="form")


def _stopped(world: World) -> Ask:
    """Lift what the talent has just stopped; it is undone with the answer."""
    desk = world.people["talent"]
    talent = Talent.objects.get(pk=world.ids["talent"])
    services.emergency_stop(principal=desk, talent=talent, reason="Stop.")
    return Ask({"why": "On we go."})


def _adopted(world: World) -> Ask:
    """End what every administrator has just signed off; it is undone with the answer."""
    for name, desk in world.people.items():
        if name.endswith("-admin"):
            factories.adopt_profile(desk, PROFILE)
    return Ask({"profile": PROFILE})


def _signed_off(world: World) -> None:
    """Counsel of every administrator's organisation has signed off what is to be applied."""
    for name, desk in world.people.items():
        if name.endswith("-admin") or name == "operator":
            factories.sign_off(desk.organisation, PROFILE)


def _to_adopt(world: World) -> Ask:
    _signed_off(world)
    return Ask({"profile": PROFILE, "profile_hash": _profile_hash()})


def _profile_hash(_: object = None) -> str:
    return profile_hash(catalogue()[PROFILE])


def _no_agent(world: World) -> Ask:
    """End the mandate over what becomes of the licences that it granted."""
    talent = Talent.objects.get(pk=world.ids["talent"])
    shown = services.preview_representation(principal=world.people["talent"], talent=talent, agency=None)
    return Ask({"effect_hash": shown.effect_hash})


def _held_output(world: World) -> Ask:
    """Take up what the open final review held; it is passed by now."""
    Asset.objects.filter(pk=world.ids["asset_id"]).update(
        state="HELD", hold_reasons=[{"code": "CHECKPOINT_OPEN", "detail": "the final review was open"}]
    )
    services.pass_checkpoint(principal=world.people["talent"], jti=UUID(world.ids["jti"]), checkpoint="FINAL")
    return Ask({"why": "It was passed."})


def _draft(world: World) -> Ask:
    # what a draft says is read when it is submitted
    return Ask({"title": "Later", "body": request_body(world, world.facts["production"])}, is_unread=True)


_CHANGES = {"changes": {"scope.frames_max": 2000}, "terms_hash": _fact("terms_hash")}
_TRAINING = {
    "project": _id("production_id"), "talent": _fact("handle"), "use_types": ["TRAINING_REPLICA"],
    "constructs": ["FACE_3D"], "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
    "description": "Fit one face model of Ada Merrow for sequences 041 to 047.", "days": 60, "runs_max": 2,
    "render_territory": ["US"], "distribution_territory": ["US"], "channels": ["THEATRICAL"],
}  # fmt: skip
_AUTHORITY = {
    "user": _email("colleague"), "kind": "GUARDIAN", "document_type": "Court appointment", "issuer": "Court",
    "issued_on": "2024-01-01", "sha256": "d" * 64,
}  # fmt: skip
_A_WHILE = {
    "valid_from": lambda _: clock.rfc3339(in_days(2)),
    "valid_until": lambda _: clock.rfc3339(in_days(3)),
}

_SEEN = {
    "talent": _handle, "platform": "A site", "seen_at": "2026-10-01T12:00:00Z", "constructs": ["FACE_3D"],
    "description": "Her face in an advertisement.",
}  # fmt: skip
_SIGNED = {
    "content_hash": "sha256:" + "0" * 64, "report_hash": "sha256:" + "0" * 64, "counsel_name": "Counsel",
    "since": lambda _: clock.now().date().isoformat(),
}  # fmt: skip


def _file(_: World) -> Ask:
    return Ask({"file": SimpleUploadedFile("page.txt", uuid4().hex.encode(), "text/plain")}, kind="form")


def _stale(**data: Any) -> Body:
    """A sign-off of what is not what it would change."""

    def made(world: World) -> Ask:
        body = {**_SIGNED, **data}
        return Ask(
            {key: value(world) if callable(value) else value for key, value in body.items()}, answers=(409,)
        )

    return made


_GRANTEE: dict[str, Any] = {
    "organisation": lambda world: world.facts["vendor"].slug,
    "to": _email("vendor"),
    "not_after": lambda _: clock.rfc3339(in_days(9)),
}
BODIES: dict[str, Body] = {
    **training_bodies(Ask),
    **rooms.bodies(Ask),
    "POST /settings/erasure/": _form(ground="OBJECTION", act="look"),
    "POST /erasures/new/": _form(talent=_handle, ground="OBJECTION", act="look"),
    "POST /api/v1/erasures/plans": _json(),
    "POST /api/v1/assets/{asset_id}/labels": _json(label="ICON", place="BESIDE"),
    # whoever is let in hears what stands against it
    "POST /api/v1/erasures": lambda _: Ask({"ground": "OBJECTION"}, answers=(409,)),
    "POST /api/v1/erasures/{erasure_id}/confirmation": lambda _: Ask({}, answers=(409,)),
    # the portal
    "POST /scripts/new/": _form(title="Another", kind="SCREENPLAY"),
    "POST /scripts/{work_id}/versions/{version_id}/scenes/": _form(ordinal="1", shots="0410_0020"),
    "POST /scripts/{work_id}/destroy/": _form(reason="The option lapsed."),
    "POST /scripts/grants/{grant_id}/end/": _form(reason="It is over."),
    "POST /incidents/new/": _form(**_SEEN),
    "POST /incidents/{incident_id}/evidence/": lambda world: Ask(
        {**_file(world).data, "kind": "CAPTURE"}, kind="form"
    ),
    "POST /check/": lambda world: Ask({"file": _file(world).data["file"]}, kind="form"),
    "POST /public-page/": _form(on="off"),
    "POST /verify/": lambda world: Ask({**_file(world).data, "impact": "low"}, kind="form"),
    "POST /verify/{verification_id}/review/": _form(verdict="LET_GO", reason="Looked at it."),
    "POST /incidents/{incident_id}/note/": _form(text="A note."),
    "POST /rollouts/new/": _form(policy="EQUITY_UK@1", look="1"),
    "POST /api/v1/incidents": _json(**_SEEN),
    "POST /api/v1/incidents/{incident_id}/notes": _json(text="A note."),
    "POST /api/v1/incidents/{incident_id}/notices": _json(
        sent_to="The Site", sent_at="2026-10-02T12:00:00Z", law="Sec. 3344"
    ),
    "POST /api/v1/incidents/{incident_id}/answers": _json(
        received_from="The Site", received_at="2026-10-03T12:00:00Z", text="Taken down."
    ),
    "POST /api/v1/incidents/{incident_id}/state": _json(state="RESOLVED", reason="Taken down."),
    "POST /api/v1/incidents/{incident_id}/evidence": _file,
    "POST /api/v1/policy-rollouts": _json(profile="EQUITY_UK@1"),
    "POST /api/v1/policy-rollouts/report": _json(
        profile="EQUITY_UK@1", since=lambda _: clock.now().date().isoformat()
    ),
    "GET /api/v1/policy-rollouts/{rollout_id}/report": lambda _: Ask(
        query=f"?since={clock.now().date().isoformat()}"
    ),
    "POST /api/v1/policy-rollouts/{rollout_id}/canary": _stale(share_percent=5),
    "POST /api/v1/policy-rollouts/{rollout_id}/promote": _stale(),
    "POST /settings/": _form(theme="dark", keys="off"),
    "POST /sign-in/forgotten/": _form(email="no address"),
    # a letter's link that is over says so, to everybody alike
    "GET /sign-in/new-password/{uidb36}/{key}/": lambda _: Ask(answers=(404,)),
    "POST /sign-in/new-password/{uidb36}/{key}/": lambda _: Ask({}, kind="form", answers=(404,)),
    "POST /welcome/{secret}/": _form(password="a-long-enough-passphrase", again="a-long-enough-passphrase"),
    "POST /security/passkeys/new/": lambda _: Ask(kind="form", answers=(422,)),
    "POST /security/passkeys/{passkey_id}/rename/": _form(name="Laptop"),
    "POST /security/codes/new/": lambda _: Ask(kind="form", answers=(422,)),
    "POST /security/password/": lambda _: Ask(kind="form", answers=(422,)),
    "POST /requests/{request_id}/change/": _form(field="frames_max", value="2000", note="Fewer."),
    "POST /requests/{request_id}/undo/": _form(field="frames_max"),
    "GET /requests/{request_id}/change/": _query("?field=frames_max"),
    "POST /requests/{request_id}/counter/": _form(note=""),
    "POST /requests/{request_id}/revise/": _form(note=""),
    "POST /requests/{request_id}/approve/": _form(terms_hash=_fact("terms_hash")),
    "POST /requests/{request_id}/approve/@direct": _form(terms_hash=_fact("direct_hash")),
    "POST /requests/{request_id}/decline/": _form(reason="Not this time."),
    "POST /requests/{request_id}/accept/": _form(terms_hash=_fact("countered_hash")),
    "POST /licences/{jti}/suspend/": _form(why="We look into it."),
    "POST /licences/{jti}/checkpoint/": _form(checkpoint="FINAL"),
    "POST /licences/{jti}/revoke/": _form(kind="PROSPECTIVE", reason="It is over."),
    "POST /licences/{jti}/renew/": _form(days="30", frames_max="100", note="More."),
    "POST /productions/new/": _form(title="A new one", kind="PRODUCTION", guild=""),
    "POST /requests/new/": _form(production=_id("production_id"), talent=_handle),
    # which way it goes: the one that is not the rule now
    "POST /team/sign-in/passkeys/": _form(required="on"),
    "POST /team/sign-in/domains/new/": _form(domain="somebody.test"),
    "POST /team/sign-in/domains/{claim_id}/check/": _form(),
    "POST /team/sign-in/services/new/": lambda _: Ask({}, kind="form", answers=(422,)),
    "POST /training/new/": _form(production=_id("production_id"), talent=_handle),
    "POST /training/new/{whom}/": lambda _: Ask({"act": "look"}, kind="form", answers=(422,)),
    "POST /webhooks/new/": _form(url="https://hooks.example.test/portal", kinds=["licence.*"]),
    "POST /webhooks/{endpoint_id}/switch/": _form(enabled="off"),
    "POST /webhooks/{endpoint_id}/rotate/": _form(overlap_hours="1"),
    # a talent's organisation has roles of its own
    "POST /team/invite/": lambda world: Ask(
        {"full_name": "New", "email": "new@example.test", "roles": ["ADMIN"]}, kind="form", answers=(422,)
    ),
    "POST /team/{person_id}/": _form(roles=["ENGINEER"]),
    "POST /notices/choices/": lambda world: Ask({}, kind="form", answers=(422,)),
    "POST /keys/new/": _form(name="farm", scopes=["licence:read"], days="30", proof_jwk=""),
    "POST /bundles/new/": _form(production=_id("production_id"), purpose="UNION_REPORTING"),
    "POST /stop/": _form(confirm="stop"),
    "GET /profiles/{ref}/difference/": _query("?with=SAG_TVT_2026@1"),
    "POST /profiles/{ref}/sign-off/": lambda _: Ask({"profile_hash": _profile_hash()}, kind="form"),
    "GET /profiles/{ref}/adopt/": _to_adopt,
    "POST /profiles/{ref}/adopt/": lambda world: replace(_to_adopt(world), kind="form"),
    "GET /profiles/{ref}/end/": _adopted,
    "POST /profiles/{ref}/end/": lambda world: replace(_adopted(world), kind="form"),
    "GET /events/declare/": _query("?kind=STRIKE&of=production:{production_id}"),
    "POST /events/declare/": lambda world: Ask(
        {"kind": "STRIKE", "of": f"production:{world.ids['production_id']}", "why": "Strike."}, kind="form"
    ),
    # doors
    "GET /metrics": lambda _: Ask(from_afar=True),
    "GET /api/docs/": _query(""),
    "POST /log/{production_id}/cosignatures": lambda _: Ask(
        b"nothing\n", kind="text/plain", answers=(400, 422)
    ),
    # open to everybody, who is told what is wrong with the question
    **{
        f"{method} {root}/matches/{what}": lambda _: Ask(b"", kind="text/plain", answers=(400, 415))
        for root in ("/softbinding/v1", "/api/v1/softbinding")
        for method in ("GET", "POST")
        for what in ("byBinding", "byContent", "byReference")
    },
    # the API
    "POST /api/v1/productions": _json(title="A new one", kind="PRODUCTION"),
    "POST /api/v1/visibility/check": _json(talent=_fact("handle"), project=_id("production_id")),
    "POST /api/v1/license-requests": lambda world: Ask(request_body(world, world.facts["production"])),
    "POST /api/v1/license-requests/{request_id}/accept": _json(terms_hash=_fact("countered_hash")),
    "POST /api/v1/license-requests/{request_id}/approve": _json(terms_hash=_fact("terms_hash")),
    "POST /api/v1/license-requests/{request_id}/approve@direct": _json(terms_hash=_fact("direct_hash")),
    "POST /api/v1/license-requests/{request_id}/counter": _json(**_CHANGES),
    "POST /api/v1/license-requests/{request_id}/decline": _json(reason="Not this time."),
    "POST /api/v1/license-requests/{request_id}/revise": _json(**_CHANGES),
    "POST /api/v1/license-requests/{request_id}/question": _json(text="Which scenes?"),
    "POST /api/v1/license-requests/{request_id}/answer": _json(text="These."),
    "POST /api/v1/request-drafts": _draft,
    "PUT /api/v1/request-drafts/{draft_id}": _draft,
    "POST /api/v1/talents/{talent_id}/mandate/end": _no_agent,
    "POST /api/v1/talents/{talent_id}/mandate/preview": _json(agency=None),
    "POST /mandates/end/{talent_id}/": lambda world: replace(_no_agent(world), kind="form"),
    "POST /api/v1/talents/{talent_id}/mandate": _json(
        agency=lambda world: world.facts["agency"].slug,
        agent=_email("colleague"),
        mode="AGENT_WITHIN_MANDATE",
        use_types=["FACE_RENDER"],
    ),
    "POST /api/v1/talents/{talent_id}/visibility": _json(level="HIDDEN", organisations=[]),
    "POST /api/v1/talents/{talent_id}/rules": _json(
        use_types=["FACE_RENDER"], limits=RULE_LIMITS, valid_until=lambda _: clock.rfc3339(in_days(9))
    ),
    "POST /api/v1/talents/{talent_id}/instructions": _json(kind="PAYEE", body={"payee": "Ilse"}),
    "POST /api/v1/talents/{talent_id}/authorities": _json(**_AUTHORITY),
    "POST /api/v1/talents/{talent_id}/guild-defaults/tighten": _json(limits={"days_max": 30}),
    "POST /api/v1/talents/{talent_id}/guild-defaults/accept": _json(version=1),
    "POST /api/v1/talents/{talent_id}/emergency-stop": _json(reason="Stop."),
    "POST /api/v1/talents/{talent_id}/emergency-stop/lift": _stopped,
    "POST /api/v1/mandates/{mandate_id}/delegations": _json(to=_email("colleague"), **_A_WHILE),
    "POST /api/v1/absences": _json(stand_in=_fact("deputy"), **_A_WHILE),
    "POST /api/v1/profiles/sign-off": _json(profile=PROFILE, profile_hash=_profile_hash),
    "POST /api/v1/profiles/adopt": _to_adopt,
    "POST /api/v1/profiles/end": _adopted,
    "POST /api/v1/training-requests": _json(**_TRAINING),
    "POST /api/v1/training-requests/{request_id}/approve": _json(terms_hash=_fact("training_hash")),
    "POST /api/v1/training-requests/{request_id}/decline": _json(reason="No."),
    "POST /api/v1/training-tokens/{jti}/revoke": _json(reason="No more."),
    "POST /api/v1/events/preview": _preview,
    "POST /api/v1/events/declare": _declare,
    "POST /api/v1/guild-rolls": _roll,
    "POST /api/v1/guild-rolls/rows": _json(rows=[{"member_number": "88", "stage_name": "Somebody"}]),
    "POST /api/v1/guild-defaults": _json(limits={"days_max": 200}),
    "POST /api/v1/tokens/{jti}/checkpoints": _json(checkpoint="FINAL"),
    "POST /requests/{request_id}/block/": _form(why="They never answer."),
    "POST /requests/{request_id}/escalate/": _form(note="This one is yours."),
    "POST /api/v1/license-requests/{request_id}/block-studio": _json(why="They never answer."),
    "POST /api/v1/license-requests/{request_id}/escalate": _json(note="This one is yours."),
    "POST /licences/{jti}/release/@frames": _form(why="The scene was cut anew."),
    "POST /licences/{jti}/let-go/@asked_frames": _form(kind="KEEP_HELD", why="Not these."),
    "POST /api/v1/tokens/{jti}/ask-release@frames": _json(why="The scene was cut anew."),
    "POST /api/v1/frame-releases/{release_id}/decide": _json(grants=False, why="Not these."),
    "GET /outputs/{asset_id}/take-up/": _held_output,
    "POST /outputs/{asset_id}/take-up/": lambda world: replace(_held_output(world), kind="form"),
    "POST /api/v1/assets/{asset_id}/take-up": _held_output,
    "POST /api/v1/tokens/{jti}/revoke": _json(reason="It is over."),
    "POST /api/v1/tokens/{jti}/suspend": _json(why="For now."),
    "POST /api/v1/holds": _json(covers="token", id=_id("jti"), reason="SUSPENDED", why="For now."),
    "POST /api/v1/introspect": lambda world: Ask(
        f"token={world.facts['farm'].jws()}",
        kind="application/x-www-form-urlencoded",
        denied=b'"active":false',
    ),
    **dict.fromkeys(
        (
            "POST /mandates/{mandate_id}/delegate/",
            "POST /mandates/give/{talent_id}/",
            "POST /absence/",
            "POST /visibility/{talent_id}/",
            "POST /rules/new/{talent_id}/",
            "POST /wishes/{talent_id}/after-death/",
            "POST /wishes/{talent_id}/payee/",
            "POST /training/{request_id}/decline/",
            "POST /training/{request_id}/end/",
            "POST /requests/{request_id}/ask/",
        ),
        lambda _: Ask({}, kind="form", answers=(422,)),  # the form, with what it misses
    ),
    "POST /training/{request_id}/approve/": _form(terms_hash=_fact("training_hash")),
    "GET /requests/{request_id}/answer/": lambda _: Ask(answers=(409,)),  # nobody has asked anything
    "POST /requests/{request_id}/answer/": lambda _: Ask({}, kind="form", answers=(409,)),
    "POST /api/v1/render/checks": _check,
    "GET /api/v1/render/checks": _query("?token={jti}"),
    "POST /api/v1/render/receipts": _receipts,
    "GET /api/v1/render/receipts": _query("?token={jti}"),
    "GET /api/v1/render/receipts/export": _query("?token={jti}&format=csv"),
    "GET /api/v1/render/receipts/{leaf}/proof": _query("?project={production_id}"),
    "GET /api/v1/logs/{production}/consistency": _query("?first=1"),
    "GET /api/v1/logs/{production}/leaf": _query("?decision={decision}"),
    "POST /api/v1/assets": _film(project=_id("production_id"), tokens=lambda world: [world.ids["jti"]]),
    "POST /api/v1/watermarks/jobs": _film(payload=_id("free_payload")),
    "POST /api/v1/watermarks/detect": _film(),
    "POST /api/v1/verifications": _film(),
    "POST /api/v1/screenplays": _json(title="Another"),
    "POST /api/v1/screenplays/matches": lambda _: Ask(
        {"file": SimpleUploadedFile("a.txt", b"")}, kind="form"
    ),
    "POST /api/v1/screenplays/{work_id}/versions": lambda _: Ask(
        {"file": SimpleUploadedFile("a.txt", b""), "label": "Blue"}, kind="form"
    ),
    "POST /api/v1/screenplays/{work_id}/grants": _json(purpose="READ", **_GRANTEE),
    "POST /api/v1/screenplays/{work_id}/training-grants": _json(basis="A contract", **_GRANTEE),
    "POST /api/v1/screenplays/{work_id}/accesses": lambda _: Ask(
        {"use_type": "SCRIPT_ACCESS"}, denied=b'"decision":"DENY"'
    ),
    "POST /api/v1/screenplays/{work_id}/leaks": lambda _: Ask(
        {"file": SimpleUploadedFile("a.pdf", b"")}, kind="form"
    ),
    "PUT /api/v1/screenplays/{work_id}/versions/{version_id}/scenes/{ordinal}/shots": _json(shots=["0410"]),
    "POST /api/v1/screenplay-grants/{grant_id}/end": _json(reason="It is over."),
    "POST /api/v1/verifications/{verification_id}/reviews": _json(verdict="LET_GO", reason="Looked at it."),
    "GET /api/v1/graph/assets": _query("?model=any"),
    "POST /api/v1/graph/assets": _json(
        project=_id("production_id"),
        assets=[{"kind": "CAPTURE", "name": "take", "version": {"origin": "CAMERA"}}],
    ),
    "POST /api/v1/generations": _json(
        project=_id("production_id"),
        generations=[{"model": {"name": "any"}, "outputs": [{"kind": "IMAGE", "name": "picture"}]}],
    ),
    "POST /api/v1/assets/{asset_id}/versions": _json(origin="HUMAN_TOOLS"),
    "POST /api/v1/assets/{asset_id}/documents": lambda _: Ask(
        {"kind": "CALL_SHEET", "file": SimpleUploadedFile("day 12.txt", b"Crew call 07:00")}, kind="form"
    ),
    "POST /api/v1/assets/{asset_id}/decisions": _json(outcome="CHOSEN", stage="CREATIVE"),
    "POST /api/v1/detectors/promotions": lambda _: Ask({"evaluation": {"schema": "none"}}, answers=(422,)),
    "GET /api/v1/assets/{asset_id}/proxy": lambda _: Ask(answers=(409,)),  # a film needs none
    "GET /api/v1/watermarks/jobs/{uid}/content": lambda _: Ask(answers=(409,)),  # it is still being marked
    "POST /api/v1/watermarks/registrations": _json(
        project=_id("production_id"), tokens=lambda world: [world.ids["jti"]]
    ),
    "PUT /api/v1/productions/{production_id}/softbinding": _json(public=False),
    "POST /api/v1/productions/{production_id}/omc": _json(Asset=[]),
    "POST /api/v1/bundles": _json(project=_id("production_id"), purpose="UNION_REPORTING"),
    "POST /api/v1/webhooks": _json(url="https://hooks.example.test/another", kinds=[]),
    "PATCH /api/v1/webhooks/{endpoint_id}": _json(enabled=False),
    "POST /api/v1/webhooks/{endpoint_id}/rotate-secret": _json(overlap_hours=1),
}
