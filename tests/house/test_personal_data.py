"""Every column that may hold a person's data says what an erasure does with it."""

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from accounts.sealed_fields import SealedTextField
from compliance.erasure.inventory import COLUMNS, KEPT, How, how_of, texts_of
from licensing.models import RequestAction, Talent

_NOBODYS = {"auth", "contenttypes"}  # names of permissions and tables


def test_every_column_that_may_name_a_person_says_what_becomes_of_it() -> None:
    tables = [
        one for one in apps.get_models(include_auto_created=True) if one._meta.app_label not in _NOBODYS
    ]
    unsaid = [
        f"{table._meta.label}.{field.name}"
        for table in tables
        for field in texts_of(table)
        if how_of(table, field.name) is None
    ]
    assert unsaid == [], "say in compliance/erasure/inventory.py what an erasure does with these"
    assert len([field for table in tables for field in texts_of(table)]) > 300


def test_the_inventory_names_no_column_that_is_not_there() -> None:
    for name in COLUMNS:
        app, *rest = name.split(".")
        assert apps.is_installed(app) or apps.get_app_config(app)
        if rest:
            table = apps.get_model(app, rest[0])
            if len(rest) == 2:
                try:
                    table._meta.get_field(rest[1])
                except FieldDoesNotExist:
                    pytest.fail(f"{name} is gone")


def test_what_is_kept_says_why_and_what_is_sealed_is_known_by_its_kind() -> None:
    assert all(one.what and one.why for one in KEPT)
    assert all(why for _, why in COLUMNS.values())
    assert isinstance(RequestAction._meta.get_field("note"), SealedTextField)
    assert how_of(RequestAction, "note") is How.SEALED
    assert how_of(Talent, "stage_name") is How.OVERWRITTEN
    assert how_of(Talent.history.model, "stage_name") is How.OVERWRITTEN
