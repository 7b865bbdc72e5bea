"""Two worlds that know nothing of each other: each with its people, their keys, and one of everything there is.

What stands in one world is a stranger's in the other. Everything is made through the services.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password
from django.core import signing

from accounts.models import ApiCredential, DomainClaim, Membership, Scope
from accounts.operating import make_operator
from accounts.passkeys import relying_party
from accounts.principals import Principal, principal_of_person
from accounts.services import add_domain, add_identity_provider, invite_person
from common import clock
from common.keys import signer_for
from compliance import services as services_of_bundles
from compliance.erasure.models import Erasure
from compliance.incidents import services as services_of_incidents
from licensing import services
from licensing.models import (
    GuildMember,
    LicenceRequest,
    LicenceToken,
    PersonSignature,
    Production,
    RevocationDuty,
    StudioBlock,
    Talent,
)
from notify.models import Delivery, Letter
from notify.services import create_endpoint, ping_endpoint
from notify.unsubscribing import unsubscribe_url
from provenance.services.intake import receive_asset
from screenplays import services as services_of_scripts
from screenplays.models import Access
from tests import factories
from tests.compliance import incident as acts
from tests.conftest import DEMO_CLIP
from tests.licensing.persons import RULE_LIMITS, give_authority, in_days
from tests.passkeys import SoftPasskey
from tests.provenance.conftest import cut_clip
from tests.provenance.test_assets_api import released
from tests.receipts.conftest import Farm
from tests.training.rooms import name_things
from tests.training.world import make_training_house
from tests.verification.making import finished
from trustcore.passkey import challenge_of
from verification.models import DetectorPromotion
from verification.selectors import is_public_page_on
from verification.services import switch_public_page, take_check
from watermarking.models import MarkDetection, MediaJob, MediaStretch
from watermarking.services import register_mark

Role = Membership.Role


@dataclass(frozen=True)
class Names:
    """How a world's parties are called; whoever is not named gets a number."""

    organisations: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    talent: str = ""
    title: str = ""
    file: str = ""


@dataclass
class World:
    """The people of one story by their names in the table, and the ids of what they have to do with."""

    people: dict[str, Principal] = field(default_factory=dict)
    keys: dict[str, ApiCredential] = field(default_factory=dict)
    scoped: dict[str, ApiCredential] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def own_marks(self) -> frozenset[str]:
        """What no stranger's answer may hold: the ids of things that only their parties know of."""
        return frozenset(value for name, value in self.ids.items() if name not in _PUBLIC)


# a listed talent is found by name; the public log and the shop window of guilds are for everybody
_PUBLIC = frozenset(
    [
        "talent",
        "guild",
        "number",
        "leaf",
        "path",
        "older",
        "newer",
        "manifest_id",
        "training view",
        "training check",
        "training system",
        "check",
        "report table",
        "passkey_id",
        "provider_id",
        "uidb36",
        "key",
        "ref",
        "kid",
        "purpose",
        "question",
        "shape",
        "ordinal",
        "token",
        "user_id",
        "person_id",
        "organisation_id",
    ]
)

# name in the table: organisation, role there
PEOPLE = {
    "talent-admin": ("talent", Role.ADMIN),
    "agent": ("agency", Role.AGENT),
    "colleague": ("agency", Role.AGENT),
    "agency-admin": ("agency", Role.ADMIN),
    "producer": ("studio", Role.PRODUCER),
    "engineer": ("studio", Role.ENGINEER),
    "studio-admin": ("studio", Role.ADMIN),
    "legal": ("studio", Role.LEGAL),
    "vendor": ("vendor", Role.ENGINEER),
    "auditor": ("guild", Role.AUDITOR),
    "guild-admin": ("guild", Role.ADMIN),
}
KEYS = {"studio-key": "producer", "agency-key": "agent", "vendor-key": "vendor", "guild-key": "auditor"}
NAMES = ("anonymous", "talent", *PEOPLE, "operator", *KEYS)
GROUPS = {
    "agency": ("agent", "colleague", "agency-admin"),
    "studio": ("producer", "engineer", "studio-admin"),
    "guild": ("auditor", "guild-admin"),
    "talents": ("talent", "talent-admin"),
    "people": ("talent", *PEOPLE),
    "keys": tuple(KEYS),
    "everybody": NAMES,
}

