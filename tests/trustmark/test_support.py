"""The support desk: every table to look at, none to change, for an operator with a second factor alone."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.test import Client

from accounts.models import ApiCredential, User
from accounts.operating import make_operator
from audit.models import Event
from tests import factories
from trustmark import support


def signed_in(person: User, *, method: str = "mfa") -> Client:
    return factories.signed_in(person, method=method, **({"type": "totp"} if method == "mfa" else {}))


@pytest.fixture
def operator(db: None) -> User:
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={})
    return member.user


def test_every_table_is_shown_and_none_can_be_added_to_changed_or_emptied(operator: User) -> None:
    token = factories.approve(
        factories.make_submitted_request(factories.make_production(), factories.make_talent())
    )
    factories.make_credential(token.licensee)
    client, opened = signed_in(operator), 0
    assert client.get("/support/").status_code == 200
    assert len(support.site._registry) > 60
    for model in support.site._registry:
        name = f"/support/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(name).status_code == 200, name
        assert client.get(f"{name}add/").status_code == 403, name
        row = model._default_manager.first()
        if row is None:
            continue
        opened += 1
        before = model._default_manager.filter(pk=row.pk).values().get()
        shown = client.get(f"{name}{row.pk}/change/")
        assert shown.status_code == 200, name
        assert b'name="_save"' not in shown.content, name
        assert client.post(f"{name}{row.pk}/change/", {"name": "x"}).status_code == 403, name
        assert client.post(f"{name}{row.pk}/delete/", {"post": "yes"}).status_code == 403, name
        client.post(name, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
        assert model._default_manager.filter(pk=row.pk).values().get() == before, name
    assert opened > 10
    assert Event.objects.filter(kind="support.read", person_id=operator.pk).count() == opened


def test_no_table_of_ours_is_forgotten_and_no_secret_is_shown(operator: User) -> None:
    ours = {one for name in support.PACKAGES for one in apps.get_app_config(name).get_models()}
    left_out = {one.__name__ for one in ours if one not in support.site._registry}
    # keys of several columns: Django's admin cannot show such a table
    assert left_out == {
        "LogEntry", "Quota", "CheckTally", "FrameTally", "LicenceTally", "ReturnTally", "ScreenTime", "ScriptUse", "ShotTally",
        "TakedownReach",
    }  # fmt: skip
    for model in support.site._registry:
        for column in support.shown_columns(model):
            assert not any(word in column for word in ("password", "secret", "sealed", "digest", "private"))
    key, _secret = factories.make_credential(factories.make_studio())
    page = signed_in(operator).get(f"/support/accounts/apicredential/{key.pk}/change/")
    assert key.prefix in page.content.decode()
    assert bytes(ApiCredential.objects.get(pk=key.pk).digest).hex() not in page.content.decode()


def test_support_does_not_exist_for_anybody_else(operator: User) -> None:
    strangers = [
        factories.make_desk(factories.make_studio(), "ADMIN").person,
        factories.desk_of_talent(factories.make_talent()).person,
    ]
    for person in strangers:
        for path in ("/support/", "/support/licensing/talent/", "/support/password_change/"):
            answer = signed_in(person).get(path, follow=True)
            assert answer.status_code == 404, path
    only_password = signed_in(operator, method="password").get("/support/", follow=True)
    assert only_password.status_code == 404, "a second factor that was not used opens nothing"
    Authenticator.objects.all().delete()
    assert signed_in(operator).get("/support/", follow=True).status_code == 404
    assert Client().get("/support/", follow=True).redirect_chain[-1][0].startswith("/sign-in/")
