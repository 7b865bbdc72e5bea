"""Every access is asked for, decided, and on record; an ended grant is ended at the very next one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from accounts.models import ApiCredential
from accounts.presence import StepUpRequired
from accounts.principals import Principal
from audit.models import Event
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from licensing import services as licensing
from screenplays import joining, selectors, services
from screenplays.models import Access, Grant, Version, Work
from tests import factories
from tests.screenplays import scripts
from trustmark.script_training import licence_lacks

pytestmark = pytest.mark.django_db
Add = Callable[..., Version]


@pytest.fixture
def machine() -> ApiCredential:
    """The key of a vendor's pipeline."""
    return factories.make_credential(factories.make_vendor())[0]


def grant(
    producer: Principal, work: Work, grantee: ApiCredential | Principal, purpose: str = "READ", **further: Any
) -> Grant:
    name = grantee.prefix if isinstance(grantee, ApiCredential) else grantee.person.email
    given = {
        "organisation": grantee.organisation.slug, "to": name, "not_after": clock.now() + timedelta(days=30),
        **further,
    }  # fmt: skip
    if purpose == "TRAIN":
        return services.grant_training(principal=producer, work_id=work.pk, **{"basis": "MBA 2026", **given})
    return services.grant_use(principal=producer, work_id=work.pk, purpose=purpose, **given)


def ask(client: Client, key: ApiCredential, work: Work, use_type: str = "SCRIPT_ACCESS", **body: Any) -> Any:
    return client.post(
        f"/api/v1/screenplays/{work.pk}/accesses", {"use_type": use_type, **body},
        content_type="application/json", headers=factories.bearer(key),
    )  # fmt: skip


def text(client: Client, key: ApiCredential, access_id: str) -> Any:
    return client.get(f"/api/v1/screenplay-accesses/{access_id}/text", headers=factories.bearer(key))


@pytest.mark.req("ST-041")
@pytest.mark.req("ST-042")
def test_a_pipeline_asks_reads_and_stands_on_record(
    add: Add, producer: Principal, work: Work, machine: ApiCredential, client: Client
) -> None:
    version = add()
    given = grant(producer, work, machine)
    answer = ask(client, machine, work, pipeline="breakdown/17")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["decision"], body["reason_codes"], body["training_granted"]) == ("ALLOW", [], False)
    assert (body["grant"], body["version"], body["key"]) == (str(given.pk), str(version.pk), machine.prefix)
    handed = text(client, machine, body["id"])
    assert handed.status_code == 200
    assert "Where have you been all this time?" in handed.content.decode()
    rows = list(selectors.accesses_of(work))
    assert [row.outcome for row in rows] == ["DELIVERED", "PERMITTED"]
    assert all(row.credential == machine and row.grant == given and not row.training_granted for row in rows)
    assert rows[0].pipeline == "breakdown/17"
    told = Event.objects.filter(kind__startswith="script.access_").order_by("number")
    assert [one.details["training_granted"] for one in told] == [False, False]
    assert {one.credential_id for one in told} == {machine.pk}


@pytest.mark.req("ST-041")
@pytest.mark.req("ST-080")
def test_what_was_not_granted_is_refused_and_on_record(
    add: Add, producer: Principal, work: Work, machine: ApiCredential, client: Client
) -> None:
    add()
    grant(producer, work, machine, "ANALYSE")
    assert ask(client, machine, work, "SCRIPT_ANALYSIS").json()["decision"] == "ALLOW"
    for use_type, purpose, code in (
        ("SCRIPT_ACCESS", "", "USE_TYPE_NOT_GRANTED"),
        ("SCRIPT_ANALYSIS", "SUMMARISE", "USE_TYPE_NOT_GRANTED"),
        ("SCRIPT_TRAINING", "", "TRAINING_NOT_GRANTED"),
    ):
        body = ask(client, machine, work, use_type, purpose=purpose).json()
        assert (body["decision"], body["reason_codes"]) == ("DENY", [code])
        assert text(client, machine, body["id"]).status_code == 404
        row = Access.objects.get(pk=body["id"])
        assert (row.outcome, row.reasons, row.training_granted) == ("REFUSED", [code], False)
    mismatch = ask(client, machine, work, "SCRIPT_ACCESS", purpose="TRAIN")
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "PURPOSE_MISMATCH")


