"""Talents and their vault: hashes and locations only, filled by those who may."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, transaction

from common.errors import Conflict, Forbidden, InvalidInput
from licensing import services
from licensing.models import Talent, VaultConstruct
from tests import factories
from tests.licensing.conftest import Cast

SHA = "ab" * 32


def test_new_talent_is_hidden_until_they_say_otherwise(db: None) -> None:
    organisation = factories.make_organisation("TALENT")
    talent = services.register_talent(
        principal=None, organisation=organisation, stage_name="Teodor Quill", handle="teodor-quill"
    )
    (rule,) = talent.visibility_rules.all()
    assert (rule.construct, rule.level) == ("", "HIDDEN")
    with pytest.raises(Conflict) as taken:
        services.register_talent(
            principal=None, organisation=organisation, stage_name="Another", handle="teodor-quill"
        )
    assert taken.value.code == "HANDLE_TAKEN"


def test_talent_is_registered_by_their_own_organisation_alone(cast: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        services.register_talent(
            principal=cast.agent, organisation=cast.talent.organisation, stage_name="X", handle="x-of-agent"
        )
    assert refused.value.code == "NOT_YOUR_ORGANISATION"
    with pytest.raises(InvalidInput) as kind:
        services.register_talent(
            principal=None, organisation=cast.agent.organisation, stage_name="X", handle="x-of-agency"
        )
    assert kind.value.code == "NOT_A_TALENT_ORGANISATION"
    with pytest.raises(InvalidInput) as handle:
        services.register_talent(
            principal=None, organisation=cast.talent.organisation, stage_name="X", handle="Not A Handle"
        )
    assert handle.value.code == "HANDLE_INVALID"
    assert Talent.objects.count() == 1


def test_vault_holds_a_hash_and_a_location_and_never_the_material(cast: Cast) -> None:
    row = services.add_construct(
        principal=cast.agent, talent=cast.talent, kind="BODY_3D", sha256=SHA, location_uri="vault://scan/7"
    )
    columns = {field.name for field in VaultConstruct._meta.concrete_fields}
    assert columns == {"id", "created_at", "talent", "kind", "sha256", "location_uri"}
    assert row.history.count() == 1
    with pytest.raises(Conflict) as twice:
        services.add_construct(
            principal=cast.self, talent=cast.talent, kind="BODY_3D", sha256=SHA, location_uri="vault://other"
        )
    assert twice.value.code == "CONSTRUCT_EXISTS"


def test_strangers_and_colleagues_do_not_fill_the_vault(cast: Cast) -> None:
    for other in (cast.colleague, cast.other_agent, cast.producer):
        with pytest.raises(Forbidden) as refused:
            services.add_construct(
                principal=other, talent=cast.talent, kind="BODY_3D", sha256=SHA, location_uri="vault://x"
            )
        assert refused.value.code == "NOT_YOUR_VAULT"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "SOUL"}, "CONSTRUCT_UNKNOWN"),
        ({"sha256": SHA.upper()}, "SHA256_INVALID"),
        ({"sha256": SHA + "\n"}, "SHA256_INVALID"),
        ({"location_uri": ""}, "LOCATION_MISSING"),
    ],
)
def test_malformed_construct_is_refused(cast: Cast, change: dict[str, str], code: str) -> None:
    fields = {"kind": "BODY_3D", "sha256": SHA, "location_uri": "vault://x"} | change
    with pytest.raises(InvalidInput) as refused:
        services.add_construct(principal=cast.self, talent=cast.talent, **fields)
    assert refused.value.code == code


def test_database_refuses_a_hash_that_is_none(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="construct_sha256_hex"), transaction.atomic():
        VaultConstruct.objects.create(
            talent=cast.talent, kind="BODY_3D", sha256="raw bytes", location_uri="x"
        )


def test_token_life_is_checked_at_start(settings: object) -> None:
    settings.TOKEN_LIFE_SECONDS = 100_000  # type: ignore[attr-defined]
    settings.TOKEN_HEARTBEAT_SECONDS = 100_000  # type: ignore[attr-defined]
    found = {message.id for message in run_checks()}
    assert {"licensing.E001", "licensing.W001"} <= found
    settings.TOKEN_LIFE_SECONDS = 3600  # type: ignore[attr-defined]
    settings.TOKEN_HEARTBEAT_SECONDS = 300  # type: ignore[attr-defined]
    assert not {message.id for message in run_checks()} & {"licensing.E001", "licensing.W001"}