ORGANISATIONS = (GROUPS["agency"], GROUPS["studio"], GROUPS["guild"], GROUPS["talents"], ("vendor",))


def make_world(folder: Path, names: Names = Names()) -> World:
    """Make one world; films lie in ``folder``."""
    world = World()
    world.facts |= {"folder": folder, "names": names}
    organisations = {
        kind: factories.make_organisation(kind.upper(), names.organisations.get(kind, ""))
        for kind in ("studio", "agency", "vendor", "guild")
    }
    talent = factories.make_talent(names.talent, visibility="LISTED")
    organisations["talent"] = talent.organisation
    for name, (place, role) in PEOPLE.items():
        person = factories.make_user(names.people.get(name, ""))
        world.people[name] = factories.make_desk(organisations[place], role, person)
    world.facts["deputy"] = factories.make_agent(organisations["agency"]).person.email
    world.people["operator"] = _operator()
    world.people["talent"] = factories.desk_of_talent(talent)
    signs_in = make_password(uuid4().hex)  # hashed once: nobody here types it
    for desk in world.people.values():
        desk.person.password = signs_in
        desk.person.save(update_fields=["password"])
    for name, maker in KEYS.items():
        desk = world.people[maker]
        world.keys[name], world.facts[f"{name} proof"] = factories.make_credential(
            desk.organisation, created_by=desk.person
        )
    world.ids |= {"talent": str(talent.pk)}
    for scope in Scope.values:
        desk = world.people["producer"]
        world.scoped[scope] = factories.make_credential(
            desk.organisation, created_by=desk.person, scopes=[scope]
        )[0]
    world.facts |= {"handle": talent.handle, "talent row": talent, **organisations}
    _licensing(world, talent)
    _representation(world, talent)
    _training(world)
    _guild(world, talent)
    _render(world)
    _outputs(world)
    _doors(world)
    _incidents(world, talent)
    _scripts(world)
    _erasures(world)
    make_training_house(world)
    name_things(world)
    return world


def _incidents(world: World, talent: Talent) -> None:
    """A use outside any contract with its evidence and a package, and a policy of the guild in shadow."""
    agent = world.people["agent"]
    incident = acts.record(agent, talent)
    evidence = acts.add(agent, incident, world.facts["folder"], acts.picture())
    services_of_incidents.add_notice(
        principal=agent, incident_id=incident.pk, sent_to="The Site", sent_at=clock.now(), law="Sec. 3344"
    )
    asked = services_of_incidents.request_package(principal=agent, incident_id=incident.pk)
    package = services_of_incidents.build_package(asked.pk)
    rollout = services.start_shadow(principal=world.people["guild-admin"], profile="SAG_TVT_2026@1")
    world.ids |= {
        "incident_id": str(incident.pk),
        "evidence_id": str(evidence.pk),
        "package_id": str(package.pk),
        "rollout_id": str(rollout.pk),
    }