def test_an_ended_grant_ends_a_permission_that_was_given(
    add: Add, producer: Principal, work: Work, machine: ApiCredential, client: Client
) -> None:
    add()
    given = grant(producer, work, machine)
    access = ask(client, machine, work).json()["id"]
    assert text(client, machine, access).status_code == 200
    services.end_grant(principal=producer, grant_id=given.pk, reason="The option lapsed.")
    refused = text(client, machine, access)
    assert (refused.status_code, refused.json()["code"]) == (403, "REVOKED")
    assert ask(client, machine, work).json()["reason_codes"] == ["REVOKED"]
    assert Access.objects.filter(outcome="REFUSED", reasons=["REVOKED"]).count() == 2


def test_a_permission_lasts_minutes(
    add: Add, producer: Principal, work: Work, machine: ApiCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    grant(producer, work, machine)
    desk = factories.desk_of_key(machine)
    access = services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS")
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Forbidden) as refused:
        services.deliver(principal=desk, access_id=access.pk, part="TEXT")
    assert refused.value.code == "EXPIRED"


def test_grants_are_to_one_machine_and_to_one_person(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    add()
    grant(producer, work, machine)
    sister, _ = factories.make_credential(machine.organisation)
    colleague = factories.make_desk(machine.organisation, "ENGINEER")
    for other in (factories.desk_of_key(sister), colleague):
        with pytest.raises(NotFound):
            services.ask_access(principal=other, work_id=work.pk, use_type="SCRIPT_ACCESS")
    access = services.ask_access(
        principal=factories.desk_of_key(machine), work_id=work.pk, use_type="SCRIPT_ACCESS"
    )
    with pytest.raises(NotFound):
        services.deliver(principal=factories.desk_of_key(sister), access_id=access.pk, part="TEXT")
    grant(producer, work, colleague)
    assert (
        services.ask_access(principal=colleague, work_id=work.pk, use_type="SCRIPT_ACCESS").authority
        == "GRANT"
    )


def test_a_grant_for_one_version_is_for_no_other(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    first = add()
    add(scripts.FDX, "meridian.fdx", label="Second draft")
    grant(producer, work, machine, version_id=first.pk)
    desk = factories.desk_of_key(machine)
    newest = services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS")
    assert newest.reasons == ["SCRIPT_VERSION_MISMATCH"]
    named = services.ask_access(
        principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS", version_id=first.pk
    )
    assert named.outcome == "PERMITTED"


def test_own_house_reads_in_person_and_its_machines_need_a_grant(
    add: Add, producer: Principal, work: Work
) -> None:
    add()
    access = services.ask_access(principal=producer, work_id=work.pk, use_type="SCRIPT_ACCESS")
    assert (access.outcome, access.authority) == ("PERMITTED", "KEEPER")
    _, data = services.deliver(principal=producer, access_id=access.pk, part="FILE")
    assert data == scripts.FOUNTAIN.encode()
    key, _ = factories.make_credential(work.organisation)
    refused = services.ask_access(
        principal=factories.desk_of_key(key), work_id=work.pk, use_type="SCRIPT_ACCESS"
    )
    assert refused.reasons == ["USE_TYPE_NOT_GRANTED"]
    legal = factories.make_desk(work.organisation, "LEGAL")
    assert services.ask_access(principal=legal, work_id=work.pk, use_type="SCRIPT_ACCESS").reasons == [
        "USE_TYPE_NOT_GRANTED"
    ]


@pytest.mark.req("ST-080")
def test_training_is_granted_apart_and_in_person(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    add()
    with pytest.raises(InvalidInput) as apart:
        services.grant_use(
            principal=producer, work_id=work.pk, purpose="TRAIN", organisation=machine.organisation.slug,
            to=machine.prefix, not_after=clock.now() + timedelta(days=1),
        )  # fmt: skip
    assert apart.value.code == "TRAINING_APART"
    key, _ = factories.make_credential(work.organisation, created_by=producer.person)
    for purpose in ("READ", "TRAIN"):
        with pytest.raises(Forbidden) as in_person:
            grant(factories.desk_of_key(key), work, machine, purpose)
        assert in_person.value.code == "IN_PERSON"
    with pytest.raises(InvalidInput) as unnamed:
        grant(producer, work, machine, "TRAIN", basis=" ")
    assert unnamed.value.code == "BASIS_MISSING"
    from dataclasses import replace

    from accounts.principals import Presence

    stale = replace(producer, presence=Presence((("PASSWORD", 1.0),)))
    with pytest.raises(StepUpRequired):
        grant(stale, work, machine, "TRAIN")
    grant(producer, work, machine, "TRAIN")
    desk = factories.desk_of_key(machine)
    row = services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_TRAINING")
    assert (row.outcome, row.training_granted) == ("PERMITTED", True)
    read = services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS")
    assert (read.outcome, read.training_granted) == ("REFUSED", True)


@pytest.mark.req("ST-080")
def test_the_database_keeps_training_apart(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    version = add()
    given = grant(producer, work, machine)
    token = _training_licence(factories.make_credential(factories.make_studio())[0], "SCRIPT_TRAINING")
    for change in (
        lambda: Grant.objects.filter(pk=given.pk).update(purpose="TRAIN"),
        lambda: Grant.objects.create(
            work=work, purpose="READ", organisation=machine.organisation, credential=machine,
            not_before=clock.now(), not_after=clock.now() + timedelta(days=1), training_licence=token,
            granted_by=producer.person,
        ),
        lambda: Access.objects.create(
            work=work, version=version, organisation=machine.organisation, person=producer.person, purpose="TRAIN",
            outcome="PERMITTED", authority="GRANT", grant=given, training_granted=False,
        ),
        lambda: Access.objects.create(
            work=work, version=version, organisation=machine.organisation, person=producer.person, purpose="TRAIN",
            outcome="PERMITTED", authority="KEEPER", training_granted=True,
        ),
    ):  # fmt: skip
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            change()


def _training_licence(machine: ApiCredential, use_type: str) -> Any:
    """A training licence of the machine's house, agreed to by the writer as a talent."""
    producer = factories.make_producer(machine.organisation)
    production = licensing.register_production(
        principal=producer, title="Reader", kind="PRODUCTION", guild=""
    )
    talent = factories.make_talent()
    asked = factories.make_training_ask(type("Of", (), {"production": production, "talent": talent})())
    from dataclasses import replace

    made = licensing.submit_training_request(principal=producer, ask=replace(asked, use_types=(use_type,)))
    return licensing.approve_training(
        principal=factories.desk_of_talent(talent), request_id=made.pk, terms_hash=made.terms_hash
    )


@pytest.mark.req("ST-042")
def test_a_training_grant_stands_and_falls_with_its_licence(
    add: Add, producer: Principal, work: Work
) -> None:
    version = add()
    studio = factories.make_studio()
    machine, _ = factories.make_credential(studio)
    wrong = _training_licence(machine, "TRAINING_REPLICA")
    foreign = _training_licence(factories.make_credential(factories.make_studio())[0], "SCRIPT_TRAINING")
    for licence in (wrong, foreign):
        with pytest.raises(InvalidInput) as refused:
            grant(producer, work, machine, "TRAIN", training_licence=licence.pk)
        assert refused.value.code == "TRAINING_LICENCE_INVALID"
    licence = _training_licence(machine, "SCRIPT_TRAINING")
    grant(producer, work, machine, "TRAIN", training_licence=licence.pk)
    desk = factories.desk_of_key(machine)

    def reasons() -> list[str]:
        return services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_TRAINING").reasons

    assert reasons() == []
    assert selectors.may_train_with(version, studio.pk)
    licensing.revoke_training(
        principal=factories.desk_of_talent(licence.talent), jti=licence.pk, reason="No more."
    )
    assert reasons() == ["REVOKED"]
    assert not selectors.may_train_with(version, studio.pk)


def test_without_an_answer_on_licences_nothing_trains(
    add: Add, producer: Principal, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    machine, _ = factories.make_credential(factories.make_studio())
    licence = _training_licence(machine, "SCRIPT_TRAINING")
    assert licence_lacks(licence.pk, machine.organisation_id, clock.now()) == ()
    grant(producer, work, machine, "TRAIN", training_licence=licence.pk)
    monkeypatch.setattr(joining, "_answers", [])
    row = services.ask_access(
        principal=factories.desk_of_key(machine), work_id=work.pk, use_type="SCRIPT_TRAINING"
    )
    assert row.reasons == ["TRAINING_NOT_GRANTED"]


@pytest.mark.req("ST-041")
def test_accesses_and_grants_never_change(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    add()
    given = grant(producer, work, machine)
    desk = factories.desk_of_key(machine)
    access = services.ask_access(principal=desk, work_id=work.pk, use_type="SCRIPT_ACCESS")
    for change in (
        lambda: Access.objects.filter(pk=access.pk).update(training_granted=True),
        lambda: Access.objects.filter(pk=access.pk).delete(),
        lambda: Grant.objects.filter(pk=given.pk).update(not_after=clock.now() + timedelta(days=900)),
        lambda: Grant.objects.filter(pk=given.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    services.end_grant(principal=producer, grant_id=given.pk, reason="Over.")
    with pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.filter(pk=given.pk).update(ended_at=None, ended_by=None, end_reason="")


def test_grants_need_a_known_grantee_a_window_and_a_keeper(
    add: Add, producer: Principal, work: Work, machine: ApiCredential
) -> None:
    add()
    now = clock.now()
    for further, code in (
        ({"to": "nobody@example.test"}, "GRANTEE_UNKNOWN"),
        ({"organisation": "no-such-house"}, "GRANTEE_UNKNOWN"),
        ({"organisation": work.organisation.slug}, "GRANTEE_UNKNOWN"),
        ({"not_after": now - timedelta(days=1)}, "WINDOW_INVALID"),
        ({"not_after": now + timedelta(days=9000)}, "WINDOW_INVALID"),
        ({"version_id": work.pk}, "VERSION_UNKNOWN"),
    ):
        with pytest.raises(InvalidInput) as refused:
            grant(producer, work, machine, **further)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        grant(factories.make_desk(work.organisation, "LEGAL"), work, machine)
    with pytest.raises(NotFound):
        grant(factories.make_producer(factories.make_studio()), work, machine)


def test_keys_without_the_scope_are_refused(
    add: Add, producer: Principal, work: Work, client: Client
) -> None:
    add()
    key, _ = factories.make_credential(factories.make_vendor(), scopes=["asset:read", "script:read"])
    grant(producer, work, key)
    answer = ask(client, key, work)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


@pytest.mark.req("ST-040")
def test_the_api_hands_works_in_and_lists_them(work: Work, producer: Principal, client: Client) -> None:
    key, _ = factories.make_credential(work.organisation, created_by=producer.person)
    headers = factories.bearer(key)
    made = client.post(
        "/api/v1/screenplays",
        {"title": "Bible", "kind": "STORY_BIBLE"},
        content_type="application/json",
        headers=headers,
    )
    assert made.status_code == 201
    address = f"/api/v1/screenplays/{made.json()['id']}"
    from django.core.files.uploadedfile import SimpleUploadedFile

    def hand_in(content: str, name: str) -> Any:
        file = SimpleUploadedFile(name, content.encode())
        return client.post(f"{address}/versions", {"file": file, "label": "First"}, headers=headers)

    assert hand_in(scripts.FOUNTAIN, "a.fountain").status_code == 201
    again = hand_in(scripts.FOUNTAIN, "a.fountain")
    assert (again.status_code, again.json()["code"]) == (409, "VERSION_KNOWN")
    refused = hand_in(scripts.FDX_XXE, "a.fdx")
    assert (refused.status_code, refused.json()["code"]) == (422, "SCRIPT_ENTITIES")
    whole = client.get(address, headers=headers).json()
    assert [one["format"] for one in whole["versions"]] == ["FOUNTAIN"]
    listed = client.get("/api/v1/screenplays", headers=headers).json()
    assert [one["title"] for one in listed["results"]] == ["Bible", "The Glass Meridian"]
    match = client.post(
        "/api/v1/screenplays/matches",
        {"file": SimpleUploadedFile("b.fdx", scripts.FDX.encode())},
        headers=headers,
    )
    assert [(one["title"], one["how"]) for one in match.json()["matches"]] == [("Bible", "WORDING")]
    stranger, _ = factories.make_credential(factories.make_studio())
    assert client.get(address, headers=factories.bearer(stranger)).status_code == 404
    assert json.loads(client.get(f"{address}/accesses", headers=headers).content)["results"] == []
