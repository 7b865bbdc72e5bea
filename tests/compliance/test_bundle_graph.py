"""Where a production's assets came from, in its bundle: whole, up to the cut, for who may see all of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.storage import local_copy
from compliance.models import Bundle, BundleState
from compliance.services import build_bundle
from licensing.models import GuildMember
from provenance.graph.models import AssetVersion, ProvenanceEvent, SealedText
from provenance.graph.services import record_batch
from provenance.graph.specs import GenerationSpec
from provenance.omc.checking import problems_of
from tests import factories
from tests.browsing import chromium, in_browser, told_of
from tests.compliance.test_bundles import made, members, saved
from tests.farm import Farm, make_farm
from tests.provenance.graph.conftest import PROMPT, film_specs, thing
from tests.trustcore import bundling
from tests.trustcore.test_verify_page import PAGE, resigned
from trustcore.bundle import verify_bundle
from trustcore.bundle.layout import JWKS, OMC, PROV, PROVENANCE
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.signing import public_key_set

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm() -> Farm:
    return recorded_farm(member=True)


def recorded_farm(*, member: bool) -> Farm:
    guild = factories.make_guild()
    farm = make_farm(factories.make_production(guild=guild))
    if member:
        GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    record_batch(
        principal=factories.make_producer(farm.token.production.organisation),
        production_id=farm.token.production_id,
        specs=film_specs(farm.token.jti),
    )
    return farm


def test_the_graph_is_in_the_bundle_without_names_or_prompts(farm: Farm, tmp_path: Path) -> None:
    bundle = made(farm)
    path = saved(bundle, tmp_path)
    verify_bundle(path)
    files = members(path)
    document = json.loads(files[OMC])
    assert problems_of(document) == []
    assert len(document["Asset"]) == AssetVersion.objects.count() == 6
    assert [one["customData"][0]["value"]["jti"] for one in document["Depiction"]] == [str(farm.token.jti)]
    prov = json.loads(files[PROV])
    assert len(prov["entity"]) == 6
    told = files[OMC] + files[PROV]
    assert PROMPT.partition(",")[0].encode() not in told
    for person in ("@", bundle.requested_by.full_name):
        assert person.encode() not in told


def test_taken_up_again_it_tells_what_was_recorded_before_the_cut(farm: Farm) -> None:
    bundle = made(farm)
    record_batch(
        principal=factories.make_producer(farm.token.production.organisation),
        production_id=farm.token.production_id,
        specs=[thing("IMAGE", "later", origin="HUMAN_TOOLS")],
    )
    Bundle.objects.filter(pk=bundle.pk).update(state=BundleState.BUILDING, blob="", sha256="", built_at=None)
    again = build_bundle(bundle.pk)
    assert again.sha256 == bundle.sha256
    with local_copy(again.blob) as blob:
        assert len(json.loads(members(blob)[OMC])["Asset"]) == 6


def test_whoever_may_not_see_all_of_it_gets_none_of_it(tmp_path: Path) -> None:
    # the licence is withheld from the guild: assets would name its performer
    files = members(saved(made(recorded_farm(member=False)), tmp_path))
    assert not {OMC, PROV} & set(files)


def signed_again(path: Path, changes: dict[str, bytes]) -> Path:
    """The bundle with other content, as a liar who holds a signing key would make it: every hash and signature fits."""
    files = {**members(path), **changes}
    keys = json.loads(files[JWKS])["keys"] + public_key_set(bundling.ALL_KEYS)["keys"]
    files[JWKS] = canonical_json({"keys": keys})
    lie = path.with_name("lie.zip")
    lie.write_bytes(bundling.zip_bytes(resigned(files)))
    return lie


def lines_of(path: Path) -> list[bytes]:
    return members(path)[PROVENANCE].splitlines(keepends=True)


def test_every_event_of_the_graph_leads_to_the_log_and_a_changed_one_does_not(
    farm: Farm, tmp_path: Path
) -> None:
    path = saved(made(farm), tmp_path)
    lines = lines_of(path)
    number = ProvenanceEvent.objects.count()
    assert len(lines) == number > 5
    assert f"{number} events of the graph shown, 0 counted" in verify_bundle(path).steps[9].detail
    sealed = SealedText.objects.values_list("commitment", flat=True)
    assert sealed
    for commitment in sealed:  # which text it was is in the log, the text is not in the bundle
        assert commitment.encode() in b"".join(lines)
    assert PROMPT.encode() not in b"".join(lines)
    approved = next(place for place, line in enumerate(lines) if b"APPROVED" in line)
    assert verify_bundle(signed_again(path, {PROVENANCE: b"".join(lines)})).files == len(members(path))
    lies = {
        "changed": [line.replace(b"APPROVED", b"REJECTED") for line in lines],
        "left out": lines[:approved] + lines[approved + 1 :],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "added": [*lines, lines[-1]],
        "emptied": [],
        "no event": [b'{"batch":"x"}\n', *lines],
        "cut short": [*lines[:-1], lines[-1][:-9]],
    }
    for what, told in lies.items():
        with pytest.raises(InvalidEvidence) as refused:
            verify_bundle(signed_again(path, {PROVENANCE: b"".join(told)}))
        assert refused.value.path == PROVENANCE, what
        assert refused.value.reason is not InvalidReason.HASH_MISMATCH, what


def test_of_what_is_withheld_the_digest_stands_and_is_counted(tmp_path: Path) -> None:
    farm = recorded_farm(member=False)
    mine = make_farm(farm.token.production)
    GuildMember.objects.create(
        guild=farm.token.production.guild, talent=mine.token.talent, number_digest="cd" * 32
    )
    record_batch(
        principal=factories.make_producer(farm.token.production.organisation),
        production_id=farm.token.production_id,
        specs=[GenerationSpec(model_name="Mine", outputs=(thing("IMAGE", "of a member"),), token_jtis=(mine.token.jti,))],
    )  # fmt: skip
    path = saved(made(mine, factories.make_desk(farm.token.production.guild, "AUDITOR")), tmp_path)
    told = [json.loads(line) for line in lines_of(path)]
    shown = [one for one in told if "head" in one]
    assert [one["head"]["kind"] for one in shown] == [
        "GENERATED"
    ]  # the member's run, of all that was recorded
    assert json.loads(shown[0]["payload"])["token_jtis"] == [str(mine.token.jti)]
    assert len(told) == ProvenanceEvent.objects.count()
    assert f"1 events of the graph shown, {len(told) - 1} counted" in verify_bundle(path).steps[9].detail
    told[0]["digest"] = "00" * 32
    forged = b"".join(json.dumps(one, sort_keys=True, separators=(",", ":")).encode() + b"\n" for one in told)
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(signed_again(path, {PROVENANCE: forged}))
    assert refused.value.path == PROVENANCE


def test_thirty_lines_by_hand_follow_the_events_to_the_log(farm: Farm, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    for name, data in members(saved(made(farm), tmp_path)).items():
        (bag / name).parent.mkdir(parents=True, exist_ok=True)
        (bag / name).write_bytes(data)
    guide = (Path(__file__).parents[2] / "docs/verify-by-hand.md").read_text()
    log, events = (
        re.findall(r"```python\n(.*?)```", guide.partition(title)[2], re.DOTALL)[0]
        for title in ("## 3. The log", "## 8. Where the assets came from")
    )
    run = [sys.executable, "-I", "-c", f"{log}\n{events}"]
    done = subprocess.run(run, cwd=bag, capture_output=True, text=True, check=True)
    assert f"{ProvenanceEvent.objects.count()} events lead to the log" in done.stdout
    file = bag / PROVENANCE
    file.write_bytes(file.read_bytes().replace(b"APPROVED", b"REJECTED"))
    lie = subprocess.run(run, cwd=bag, capture_output=True, text=True, check=False)
    assert lie.returncode
    assert "was changed" in lie.stderr


@in_browser
def test_the_page_in_a_browser_follows_the_events_to_the_log(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(made(farm), tmp_path)
    lines = lines_of(path)
    lie = signed_again(path, {PROVENANCE: b"".join(lines).replace(b"APPROVED", b"REJECTED")})
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with chromium() as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(PAGE.as_uri())
        kind, words = told_of(page, path)
        assert kind == "whole", words
        assert f"{len(lines)} events of where the assets came from lead to the log." in words
        kind, words = told_of(page, lie)
        assert kind == "bad", words
        assert PROVENANCE in words


def test_an_empty_graph_leaves_no_file(tmp_path: Path) -> None:
    bare = make_farm(factories.make_production(guild=factories.make_guild()))
    GuildMember.objects.create(
        guild=bare.token.production.guild, talent=bare.token.talent, number_digest="ab" * 32
    )
    assert OMC not in members(saved(made(bare), tmp_path))
