"""A world grows: more of everything that a page lists, made through the services where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from accounts.models import ApiCredential
from common import clock
from compliance.models import Bundle
from licensing import services
from licensing.models import LicenceToken
from licensing.services.alerts import raise_alert
from notify.models import Delivery
from notify.services import ping_endpoint
from screenplays import services as services_of_scripts
from tests import factories
from tests.licensing.persons import in_days
from tests.permissions.worlds import World
from tests.training.rooms import grow_material
from watermarking.models import MediaJob, MediaStretch
from watermarking.services import register_mark


def grow(world: World, number: int, *, talents: Sequence[str] = (), titles: Sequence[str] = ()) -> None:
    """``number`` more talents of the agency, requests, licences, productions, keys, bundles, jobs, receipts."""
    for turn in range(number):
        _one_more_of_each(
            world,
            turn,
            talent=talents[turn] if turn < len(talents) else "",
            title=titles[turn] if turn < len(titles) else f"Another {uuid4().hex}",
        )
    _frames(world, number)
    _scripts(world, number)
    grow_material(world, number)
    for turn in range(number):
        services.ask_question(
            principal=world.people["agent"],
            request_id=world.ids["request_id"],
            text=f"Which scenes, once more? {turn}",
        )


def _one_more_of_each(world: World, turn: int, *, talent: str, title: str) -> None:
    producer, agent = world.people["producer"], world.people["agent"]
    studio, production = world.facts["studio"], world.facts["production"]
    person = factories.make_talent(talent)
    mandate = factories.make_mandate(person, agent)
    services.delegate_mandate(
        principal=agent,
        mandate=mandate,
        to_user=world.people["colleague"].person,
        valid_from=in_days(1),
        valid_until=in_days(2),
    )
    another = services.register_production(
        principal=producer, title=title, kind="PRODUCTION", guild=world.facts["guild"].slug
    )
    for asked in (person, world.facts["talent row"]):
        factories.make_submitted_request(
            another, asked, producer=producer, vendors=(world.facts["vendor"].slug,)
        )
    token = factories.approve(
        factories.make_submitted_request(
            production,
            world.facts["talent row"],
            producer=producer,
            vendors=(world.facts["vendor"].slug,),
            days=10,
        )
    )
    raise_alert(token.pk, clock.now())
    if turn % 2:
        services.place_hold(
            principal=producer, covers="token", covered_id=token.pk, reason="SUSPENDED", why="For now."
        )
    ApiCredential.objects.create(
        organisation=studio, created_by=producer.person, name=f"farm {turn}", prefix=uuid4().hex[:10],
        digest=uuid4().bytes * 2, scopes=["licence:read"], expires_at=in_days(30),
    )  # fmt: skip
    Bundle.objects.create(
        production=production, organisation=studio, requested_by=producer.person, purpose="UNION_REPORTING",
        audience="SHARED", touched_at=clock.now(),
    )  # fmt: skip
    _job(world, turn)
    delivery = ping_endpoint(principal=producer, endpoint_id=world.ids["endpoint_id"])
    Delivery.objects.filter(pk=delivery.pk).update(dead_at=clock.now())


def _job(world: World, turn: int) -> None:
    studio = world.facts["studio"]
    mark = register_mark(
        production_id=world.facts["production"].pk, token_jtis=[], asset_id=None, visible_to=[studio.pk]
    )
    job = MediaJob.objects.create(
        organisation=studio, registration=mark, state="RUNNING", file_name=f"reel {turn}.mov",
        source_sha256="0" * 64, seconds=80.0, width=1920, height=1080, frames_total=480, touched_at=clock.now(),
    )  # fmt: skip
    for parent in (job.pk, world.ids["job_id"]):
        at = MediaStretch.objects.filter(job_id=parent).count()
        MediaStretch.objects.create(
            job_id=parent, number=at, frames=480, plan={"begins": 0.0, "ends": 20.0}, state="WAITING"
        )


def _scripts(world: World, number: int) -> None:
    """Works, grants and accesses of the one script."""
    producer, work, key = world.people["producer"], world.facts["script"], world.keys["vendor-key"]
    for _ in range(number):
        services_of_scripts.register_work(principal=producer, title=f"Another script {uuid4().hex}")
        services_of_scripts.grant_use(
            principal=producer, work_id=work.pk, purpose="ANALYSE", organisation=key.organisation.slug,
            to=key.prefix, not_after=in_days(9),
        )  # fmt: skip
        for desk in (world.people["talent"], world.people["vendor"]):
            services_of_scripts.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS")


def _frames(world: World, number: int) -> None:
    """Leases, receipts and refused checks of the one licence."""
    farm = world.facts["farm"]
    farm.token = LicenceToken.objects.get(pk=world.ids["jti"])
    jws = farm.jws()
    for turn in range(number // 3):
        first = 100 + turn * 10
        asked: dict[str, Any] = {"token": jws, "render_territory": "US", "shot": f"0410_{turn:04}"}
        lease = farm.lease(first=first, last=first + 9, **asked)
        assert farm.send([farm.row(lease["id"], first + n) for n in range(10)]).status_code == 200
        refused = farm.check(**{**asked, "render_territory": "FR"}).json()
        assert refused["decision"] == "DENY"
