"""Bundles of a real log: made, verified offline, refused after one changed byte, shown to whom they belong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from common.errors import Forbidden, InvalidInput, NotFound
from common.storage import local_copy
from compliance import selectors
from compliance.models import Audience, Bundle, BundleState
from compliance.services import build_bundle, request_bundle
from licensing import services as licensing
from licensing.models import GuildMember
from tests import factories
from tests.browsing import chromium, in_browser, told_of
from tests.farm import Farm, make_farm
from tests.trustcore.test_verify_page import PAGE
from trustcore.bundle import Trust, verify_bundle
from trustcore.errors import InvalidEvidence

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def guild():
    return factories.make_guild("Screen Guild")


@pytest.fixture
def farm(guild) -> Farm:
    """A licence, 30 rendered frames, two refused checks, one frame without leave, and its revocation."""
    production = factories.make_production(guild=guild)
    farm = make_farm(production)
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 29)
    assert farm.check(0, 10, render_territory="FR").lease is None
    assert farm.check(0, 10, use_type="TRAINING_REPLICA").lease is None
    stray = farm.check(100, 101).lease
    farm.report(stray.uid, [300])
    return farm


def made(farm: Farm, desk=None, purpose="UNION_REPORTING") -> Bundle:
    desk = desk or factories.make_producer(farm.token.licensee)
    bundle = request_bundle(principal=desk, production_id=farm.token.production_id, purpose=purpose)
    return build_bundle(bundle.pk)


def saved(bundle: Bundle, folder: Path) -> Path:
    path = folder / selectors.file_name(bundle)
    with local_copy(bundle.blob) as blob:
        path.write_bytes(blob.read_bytes())
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_a_bundle_verifies_and_counts_what_happened(farm, tmp_path):
    bundle = made(farm)
    report = verify_bundle(saved(bundle, tmp_path))
    counts = report.summary.counts
    assert (counts.tokens, counts.token_versions) == (1, 1)
    assert (counts.receipts, counts.rendered, counts.unauthorised) == (31, 30, 1)
    assert (counts.checks, counts.denied) == (4, 2)
    assert report.summary.log.size == bundle.tree_size
    assert report.summary.log.root == bundle.root_hex
    assert bundle.counts["receipts"] == 31


@pytest.mark.req("BX-003")
def test_a_bundle_verifies_in_a_process_without_network_or_django_and_not_after_one_changed_byte(
    farm, tmp_path
):
    path = saved(made(farm), tmp_path)
    code = (
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event.startswith('socket.'): raise SystemExit(8)\n"
        "sys.addaudithook(refuse)\n"
        "from trustcore.cli import main\n"
        "code = main(['bundle', 'verify', sys.argv[1]])\n"
        "loaded = {m.split('.')[0] for m in sys.modules}\n"
        "sys.exit(9 if loaded & {'django', 'rest_framework', 'celery', 'torch'} else code)"
    )

    def verify(file: Path) -> subprocess.CompletedProcess[str]:
        # nothing of the deployment's environment: no database, no secret, no settings
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-c", code, str(file)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    good = verify(path)
    assert good.returncode == 0, good.stderr
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        victim = next(info for info in archive.infolist() if info.filename.endswith("receipts.csv"))
    data[victim.header_offset + 30 + len(victim.filename) + 40] ^= 1
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    refused = verify(bad)
    assert refused.returncode == 4
    assert "receipts.csv" in refused.stdout + refused.stderr


@in_browser
@pytest.mark.req("BX-004")
def test_a_bundle_carries_the_page_that_verifies_it_and_the_page_does(farm, tmp_path, monkeypatch):
    path = saved(made(farm), tmp_path)
    carried = members(path)["data/verify.html"]
    assert carried == PAGE.read_bytes()
    # while Playwright's loop runs, Django takes this thread for asynchronous
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    page_file = tmp_path / "verify.html"
    page_file.write_bytes(carried)
    changed = rewritten(path, {"data/checks/denied.ndjson": b""})
    with chromium() as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(page_file.as_uri())
        told = [told_of(page, file) for file in (path, changed)]
    assert told[0][0] == "whole", told[0][1]
    assert "31 receipts are in the log" in told[0][1]
    assert told[1][0] == "bad"
    assert "data/checks/denied.ndjson" in told[1][1]


@pytest.mark.req("ST-071", "ST-008")
def test_a_bundle_holds_the_licences_history_with_both_sides_agreeing_to_the_same_terms(farm, tmp_path):
    path = saved(made(farm), tmp_path)
    files = members(path)
    jti = str(farm.token.jti)
    history = json.loads(files[f"data/tokens/{jti}/history.json"])
    acts = [(act["act"], act["side"]) for act in history["actions"]]
    assert acts[0] == ("SUBMIT", "LICENSEE")
    assert ("APPROVE", "AGENT") in acts
    agreed = {act["terms_hash"] for act in history["actions"] if act["act"] in {"SUBMIT", "APPROVE"}}
    assert agreed == {farm.token.terms.terms_hash}
    assert history["log"][0]["entry"]["t"] == "authorised"
    assert files[f"data/tokens/{jti}/v1.grant.jwt"].decode() == farm.token.grant.jws
    assert json.loads(files[f"data/tokens/{jti}/v1.terms.json"])["scope"]["frames_max"] == 3000
    # and not with a history that leaves something out
    history["log"] = []
    changed = rewritten(path, {f"data/tokens/{jti}/history.json": json.dumps(history).encode()})
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(changed)
    assert refused.value.path == f"data/tokens/{jti}/history.json"


def rewritten(path: Path, changes: dict[str, bytes]) -> Path:
    """The archive with other content under some names, as a forger without the key would make it."""
    from trustcore.bundle.archive import entry_info

    forged = path.with_name("forged.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(forged, "w") as target:
        for info in source.infolist():
            name = info.filename.partition("/")[2]
            with target.open(entry_info(info.filename), "w") as stream:
                stream.write(changes.get(name, source.read(info)))
    return forged


@pytest.mark.req("ST-072", "ST-007")
def test_a_bundle_holds_every_receipt_and_none_can_be_taken_out(farm, tmp_path):
    path = saved(made(farm), tmp_path)
    files = members(path)
    rows = [json.loads(line) for line in files["data/receipts/receipts.ndjson"].splitlines()]
    rendered = [row["frame"] for row in rows if row["outcome"] == "RENDERED"]
    assert rendered == list(range(30))
    assert {row["jti"] for row in rows if row["outcome"] == "RENDERED"} == {str(farm.token.jti)}
    assert len(files["data/receipts/receipts.csv"].splitlines()) == len(rows) + 1
    fewer = b"".join(files["data/receipts/receipts.ndjson"].splitlines(keepends=True)[1:])
    with pytest.raises(InvalidEvidence):
        verify_bundle(rewritten(path, {"data/receipts/receipts.ndjson": fewer}))


@pytest.mark.req("ST-007")
def test_refused_checks_stand_in_the_bundle_with_their_reasons(farm, tmp_path):
    files = members(saved(made(farm), tmp_path))
    denied = [json.loads(line) for line in files["data/checks/denied.ndjson"].splitlines()]
    assert [row["entry"]["reasons"][0] for row in denied] == ["TERRITORY_DENIED", "TRAINING_NOT_GRANTED"]


def test_the_page_of_a_bundle_shows_exceptions_first_and_says_zero(farm):
    desk = factories.make_producer(farm.token.licensee)
    detail = selectors.bundle_detail(desk, made(farm, desk).pk)
    assert [total.value for total in detail.totals] == [1, 31, 4, 0]
    found = {one.code: one for one in detail.exceptions}
    assert list(found) == ["UNAUTHORISED_FRAMES", "FRAMES_WITHOUT_RECEIPT", "REFUSED_CHECKS"]
    assert found["UNAUTHORISED_FRAMES"].count == 1
    assert found["UNAUTHORISED_FRAMES"].rows[0]["frame"] == 300
    assert found["REFUSED_CHECKS"].count == 2
    assert found["FRAMES_WITHOUT_RECEIPT"].count == 0


@pytest.mark.req("ST-037")
@pytest.mark.req("ST-070")
def test_a_bundle_can_be_made_at_any_point_and_later_ones_show_the_earlier(guild, tmp_path):
    production = factories.make_production(guild=guild)
    desk = factories.make_producer(production.organisation)

    def export() -> Bundle:
        asked = request_bundle(principal=desk, production_id=production.pk, purpose="REGULATORY")
        return build_bundle(asked.pk)

    # before anything happened
    empty = export()
    assert empty.state == BundleState.READY
    assert verify_bundle(saved(empty, tmp_path)).summary.counts.receipts == 0
    farm = make_farm(production)
    farm.render(0, 4)
    # in the middle
    middle = verify_bundle(saved(export(), tmp_path)).summary.counts
    assert (middle.rendered, middle.exported) == (5, 1)
    licensing.revoke_token(
        principal=factories.decider_of(farm.token.request),
        jti=farm.token.jti,
        kind="PROSPECTIVE",
        disposition="KEEP",
        reason="over",
    )
    # after the end
    after = verify_bundle(saved(export(), tmp_path)).summary.counts
    assert (after.revoked, after.exported) == (1, 2)
    # but not of somebody else's production
    with pytest.raises(NotFound):
        request_bundle(
            principal=factories.make_producer(factories.make_studio()),
            production_id=production.pk,
            purpose="REGULATORY",
        )


def test_making_a_bundle_again_changes_nothing(farm):
    bundle = made(farm)
    again = build_bundle(bundle.pk)
    assert (again.sha256, again.blob) == (bundle.sha256, bundle.blob)


def test_work_taken_up_again_writes_the_same_bytes(farm):
    bundle = made(farm)
    farm.render(30, 39)  # what happens after the cut is not in it
    Bundle.objects.filter(pk=bundle.pk).update(state=BundleState.BUILDING, blob="", sha256="", built_at=None)
    again = build_bundle(bundle.pk)
    assert again.blob != bundle.blob
    assert again.sha256 == bundle.sha256
    assert made(farm).sha256 != bundle.sha256


@pytest.mark.req("ST-008")
def test_a_guild_sees_pseudonyms_and_no_remarks(farm, guild, tmp_path):
    auditor = factories.make_desk(guild, "AUDITOR")
    bundle = made(farm, auditor, purpose="REGULATORY")
    assert bundle.audience == Audience.SHARED
    everything = b"\n".join(members(saved(bundle, tmp_path)).values()).decode("utf-8", "replace")
    talent = farm.token.talent
    people = [talent.stage_name, talent.user.full_name, talent.user.email, farm.credential.created_by.email]
    for name in people:
        assert name not in everything
    assert farm.token.licensee.name in everything
    assert "per_" in everything


@pytest.mark.req("ST-032")
def test_studio_talent_side_and_guild_export_the_same_log(farm, guild, tmp_path):
    agent = factories.decider_of(farm.token.request)
    desks = [
        factories.make_producer(farm.token.licensee),
        agent,
        factories.make_desk(guild, "AUDITOR"),
    ]
    reports = [verify_bundle(saved(made(farm, desk), tmp_path)) for desk in desks]
    seen = [
        (one.summary.counts.rendered, one.summary.counts.unauthorised, one.summary.counts.denied)
        for one in reports
    ]
    assert seen == [(30, 1, 2)] * 3
    assert len({one.summary.log.origin for one in reports}) == 1
    # a stranger sees nothing at all
    stranger = factories.make_producer(factories.make_studio())
    assert not selectors.bundles_visible_to(stranger).exists()


def test_an_agency_cannot_export_a_production_with_other_peoples_licences(farm):
    agent = factories.decider_of(farm.token.request)
    assert selectors.exportable_productions(agent).filter(pk=farm.token.production_id).exists()
    make_farm(farm.token.production)  # another talent, another agency
    assert not selectors.exportable_productions(agent).filter(pk=farm.token.production_id).exists()
    with pytest.raises(Forbidden) as refused:
        request_bundle(principal=agent, production_id=farm.token.production_id, purpose="REGULATORY")
    assert refused.value.code == "BUNDLE_NOT_SHARED"


def test_shared_bundles_are_fetched_by_studio_and_guild_and_own_ones_by_the_asker_alone(farm, guild):
    studio, auditor = factories.make_producer(farm.token.licensee), factories.make_desk(guild, "AUDITOR")
    shared, own = made(farm, studio, "UNION_REPORTING"), made(farm, studio, "EO_INSURANCE")
    assert set(selectors.bundles_visible_to(studio)) == {shared, own}
    assert set(selectors.bundles_visible_to(auditor)) == {shared}
    agent = factories.decider_of(farm.token.request)
    assert selectors.bundle_for(agent, shared.pk) is None


def test_an_unknown_purpose_is_refused(farm):
    desk = factories.make_producer(farm.token.licensee)
    with pytest.raises(InvalidInput) as refused:
        request_bundle(principal=desk, production_id=farm.token.production_id, purpose="CURIOSITY")
    assert refused.value.code == "PURPOSE_UNKNOWN"


def test_a_key_that_the_auditor_knew_before_is_the_one_relied_on(farm, tmp_path):
    from common.keys import public_keys
    from trustcore.signing import Ed25519Signer

    path = saved(made(farm), tmp_path)
    keys = public_keys("BUNDLE") | public_keys("TOKEN")
    assert verify_bundle(path, Trust(keys=keys)).summary.counts.rendered == 30
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    other = Ed25519Signer(Ed25519PrivateKey.generate(), "other")
    with pytest.raises(InvalidEvidence):
        verify_bundle(path, Trust(keys={"other": other.public_key}))


@pytest.mark.django_db(transaction=True)
def test_a_bundle_shows_one_state_of_everything_while_work_goes_on(tmp_path, monkeypatch):
    import threading

    from django.db import connection

    from compliance.services import making

    farm = make_farm(factories.make_production())
    farm.render(0, 9)
    write = making.write_bundle

    def render_meanwhile(*args, **kwargs):
        def work() -> None:
            farm.render(10, 19)
            licensing.revoke_token(
                principal=factories.decider_of(farm.token.request),
                jti=farm.token.jti,
                kind="PROSPECTIVE",
                disposition="KEEP",
                reason="over",
            )
            connection.close()

        # the snapshot begins with the first read inside it
        assert Bundle.objects.count() == 1
        other = threading.Thread(target=work)
        other.start()
        other.join()
        return write(*args, **kwargs)

    monkeypatch.setattr(making, "write_bundle", render_meanwhile)
    path = saved(made(farm, purpose="REGULATORY"), tmp_path)
    counts = verify_bundle(path).summary.counts
    assert (counts.rendered, counts.revoked) == (10, 0)
    events = [json.loads(line)["kind"] for line in members(path)["data/audit/events.ndjson"].splitlines()]
    assert not any("revoked" in kind for kind in events)
    monkeypatch.setattr(making, "write_bundle", write)
    after = verify_bundle(saved(made(farm, purpose="REGULATORY"), tmp_path)).summary.counts
    assert (after.rendered, after.revoked, after.exported) == (20, 1, 1)
