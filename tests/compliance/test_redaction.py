"""What a guild's bundle holds of performers who are not its members: nothing but the log's own hashes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from licensing.models import GuildMember
from tests import factories
from tests.browsing import chromium, in_browser, told_of
from tests.compliance.test_bundles import made, members, rewritten, saved
from tests.farm import Farm, make_farm
from tests.trustcore.test_verify_page import PAGE
from trustcore import cli
from trustcore.bundle import verify_bundle
from trustcore.errors import InvalidEvidence

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Farm:
    guild = factories.make_guild("Screen Guild")
    farm = make_farm(factories.make_production(guild=guild))
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 4)
    return farm


@pytest.fixture
def other(member: Farm) -> Farm:
    farm = make_farm(member.token.production)
    farm.render(0, 2)
    return farm


def test_a_guild_sees_its_members_terms_alone_and_every_proof_still_holds(
    member: Farm, other: Farm, tmp_path: Path, capsys
) -> None:
    auditor = factories.make_desk(member.token.production.guild, "AUDITOR")
    path = saved(made(member, auditor), tmp_path)
    files = members(path)
    mine, theirs = f"data/tokens/{member.token.jti}/", f"data/tokens/{other.token.jti}/"
    assert {name.removeprefix(mine) for name in files if name.startswith(mine)} == {
        "v1.terms.json", "v1.grant.jwt", "history.json",
    }  # fmt: skip
    assert [name for name in files if name.startswith(theirs)] == [f"{theirs}withheld.json"]
    told = json.loads(files[f"{theirs}withheld.json"])
    assert told["why"] == "NOT_A_MEMBER"
    # the log keeps the hash: whoever has the terms can show that they are these
    assert told["log"][0]["entry"]["terms_hash"] == other.token.terms.terms_hash
    everything = b"\n".join(files.values()).decode("utf-8", "replace")
    description = other.token.terms.terms["description"]
    assert files[f"data/tokens/{member.token.jti}/v1.terms.json"].decode().count(description)
    for hidden in (str(other.token.request_id), str(other.token.talent_id), other.token.grant.jws):
        assert hidden not in everything
    report = verify_bundle(path)
    assert report.summary.counts.rendered == 8
    assert report.withheld == (str(other.token.jti),)
    assert cli.main(["bundle", "verify", str(path)]) == 0
    assert "The terms of 1 licence are withheld from this reader" in capsys.readouterr().out


def test_the_studios_own_bundle_withholds_nothing(member: Farm, other: Farm, tmp_path: Path) -> None:
    path = saved(made(member, purpose="EO_INSURANCE"), tmp_path)
    assert f"data/tokens/{other.token.jti}/v1.terms.json" in members(path)
    assert verify_bundle(path).withheld == ()


def test_what_is_withheld_is_told_as_the_log_tells_it_or_refused(
    member: Farm, other: Farm, tmp_path: Path
) -> None:
    path = saved(made(member), tmp_path)
    name = f"data/tokens/{other.token.jti}/withheld.json"
    told = json.loads(members(path)[name])
    told["log"] = []
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(rewritten(path, {name: json.dumps(told).encode()}))
    assert refused.value.path == name
    # a licence that is neither shown nor said to be withheld is missed
    gone = path.with_name("gone.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(gone, "w") as target:
        for info in source.infolist():
            if not info.filename.endswith(name):
                target.writestr(info, source.read(info))
    with pytest.raises(InvalidEvidence):
        verify_bundle(gone)


def test_a_guild_without_a_roll_sees_no_terms_at_all(tmp_path: Path) -> None:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 1)
    report = verify_bundle(saved(made(farm), tmp_path))
    assert report.withheld == (str(farm.token.jti),)


@in_browser
def test_the_page_in_a_browser_says_what_is_withheld(
    member: Farm, other: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(made(member), tmp_path)
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with chromium() as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(PAGE.as_uri())
        kind, words = told_of(page, path)
    assert kind == "whole", words
    assert "The terms of 1 licence are withheld" in words