def _scripts(world: World) -> None:
    """A script of the studio, written by the talent; the vendor and its key may read it, and the key does."""
    producer, key = world.people["producer"], world.keys["vendor-key"]
    work = services_of_scripts.register_work(
        principal=producer,
        title=f"Only our script {uuid4().hex}",
        production_id=world.facts["production"].pk,
        writer_email=world.people["talent"].person.email,
    )
    path = world.facts["folder"] / "script.fountain"
    path.write_text("INT. HOUSE - DAY\n\nShe waits.\n\nEXT. ROAD - NIGHT\n\nHe does not come.\n")
    version = services_of_scripts.add_version(
        principal=producer, work_id=work.pk, path=path, file_name="script.fountain", label="First"
    )
    grants = [
        services_of_scripts.grant_use(
            principal=producer, work_id=work.pk, purpose="READ", organisation=world.facts["vendor"].slug, to=to,
            not_after=in_days(30),
        )
        for to in (world.people["vendor"].person.email, key.prefix)
    ]  # fmt: skip
    access = Access.objects.create(
        work=work, version=version, organisation=key.organisation, person=key.created_by, credential=key,
        purpose="READ", outcome="PERMITTED", authority="GRANT", grant=grants[1], training_granted=False,
        valid_until=in_days(1),
    )  # fmt: skip
    copy = services_of_scripts.make_copy(principal=producer, work_id=work.pk)
    world.facts["script"] = work
    world.ids |= {
        "work_id": str(work.pk),
        "version_id": str(version.pk),
        "grant_id": str(grants[0].pk),
        "access_id": str(access.pk),
        "copy_id": str(copy.pk),
        "ordinal": "1",
    }


def _doors(world: World) -> None:
    """What lets people in: somebody's passkey and codes, an invitation, a signature by passkey."""
    agent, colleague = world.people["agent"], world.people["colleague"]
    passkey = SoftPasskey().enrol(colleague.person)
    TOTP.activate(colleague.person, generate_totp_secret())
    _, address = invite_person(
        organisation=world.facts["agency"],
        email=f"{uuid4().hex}@agency.test",
        full_name="Somebody New",
        roles=["AGENT"],
        invited_by=None,
    )
    studio = world.facts["studio"]
    owned = add_domain(organisation=studio, domain=f"{uuid4().hex}.test")
    claim = DomainClaim.objects.create(organisation=studio, domain=f"{uuid4().hex}.test", secret="0" * 32)
    service = add_identity_provider(
        organisation=studio,
        slug=uuid4().hex,
        name="",
        issuer="https://sso.example",
        client_id="a",
        secret="b",
    )
    party = relying_party()
    assert party is not None
    device = SoftPasskey(party.rp_id, party.origin)
    device.enrol(agent.person)
    asked = factories.make_submitted_request(
        world.facts["production"], world.facts["talent row"], producer=world.people["producer"]
    )
    assert asked.current is not None
    answer = device.sign(challenge_of(asked.current.terms_hash))
    services.approve_request(
        principal=agent, request_id=asked.pk, terms_hash=asked.current.terms_hash, passkey=answer
    )
    signature = PersonSignature.objects.get(person=agent.person)
    world.ids |= {
        "passkey_id": str(passkey.pk),
        "secret": address.split("/welcome/")[1].strip("/"),
        "action_id": str(signature.action_id),
        "provider_id": "no-such-service",
        "domain_id": str(owned.pk),
        "claim_id": str(claim.pk),
        "service_id": str(service.pk),
        "uidb36": "nobody-at-all",
        "key": "no-such-letter",
    }


def _erasures(world: World) -> None:
    """One that a colleague asked for, and one of the engineer that is over."""
    colleague, engineer = world.people["colleague"].person, world.people["engineer"].person
    asked = Erasure.objects.create(
        user=colleague,
        asked_by=colleague,
        asked_for="SUBJECT",
        ground="OBJECTION",
        plan={"rows": {}, "keys": 0},
    )
    done = Erasure.objects.create(
        user=engineer, asked_by=engineer, asked_for="SUBJECT", ground="OBJECTION", state="DONE",
        confirmed_by=world.people["operator"].person, confirmed_at=clock.now(), due_at=clock.now(),
        ended_at=clock.now(), certificate={"schema": "of the tests"},
    )  # fmt: skip
    world.ids |= {"erasure_id": str(asked.pk), "erasure_done": str(done.pk)}


def _check(world: World) -> str:
    """A stranger's file that waits, at the page that anybody may open."""
    if not is_public_page_on():
        switch_public_page(principal=world.people["operator"], on=True)
    path = world.facts["folder"] / f"{uuid4().hex}.bin"
    path.write_bytes(b"waits")
    _row, secret = take_check(path=path, file_name=path.name)
    return secret


