"""What a talent says in person: who sees them, what goes without asking, after death, who is paid, training."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from common import clock
from common.errors import InvalidInput
from licensing.models import AutoRule, TrainingRequest, TrainingToken, VisibilityRule
from licensing.selectors import last_instructions, visible_constructs
from tests.agents_portal.conftest import Cast, Reader
from tests.agents_portal.test_queries import ask_to_train


def day(number: int) -> str:
    return (timezone.localdate(clock.now()) + timedelta(days=number)).isoformat()


@pytest.mark.req("ST-010", "ST-011")
def test_a_talent_hides_and_shows_part_by_part(cast: Cast) -> None:
    reader, path = Reader(cast.self), f"/visibility/{cast.talent.pk}/"
    studio = cast.producer.organisation
    assert Reader(cast.agent).post(path, {"level": "HIDDEN"}).status_code == 404
    assert Reader(cast.other_talent).post(path, {"level": "HIDDEN"}).status_code == 404
    assert visible_constructs(cast.talent.handle, studio.pk) is not None
    assert reader.post(path, {"level": "HIDDEN"}).status_code == 302
    assert visible_constructs(cast.talent.handle, studio.pk) is None
    listed = {"part": "FACE_3D", "level": "LISTED_TO", "organisations": [studio.slug]}
    assert reader.post(path, listed).status_code == 302
    seen = visible_constructs(cast.talent.handle, studio.pk)
    assert seen is not None
    assert seen.constructs == ("FACE_3D",)
    assert visible_constructs(cast.talent.handle, cast.other_studio.organisation_id) is None
    page = reader.page("/visibility/")
    assert f"Only {studio.name}" in page
    assert "its own answer" in page


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"level": "EVERYBODY"}, 422, "Select a valid choice"),
        ({"level": "LISTED_TO"}, 422, "Choose who may see this."),
        ({"level": "LISTED", "part": "SIGNATURE"}, 404, ""),
        ({"level": "LISTED_TO", "organisations": ["nobody"]}, 422, "Select a valid choice"),
    ],
)
def test_what_nobody_can_see_is_said(cast: Cast, sent: dict[str, object], status: int, words: str) -> None:
    before = VisibilityRule.objects.get(talent=cast.talent, construct="").level
    answer = Reader(cast.self).post(f"/visibility/{cast.talent.pk}/", sent)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert VisibilityRule.objects.get(talent=cast.talent, construct="").level == before


def rule_form(**changes: object) -> dict[str, object]:
    places = ["US", "CA", "GB"]
    return {
        "use_types": ["FACE_RENDER", "VOICE_RENDER"], "frames_max": "5000", "lines_max": "50", "days_max": "120",
        "fee_least": "10000", "currency": "USD", "constructs": ["FACE_3D", "VOICE_SPEAKING"],
        "channels": ["THEATRICAL", "SVOD"], "replica_classes": ["EMPLOYMENT_BASED_DIGITAL_REPLICA"],
        "render_territory": places, "distribution_territory": places, "last_day": day(200), **changes,
    }  # fmt: skip


def test_a_rule_made_in_advance_grants_and_ends(cast: Cast) -> None:
    reader, path = Reader(cast.self), f"/rules/new/{cast.talent.pk}/"
    assert Reader(cast.agent).post(path, rule_form()).status_code == 404
    screen = reader.page(path)
    assert "NEW_DIALOGUE" not in screen.html
    assert "TRAINING_REPLICA" not in screen.html
    assert reader.post(path, rule_form()).status_code == 302
    assert cast.ask().state == "SUBMITTED"  # its vendor is none that the rule names
    reader.post(f"/rules/{AutoRule.objects.get().pk}/end/")
    assert reader.post(path, rule_form(vendors=[str(cast.vendor.organisation.pk)])).status_code == 302
    rule = AutoRule.objects.get(ended_at=None)
    assert cast.ask().state == "APPROVED"
    said = reader.page("/rules/")
    assert "In force" in said
    assert "Shown until: the end of the work’s life" in said.html
    assert "Face in a frame" in Reader(cast.agent).page(f"/roster/{cast.talent.pk}/")
    end = f"/rules/{rule.pk}/end/"
    assert Reader(cast.other_talent).post(end).status_code == 404
    assert Reader(cast.agent).post(end).status_code == 404
    assert reader.post(end).status_code == 302
    assert cast.ask().state == "SUBMITTED"
    assert "Ended by you" in reader.page("/rules/")
    assert reader.get(end).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"use_types": ["NEW_DIALOGUE"]},
        {"use_types": ["TRAINING_REPLICA"]},
        {"use_types": []},
        {"frames_max": ""},
        {"fee_least": ""},
        {"channels": []},
        {"constructs": []},
        {"replica_classes": ["DECEASED_DIGITAL_REPLICA"]},
        {"shown_until": "some day"},
        {"vendors": ["nobody"]},
        {"render_territory": []},
        {"last_day": day(-1)},
        {"last_day": "tomorrow"},
        {"licensees": ["nobody"]},
    ],
)
def test_a_rule_without_limits_or_for_what_is_never_automatic_is_refused(
    cast: Cast, changes: dict[str, object]
) -> None:
    answer = Reader(cast.self).post(f"/rules/new/{cast.talent.pk}/", rule_form(**changes))
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.content.decode()
    assert not AutoRule.objects.exists()


def test_the_last_word_on_use_after_death_counts(cast: Cast) -> None:
    reader, path = Reader(cast.self), f"/wishes/{cast.talent.pk}/after-death/"
    assert Reader(cast.agent).post(path, {"allowed": "no"}).status_code == 404
    assert reader.post(path, {"allowed": "yes"}).status_code == 422
    assert not last_instructions(cast.talent.pk)
    assert (
        reader.post(
            path, {"allowed": "yes", "use_types": ["FACE_RENDER"], "text": "Only as Ada."}
        ).status_code
        == 302
    )
    assert last_instructions(cast.talent.pk)["POST_MORTEM"].body["use_types"] == ["FACE_RENDER"]
    assert reader.post(path, {"allowed": "no", "use_types": ["FACE_RENDER"]}).status_code == 302
    said = last_instructions(cast.talent.pk)["POST_MORTEM"].body
    assert (said["allowed"], said["use_types"]) == (False, [])
    assert "Nothing may go on." in reader.page("/rules/")


def test_who_is_paid_is_said_by_the_talent_alone(cast: Cast) -> None:
    reader, path = Reader(cast.self), f"/wishes/{cast.talent.pk}/payee/"
    assert Reader(cast.agent).post(path, {"payee": "me"}).status_code == 404
    for wrong in ("", "Ilse Varga-Thorne Ltd", "x" * 200):
        assert reader.post(path, {"payee": wrong}).status_code == 422
    assert reader.post(path, {"payee": "ACME-LOANOUT"}).status_code == 302
    assert "ACME-LOANOUT" in reader.page("/rules/")
    with pytest.raises(InvalidInput, match="PAYEE_TALENT_ONLY"):
        cast.ask(
            compensation={"basis": "FLAT", "currency": "USD", "amount_minor": 1, "payee": "SOMEBODY-ELSE"}
        )


@pytest.mark.req("ST-080")
def test_training_is_read_by_three_and_answered_by_one(cast: Cast) -> None:
    made = ask_to_train(cast)
    path = f"/training/{made.pk}/"
    for reader in (cast.self, cast.agent, cast.producer):
        page = Reader(reader).page(path)
        assert "Fit one face model of Ada Merrow" in page
        assert page.text.index("Granted, after a yes") < page.text.index("Any frame or sound")
    for stranger in (cast.other_agent, cast.other_talent, cast.other_studio):
        assert Reader(stranger).get(path).status_code == 404
    assert Reader(cast.agent).post(f"{path}approve/", {"terms_hash": made.terms_hash}).status_code == 404
    reader = Reader(cast.self)
    assert "A studio asks to train a model on you" in reader.page("/home/")
    assert "A studio asks to train" not in Reader(cast.other_talent).page("/home/")
    assert "Agree to this training…" in reader.page(path)
    assert reader.post(f"{path}approve/", {"terms_hash": "sha256:" + "0" * 64}).status_code == 409
    assert reader.post(f"{path}approve/", {}).status_code == 409
    assert not TrainingToken.objects.exists()
    assert reader.post(f"{path}approve/", {"terms_hash": made.terms_hash}).status_code == 302
    assert TrainingToken.objects.get().state == "ACTIVE"
    assert reader.get(f"{path}approve/").status_code == 409
    assert reader.post(f"{path}end/", {"reason": ""}).status_code == 422
    assert Reader(cast.agent).post(f"{path}end/", {"reason": "No."}).status_code == 404
    assert reader.post(f"{path}end/", {"reason": "I changed my mind."}).status_code == 302
    assert TrainingToken.objects.get().state == "REVOKED"
    assert "Ended by the talent" in reader.page(path)
    assert reader.get(f"{path}end/").status_code == 409


def test_training_is_declined_with_a_reason_and_withdrawn_by_the_studio(cast: Cast) -> None:
    made, other = ask_to_train(cast), ask_to_train(cast)
    reader = Reader(cast.self)
    assert reader.post(f"/training/{made.pk}/decline/", {"reason": ""}).status_code == 422
    assert reader.post(f"/training/{made.pk}/decline/", {"reason": "Never."}).status_code == 302
    assert "Never." in Reader(cast.producer).page(f"/training/{made.pk}/")
    assert Reader(cast.engineer).post(f"/training/{other.pk}/withdraw/").status_code == 403
    assert Reader(cast.producer).post(f"/training/{other.pk}/withdraw/").status_code == 302
    states = set(TrainingRequest.objects.values_list("state", flat=True))
    assert states == {"DECLINED", "WITHDRAWN"}
    assert reader.page("/training/").titles == ("Nobody asks to train on you",)
