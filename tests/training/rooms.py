"""What the pages over material show and are sent in the walk of permissions; and how a house's material grows."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common import clock
from tests.training.contracts import written
from tests.training.making import CLEAR, House
from training.models import Review, TrainingAsset
from training.services.contracts import register_contract
from training.services.exceptions import ExceptionAsk, ask_exception, sign_exception
from training.services.imports import hand_in_material, read_material
from training.services.rights_reviews import open_due_reviews
from training.services.sources import make_class, stop_class
from training.services.systems import report_system
from training.upkeep import look

_HOLDERS = (
    ("Northlight Film Archive", "Northlight", "SE"),
    ("Meridian Stills Library", "Meridian", "US"),
    ("Casa de Imágenes Valdés", "Valdés", "ES"),
    ("Harbour Street Photography", "Harbour Street", "GB"),
    ("Open Reel Commons", "Open Reel", "US"),
)
_CLASSES: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("partner-reels", True, {"source_type": "PARTNER_FEED", "purpose": "Crowd shots, background", "expected_value": 2}),
    ("photo-agencies", True, {"source_type": "IMAGE_HOST", "purpose": "Faces for the dialogue model", "expected_value": 4}),
    ("web-video", False, {"source_type": "VIDEO_PLATFORM", "purpose": "Movement, gait", "expected_value": 5}),
)  # fmt: skip
_WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("PARTNER_FEED", {"licence_class": "NEGOTIATED"}),
    ("API", {"licence_class": "PLATFORM_API", "checks": {**CLEAR, "robots": "UNKNOWN"}}),
    ("CRAWLER", {"licence_class": "OPEN_ATTRIBUTION", "checks": {**CLEAR, "copyright": "UNKNOWN", "robots": "UNKNOWN"}}),
    ("EXPORT", {"licence_class": "PUBLIC_DOMAIN", "attribution": "Courtesy of the archive"}),
)  # fmt: skip


def name_things(world: Any) -> None:
    """Ids that stand in the addresses of the pages, beside those of the API."""
    asset = TrainingAsset.objects.get(pk=world.ids["asset to fill"])
    world.ids["gate decision"] = str(asset.decision_id)
    world.ids["check"], world.ids["system"] = "removed-bytes-left", f"farm-{asset.pk.hex[-8:]}"
    report_system(principal=world.facts["training"].engineer, system=world.ids["system"], told={})
    look(principal=world.facts["training"].engineer)


def things() -> dict[tuple[str, str], str]:
    """Which id of a world stands in an address."""
    return {
        ("/material/assets/", "asset_id"): "asset to fill",
        ("/material/queue/", "review_id"): "review",
        ("/material/rights-reviews/", "review_id"): "rights review",
        ("/material/decisions/", "decision_id"): "gate decision",
        ("/material/manifests/", "manifest_id"): "manifest",
        ("/material/inspection/", "check"): "check",
        ("/material/systems/", "system"): "system",
        ("/material/reports/", "table"): "report table",
        ("/material/views/", "name"): "training view",
    }


def bodies(ask: Any) -> dict[str, Any]:
    """What is sent; ``ask`` is the walk's own form of a body."""

    def form(**data: Any) -> Any:
        return lambda _world: ask(data, kind="form")

    return {
        "POST /material/classes/{class_id}/stop/": form(reason="Stop."),
        "POST /material/classes/{class_id}/open/": form(reason="Open."),
        "POST /material/rights/{rights_id}/end/": form(reason="Taken back."),
        "POST /material/contracts/{contract_id}/retire/": form(reason="The partner left."),
        "POST /material/queue/{review_id}/": form(answer="REFUSE", reason="Not ours."),
        "POST /material/imports/new/": lambda _world: ask(
            {"file": SimpleUploadedFile("rows.ndjson", b"{}\n", "application/x-ndjson")}, kind="form"
        ),
        "POST /material/sources/{source_id}/hand-over/": lambda _world: ask({}, kind="form", answers=(422,)),
        "POST /material/rules/": lambda _world: ask({}, kind="form", answers=(422,)),
        # there is nothing to repair: it says so
        "POST /material/inspection/{check}/repair/": lambda _world: ask({}, kind="form", answers=(409,)),
        "POST /material/wording/": lambda _world: ask({}, kind="form", answers=(422,)),
        "POST /material/contracts/new/": lambda _world: ask({}, kind="form", answers=(422,)),
        "POST /material/rights-reviews/{review_id}/": form(answer="END", note="Not paid for."),
        "POST /material/manifests/{manifest_id}/withdraw/": form(reason="Not ours."),
        "POST /material/takedowns/{takedown_id}/call-off/": form(reason="A mistake."),
        "POST /material/takedowns/{takedown_id}/items/{item_id}/": form(
            action="RETRAIN", evidence="Ticket 4"
        ),
        "POST /material/reports/new/": form(scope="ORGANISATION"),
        "POST /material/takedowns/new/": lambda _world: ask({}, kind="form", answers=(422,)),
        "POST /material/exceptions/new/": lambda _world: ask({}, kind="form", answers=(422,)),
    }