def _operator() -> Principal:
    """Whoever runs the server; there is one house of operators, whatever the world."""
    email = f"{uuid4().hex}@operator.test"
    made, _ = make_operator(email=email, full_name="Ola Root", house="Operator")
    desk = principal_of_person(made.user)
    assert desk is not None
    return desk


def _licensing(world: World, talent: Talent) -> None:
    studio, producer = world.facts["studio"], world.people["producer"]
    production = services.register_production(
        principal=producer,
        title=world.facts["names"].title or f"Only ours {uuid4().hex}",
        kind="PRODUCTION",
        guild=world.facts["guild"].slug,
    )
    vendors = (world.facts["vendor"].slug,)

    def ask(**changes: Any) -> LicenceRequest:
        ask = {"vendors": vendors, **changes}
        return factories.make_submitted_request(production, talent, producer=producer, **ask)

    direct = ask()  # before there is a mandate: the talent alone answers
    world.facts["mandate"] = factories.make_mandate(talent, world.people["agent"])
    waiting = ask()
    countered = _counter(world, ask())
    token = factories.approve(ask(terms={"approvals": {"checkpoints": ["FINAL"]}}))
    ended = factories.approve(ask())
    services.revoke_token(
        principal=world.people["agent"],
        jti=ended.pk,
        kind="PROSPECTIVE",
        disposition="KEEP",
        reason="It is over.",
    )
    frames = [factories.approve(ask()) for _ in range(2)]  # whose frames are held, asked for and not
    for one in frames:
        services.revoke_token(
            principal=world.people["agent"],
            jti=one.pk,
            kind="DISTRIBUTION_HOLD",
            disposition="QUARANTINE",
            reason="Not these.",
        )
    release = services.ask_release(principal=producer, jti=frames[1].pk, why="The scene was cut anew.")
    block = StudioBlock.objects.create(
        talent=talent, studio=factories.make_studio(), side="AGENT", placed_by=world.people["agent"].person,
        why="They never answer.",
    )  # fmt: skip
    held = factories.approve(ask())
    hold = services.place_hold(
        principal=producer, covers="token", covered_id=held.pk, reason="SUSPENDED", why="Ours to lift."
    )
    for desk in (world.people["agent"], producer):
        services.ask_question(principal=desk, request_id=waiting.pk, text="Which scenes?")
    draft = services.save_draft(principal=producer, title="Later", body=request_body(world, production))
    duty = RevocationDuty.objects.filter(token=ended, organisation=studio).first()
    assert waiting.current is not None
    assert direct.current is not None
    assert countered.current is not None
    assert duty is not None
    world.facts |= {
        "production": production,
        "token": token,
        "terms_hash": waiting.current.terms_hash,
        "direct_hash": direct.current.terms_hash,
        "countered_hash": countered.current.terms_hash,
    }
    world.ids |= {
        "production_id": str(production.pk),
        "request_id": str(waiting.pk),
        "direct": str(direct.pk),
        "countered": str(countered.pk),
        "jti": str(token.pk),
        "held_jti": str(held.pk),
        "hold_id": str(hold.pk),
        "frames": str(frames[0].pk),
        "asked_frames": str(frames[1].pk),
        "release_id": str(release.pk),
        "block_id": str(block.pk),
        "draft_id": str(draft.pk),
        "duty_id": str(duty.pk),
        "older": "1",
        "newer": "2",
        "title": production.title,
    }


def _counter(world: World, request: LicenceRequest) -> LicenceRequest:
    assert request.current is not None
    services.counter_request(
        principal=world.people["agent"],
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"render_territory": ["US"]},
    )
    request.refresh_from_db()
    return request


def request_body(world: World, production: Production) -> dict[str, Any]:
    """The body of an ordinary request, of the world's talent for ``production``."""
    return {
        "project": str(production.pk),
        "talent": world.facts["handle"],
        "use_types": ["FACE_RENDER"],
        "constructs": ["FACE_3D"],
        "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
        "description": factories.DESCRIPTION,
        "window": {"not_before": None, "days": 90},
        "frames_max": 3000,
        "render_territory": ["US"],
        "distribution_territory": ["US"],
        "channels": ["SVOD"],
    }


