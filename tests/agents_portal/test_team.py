"""The team: an administrator invites, changes roles and lets go; never the last one, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from accounts.models import Membership
from accounts.principals import Principal
from audit.models import Event
from notify.services import send_due
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


@pytest.fixture
def admin(cast: Cast) -> Principal:
    return factories.make_desk(cast.producer.organisation, Membership.Role.ADMIN)


def roles_of(desk: Principal) -> set[str]:
    rows = Membership.objects.filter(user=desk.person, organisation=desk.organisation, ended_at=None)
    return set(rows.values_list("role", flat=True))


def test_everybody_reads_the_team_of_their_own_organisation(cast: Cast, admin: Principal) -> None:
    page = Reader(cast.engineer).page("/team/")
    assert cast.producer.person.full_name in page
    assert cast.producer.person.email in page
    assert cast.agent.person.email not in page.html
    assert f"/team/{cast.producer.person.pk}/" not in page.links
    assert f"/team/{cast.producer.person.pk}/" in Reader(admin).page("/team/").links


@pytest.mark.req("ST-056")
def test_an_administrator_invites_and_a_link_is_mailed(
    cast: Cast, admin: Principal, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    with django_capture_on_commit_callbacks(execute=True):
        answer = Reader(admin).post(
            "/team/invite/", {"full_name": "New Producer", "email": "new@example.test", "roles": ["PRODUCER"]}
        )
    assert answer.url == "/team/"
    send_due()
    (letter,) = (one for one in mail.outbox if one.to == ["new@example.test"])
    assert "/welcome/" in letter.body
    event = Event.objects.get(kind="member.invited")
    assert (event.person_id, event.details["role"]) == (admin.person.pk, "PRODUCER")
    # nobody belongs to it before they accept
    assert not Membership.objects.filter(user__email="new@example.test").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "not an address"}, "valid email"),
        ({"roles": ["AGENT"]}, "not one of the available choices"),
        ({"roles": []}, "Choose at least one role."),
        ({"full_name": ""}, "required"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_in_the_form(
    cast: Cast, admin: Principal, changes: dict[str, Any], words: str
) -> None:
    sent = {"full_name": "New", "email": "new@example.test", "roles": ["PRODUCER"], **changes}
    answer = Reader(admin).post("/team/invite/", sent)
    assert answer.status_code == 422
    assert words in page_of(answer)


def test_roles_are_changed_and_recorded(cast: Cast, admin: Principal) -> None:
    answer = Reader(admin).post(f"/team/{cast.engineer.person.pk}/", {"roles": ["ENGINEER", "PRODUCER"]})
    assert answer.url == "/team/"
    assert roles_of(cast.engineer) == {"ENGINEER", "PRODUCER"}
    event = Event.objects.get(kind="member.role_changed")
    assert (event.person_id, event.object_id) == (admin.person.pk, str(cast.engineer.person.pk))
    Reader(admin).post(f"/team/{cast.engineer.person.pk}/", {"roles": ["ENGINEER"]})
    assert roles_of(cast.engineer) == {"ENGINEER"}


def test_who_is_removed_is_out_at_the_next_step_and_so_are_their_keys(cast: Cast, admin: Principal) -> None:
    engineer = Reader(cast.engineer)
    credential, _ = factories.make_credential(cast.producer.organisation, created_by=cast.engineer.person)
    headers = factories.bearer(credential)
    assert engineer.get("/keys/").status_code == 200
    assert engineer.client.get("/api/v1/tokens", headers=headers).status_code == 200
    address = f"/team/{cast.engineer.person.pk}/remove/"
    assert "1 API key" in Reader(admin).page(address)
    assert Reader(admin).post(address).url == "/team/"
    assert engineer.get("/keys/").status_code == 403
    assert engineer.client.get("/api/v1/tokens", headers=headers).status_code == 401
    assert Event.objects.filter(kind="member.removed").count() == 1


def test_the_last_administrator_stays(cast: Cast, admin: Principal) -> None:
    reader, address = Reader(admin), f"/team/{admin.person.pk}/"
    answer = reader.post(address, {"roles": ["PRODUCER"]})
    assert answer.status_code == 422
    assert "Nobody would manage this organisation." in page_of(answer)
    reader.post(f"{address}remove/")
    assert roles_of(admin) == {"ADMIN"}
    second = factories.make_desk(cast.producer.organisation, Membership.Role.ADMIN)
    reader.post(f"/team/{second.person.pk}/", {"roles": ["PRODUCER"]})
    assert roles_of(second) == {"PRODUCER"}


def test_nobody_but_an_administrator_changes_anything(cast: Cast, admin: Principal) -> None:
    target = f"/team/{cast.engineer.person.pk}/"
    foreign_admin = factories.make_desk(cast.other_studio.organisation, Membership.Role.ADMIN)
    for desk, status in ((cast.producer, 403), (cast.engineer, 403), (foreign_admin, 404), (cast.agent, 404)):
        reader = Reader(desk)
        for path in (target, f"{target}remove/"):
            assert reader.get(path).status_code == status, path
            assert reader.post(path, {"roles": ["ADMIN"]}).status_code == status, path
    assert Reader(cast.producer).get("/team/invite/").status_code == 403
    assert roles_of(cast.engineer) == {"ENGINEER"}


@pytest.mark.req("BX-009")
def test_no_administrator_takes_a_talent_out_of_their_own_organisation(cast: Cast) -> None:
    helper = factories.make_desk(cast.self.organisation, Membership.Role.ADMIN)
    address = f"/team/{cast.self.person.pk}/"
    Reader(helper).post(f"{address}remove/")
    Reader(helper).post(address, {"roles": ["ADMIN"]})
    assert "TALENT" in roles_of(cast.self)


def test_the_page_asks_the_database_at_most_twelve_times(
    cast: Cast, admin: Principal, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        factories.make_credential(cast.producer.organisation, has_proof_key=False)
    reader = Reader(admin)
    with django_assert_max_num_queries(12):
        reader.page("/team/")