def grow_material(world: Any, number: int) -> None:
    """``number`` more sources with rights and originals, some isolated; classes, reviews and exceptions with them."""
    house: House = world.facts["training"]
    for turn in range(number):
        holder, platform, geography = _HOLDERS[turn % len(_HOLDERS)]
        source = house.source(
            _class(world, house, turn),
            platform=platform, rights_holder=holder, geography=geography,
        )  # fmt: skip
        method, rights = _WAYS[turn % len(_WAYS)]
        house.rights(source, **rights)
        if turn % 5 == 4:
            continue
        house.ask(source, method=method, external_id=f"{platform} {1200 + 7 * turn}")
        house.ask(source, method=method, territory="FR")  # refused: the licence does not hold there
    for turn in range(number):
        text = written(world.facts["source class"], version=f"{number}.{turn}.0")
        register_contract(principal=house.engineer, text=text)
    for turn in range(number):
        rows = b"no JSON %d\n" % turn * (turn % 3 + 1)
        job, _ = hand_in_material(principal=house.engineer, read=io.BytesIO(rows).read, length=len(rows))
        read_material(job.pk)
    open_due_reviews(on=(clock.now() + timedelta(days=4000)).date())
    for code in ("LOW_QUALITY", "RIGHTS_UNCLEAR"):
        _except(house, world.facts["source class"], code)
    asset = TrainingAsset.objects.get(pk=world.ids["asset to fill"])
    for _ in range(min(number, 4)):
        house.derive(house.derive(asset, role="crop"), role="aligned face")
    _answered(house, number)
    for turn in range(number):
        told = {f"sha256:{turn:064x}": "RELEASED"}
        report_system(principal=house.engineer, system=world.ids["system"], told=told)
        report_system(principal=house.engineer, system=f"tracker-{turn}", told=told)
        look(principal=house.engineer)


def _class(world: Any, house: House, turn: int) -> Any:
    known = world.facts.setdefault("classes that grew", {})
    code, is_allowed, told = _CLASSES[turn % len(_CLASSES)]
    if code not in known:
        known[code] = make_class(principal=house.counsel, code=code, is_allowed=is_allowed, **told)
    if turn == len(_CLASSES) and "pose-sets" not in known:
        known["pose-sets"] = True
        stopped = make_class(
            principal=house.counsel, code="pose-sets", source_type="DATASET", purpose="Poses", is_allowed=True
        )  # fmt: skip
        stop_class(principal=house.counsel, class_id=stopped.pk, reason="Its publisher withdrew the licence.")
    return known[code]


def _except(house: House, class_code: str, code: str) -> None:
    """One that is signed and whose review is overdue, one that waits for counsel."""
    at, is_signed = clock.now(), code == "LOW_QUALITY"
    made = ask_exception(
        principal=house.engineer,
        ask=ExceptionAsk(
            codes=(code,), source_class=class_code, source=None, owner=house.producer.person.email,
            reason="The pilot needs forty reels before the archive has answered.",
            compensating_controls="Two people look at each reel; none of it leaves the pilot.",
            rollback_plan="The pilot’s dataset is deleted and its model is retired.",
            review_on=(at + timedelta(days=-1 if is_signed else 14)).date(), ends_at=at + timedelta(days=60),
        ),
    )  # fmt: skip
    if is_signed:
        sign_exception(principal=house.counsel, exception_id=made.pk)


def _answered(house: House, number: int) -> None:
    """Some reviews are answered."""
    waiting = Review.objects.filter(organisation=house.organisation, answer="").order_by("-created_at")
    for review in list(waiting[: number // 4]):
        review.answer, review.answered_by, review.answered_at = "REFUSE", house.counsel.person, clock.now()
        review.reason = "The terms of the platform forbid it."
        review.save()