def _representation(world: World, talent: Talent) -> None:
    desk, agent = world.people["talent"], world.people["agent"]
    rule = services.set_auto_rule(
        principal=desk, talent=talent, use_types=["FACE_RENDER"], limits=RULE_LIMITS, valid_until=in_days(9)
    )
    _, authority = give_authority(talent, "GUARDIAN")
    delegation = services.delegate_mandate(
        principal=agent,
        mandate=world.facts["mandate"],
        to_user=world.people["colleague"].person,
        valid_from=in_days(40),
        valid_until=in_days(50),
    )
    absence = services.set_absence(
        principal=agent,
        stand_in=world.people["colleague"].person,
        valid_from=in_days(60),
        valid_until=in_days(70),
    )
    services.end_auto_rule(principal=desk, rule_id=rule.pk)
    later = services.set_auto_rule(
        principal=desk,
        talent=talent,
        use_types=["FACE_RENDER"],
        limits=RULE_LIMITS,
        valid_from=in_days(8),
        valid_until=in_days(9),
    )
    world.ids |= {
        "mandate_id": str(world.facts["mandate"].pk),
        "rule_id": str(later.pk),
        "authority_id": str(authority.pk),
        "delegation_id": str(delegation.pk),
        "absence_id": str(absence.pk),
    }


def _training(world: World) -> None:
    talent, producer, desk = world.facts["handle"], world.people["producer"], world.people["talent"]

    def ask() -> Any:
        return services.submit_training_request(
            principal=producer,
            ask=services.TrainingAsk(
                production_id=world.facts["production"].pk,
                talent=talent,
                use_types=("TRAINING_REPLICA",),
                constructs=("FACE_3D",),
                replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
                description="Fit one face model of Ada Merrow for sequences 041 to 047 of this film.",
                days=60,
                runs_max=2,
                models=("merrow-face",),
                render_territory=("US",),
                distribution_territory=("US",),
                channels=("THEATRICAL",),
            ),
        )

    waiting, agreed = ask(), ask()
    token = services.approve_training(principal=desk, request_id=agreed.pk, terms_hash=agreed.terms_hash)
    world.facts["training_hash"] = waiting.terms_hash
    world.ids |= {
        "training": str(waiting.pk),
        "training_jti": str(token.pk),
        "training_agreed": str(agreed.pk),
        # what stands behind the form to ask once more: signed for this studio alone
        "whom": signing.dumps(
            [str(producer.organisation_id), str(world.facts["production"].pk), talent],
            salt="agents_portal.training-ask",
        ),
    }


def _guild(world: World, talent: Talent) -> None:
    admin = world.people["guild-admin"]
    number = uuid4().hex[:8]
    sheet = f"member_number,stage_name,majority_on\r\n{number}1,Somebody {number},\r\n".encode()
    roll = services.hand_in_roll(
        principal=admin, stream=io.BytesIO(sheet), size=len(sheet), file_name="roll.csv"
    )
    services.read_roll(roll.pk)
    GuildMember.objects.create(
        guild=world.facts["guild"],
        talent=talent,
        number_digest=services.member_digest(admin.organisation_id, number),
    )
    services.set_guild_defaults(principal=admin, limits={"days_max": 300})
    world.ids["roll_id"] = str(roll.pk)


def _render(world: World) -> None:
    token: LicenceToken = world.facts["token"]
    licence = LicenceToken.objects.get(pk=token.pk)
    farm = Farm(licence, world.keys["studio-key"], world.facts["studio-key proof"])
    lease = farm.lease(first=0, last=23, render_territory="US")
    sent = farm.send([farm.row(lease["id"], frame) for frame in range(3)])
    assert sent.status_code == 200, sent.content
    world.facts["farm"] = farm
    world.ids |= {"lease": lease["id"], "decision": lease["decision_id"], "leaf": "0"}


