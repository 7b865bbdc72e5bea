"""Presets expand to ISO codes, and a country covers its own parts only."""

import pytest

from trustcore.policy.territory import (
    COUNTRIES,
    PRESETS,
    covers,
    expand_territories,
    is_territory,
    territory_name,
)


@pytest.mark.parametrize(
    ("preset", "size", "among", "not_among"),
    [
        ("WORLD", 249, "AQ", "XK"),
        ("US_CANADA", 2, "CA", "MX"),
        ("EU27", 27, "HR", "GB"),
        ("EEA", 30, "NO", "CH"),
        ("UK_IE", 2, "IE", "FR"),
        ("DACH", 3, "CH", "LI"),
        ("NORDICS", 5, "IS", "EE"),
        ("LATAM", 20, "BR", "ES"),
        ("APAC", 39, "JP", "US"),
        ("MENA", 20, "EG", "TR"),
    ],
)
def test_preset_expands_to_its_countries(preset, size, among, not_among):
    codes = expand_territories([preset])
    assert codes == PRESETS[preset]
    assert len(codes) == size
    assert among in codes
    assert not_among not in codes


def test_every_country_has_a_name_and_a_subdivision_names_its_country():
    assert all(territory_name(code) != code for code in COUNTRIES)
    assert territory_name("US-CA") == "United States (US-CA)"


def test_expansion_sorts_and_drops_what_is_covered_already():
    assert expand_territories(["US-NY", "GB", "US", "GB", "CA-QC"]) == ("CA-QC", "GB", "US")


@pytest.mark.parametrize(
    "name", ["XX", "us", "EUROPE", "", "US-", "US-california", "XX-CA", "US-CA\n", "ＵＳ"]
)
def test_unknown_territory_is_refused(name):
    assert not is_territory(name)
    with pytest.raises(ValueError, match="neither"):
        expand_territories([name])


@pytest.mark.parametrize(
    ("granted", "asked", "answer"),
    [
        (["US"], "US", True),
        (["US"], "US-CA", True),
        (["US-CA"], "US-CA", True),
        (["US-CA"], "US", False),
        (["US-CA"], "US-NY", False),
        (["CA"], "US-CA", False),
        ([], "US", False),
        (["ZZ"], "ZZ", False),
        (["US"], "US-lower", False),
    ],
)
def test_covers_answers(granted, asked, answer):
    assert covers(granted, asked) is answer