def _outputs(world: World) -> None:
    studio, producer = world.facts["studio"], world.people["producer"]
    asked = services_of_bundles.request_bundle(
        principal=producer, production_id=world.facts["production"].pk, purpose="UNION_REPORTING"
    )
    bundle = services_of_bundles.build_bundle(asked.pk)
    assert bundle.state == "READY", bundle.failure_code
    mark = register_mark(
        production_id=world.facts["production"].pk,
        token_jtis=[world.facts["token"].pk],
        asset_id=None,
        visible_to=[studio.pk],
        registered_by=studio.pk,
    )
    free = register_mark(
        production_id=world.facts["production"].pk,
        token_jtis=[world.facts["token"].pk],
        asset_id=None,
        visible_to=[studio.pk],
        registered_by=studio.pk,
    )
    job = MediaJob.objects.create(
        organisation=studio,
        registration=mark,
        state="RUNNING",
        file_name=world.facts["names"].file or f"{uuid4().hex}.mov",
        source_sha256="0" * 64,
        seconds=80.0,
        width=1920,
        height=1080,
        frames_total=480,
        touched_at=clock.now(),
    )
    MediaStretch.objects.create(
        job=job, number=0, frames=480, plan={"begins": 0.0, "ends": 20.0}, state="WAITING"
    )
    detection = MarkDetection.objects.create(
        organisation=studio, file_name="found.mov", layers=["pixel"], sha256="1" * 64
    )
    verification = finished(studio, producer.person, errors=("missing_provenance", "stream_corrupted"))
    promotion = DetectorPromotion.objects.create(
        ensemble="mean-1+000000000000",
        holdout="of the tests",
        evaluation={},
        figures={},
        asked_by=producer.person,
    )
    asset = released(_asset(world), short_film(world.facts["folder"]))
    made = create_endpoint(principal=producer, url=f"https://hooks.example.test/{uuid4().hex}")
    delivery = ping_endpoint(principal=producer, endpoint_id=made.endpoint.pk)
    Delivery.objects.filter(pk=delivery.pk).update(dead_at=clock.now())
    engineer = world.people["engineer"].person
    letter = Letter.objects.create(
        person=engineer, organisation=studio, topic="EXPIRY", kind="licence.expired", mail="DEAD"
    )
    report = asset.manifests.get().report
    world.ids |= {
        "manifest_id": report["manifests"][0]["label"],
        "organisation_id": str(studio.pk),
        "user_id": str(world.people["engineer"].person.pk),
        "ref": "SAG_TVT_2026@1",
        "kid": signer_for("TOKEN").kid,
        "purpose": "TOKEN",
        "path": "checkpoint",
        "number": "0",
        "question": "MODEL",
        "bundle_id": str(bundle.pk),
        "payload": mark.mark_id,
        "free_payload": free.mark_id,
        "job_id": str(job.pk),
        "asset_id": str(asset.pk),
        "detection": str(detection.pk),
        "verification_id": str(verification.pk),
        "promotion_id": str(promotion.pk),
        "check_secret": _check(world),
        "endpoint_id": str(made.endpoint.pk),
        "delivery_id": str(delivery.pk),
        "key_id": str(world.keys["studio-key"].pk),
        "teammate_id": str(engineer.pk),
        "letter_id": str(letter.pk),
        "unsubscribe_token": unsubscribe_url(engineer, "EXPIRY").rstrip("/").rpartition("/")[2],
    }


def short_film(folder: Path) -> Path:
    """Three seconds of the demonstration's clip, cut once."""
    film = folder / "film.mp4"
    return film if film.exists() else cut_clip(DEMO_CLIP, film, seconds=3, start=20)


def _asset(world: World) -> str:
    asset = receive_asset(
        principal=world.people["producer"],
        production_id=world.facts["production"].pk,
        token_jtis=[world.facts["token"].pk],
        kind="DELIVERABLE",
        path=short_film(world.facts["folder"]),
        file_name="reel.mp4",
    )
    return str(asset.pk)
