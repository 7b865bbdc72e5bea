"""What a bundle shows to people and to other people's tools: index, summary, usage report, Parquet, profiles."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import bagit
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import ImageFile
from pypdf import PdfReader
from rocrate.rocrate import ROCrate

from compliance.models import Bundle, BundleState
from compliance.printing import can_print, pdf_of
from compliance.services import build_bundle
from compliance.usage_columns import RENAMED
from licensing.models import GuildMember
from receipts import selectors as receipts
from receipts.models import LogCosignature, ProductionLog, Witness
from tests import factories
from tests.compliance.test_bundles import made, members, rewritten, saved
from tests.farm import Farm, make_farm
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.layout import Purpose
from trustcore.encoding import sha256_hex
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note
from trustcore.log.cosignature import cosign, witness_verifier
from trustcore.policy.profiles import profile_hash, profile_named
from trustcore.signing import Ed25519Signer

PROFILE = "CA_AITA@1"
pytestmark = pytest.mark.django_db


@pytest.fixture
def farm() -> Farm:
    """A licence of a guild's member: 30 frames, one rendered again, one refused check, one frame without leave."""
    guild = factories.make_guild("Screen Guild")
    factories.adopt_profile(factories.make_desk(guild, "ADMIN"), PROFILE)
    farm = make_farm(factories.make_production(guild=guild))
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 29)
    farm.report(farm.check(0, 4).lease.uid, [0, 1], take=1, outcome="RERENDER_OF")
    assert farm.check(0, 10, render_territory="FR").lease is None
    farm.report(farm.check(100, 101).lease.uid, [300])
    return farm


@pytest.fixture
def bundle(farm: Farm, tmp_path: Path) -> Path:
    return saved(made(farm), tmp_path)


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        return folder / archive.namelist()[0].partition("/")[0]


def test_other_peoples_tools_read_the_bag_and_its_index(bundle: Path, tmp_path: Path) -> None:
    bag = unpacked(bundle, tmp_path / "open")
    assert bagit.Bag(str(bag)).is_valid()
    crate = ROCrate(str(bag / "data"))
    assert crate.root_dataset["identifier"] == bag.name.removeprefix("bundle-")
    parts = {part.id for part in crate.root_dataset["hasPart"]}
    assert {"summary.html", "verify.html", "receipts/receipts.parquet", "log/", "tokens/"} <= parts
    for part in crate.root_dataset["hasPart"]:
        assert (bag / "data" / part.id).exists(), part.id
        assert part["name"]
    # every payload file is described, by itself or with its folder
    files = {str(path.relative_to(bag / "data")) for path in (bag / "data").rglob("*") if path.is_file()}
    left = {name for name in files - parts if not name.startswith(tuple(p for p in parts if p.endswith("/")))}
    assert left == {"ro-crate-metadata.json"}
    (bag / "data/receipts/receipts.csv").write_bytes(b"changed")
    assert not bagit.Bag(str(bag)).is_valid()


def test_the_usage_reports_totals_are_those_of_the_receipts(farm: Farm, bundle: Path) -> None:
    files = members(bundle)
    sheet = list(csv.DictReader(io.StringIO(files["data/usage/usage.csv"].decode("utf-8-sig"))))
    head, *lines = [json.loads(line) for line in files["data/usage/usage.jsonl"].splitlines()]
    receipts = [json.loads(line) for line in files["data/receipts/receipts.ndjson"].splitlines()]
    jti = str(farm.token.jti)
    outcomes = Counter(row["outcome"] for row in receipts if row.get("jti") == jti)
    (row,) = sheet
    assert int(row["frames"]) == outcomes["RENDERED"] + outcomes["RERENDER_OF"] == 32
    assert int(row["reruns"]) == outcomes["RERENDER_OF"] == 2
    assert (head["frames"], head["record_count"]) == (32, 1)
    assert head["cut_off_log_index"] == json.loads(files["data/bundle.json"])["log"]["size"]
    assert list(row) == [name for name in lines[0] if name != "kind"]
    assert {name: str(cell) for name, cell in lines[0].items() if name != "kind"} == row
    assert row["days_equivalent"] == str(
        farm.token.terms.terms["compensation"]["equivalent_days_estimated"] or ""
    )
    # and whoever changes a figure is found out
    other = files["data/usage/usage.csv"].replace(b"32", b"31")
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(rewritten(bundle, {"data/usage/usage.csv": other}))
    assert refused.value.path == "data/usage/usage.csv"


TAXONOMY_17 = [
    "production",
    "eidr",
    "profile",
    "agreement",
    "period_from",
    "period_to",
    "cut_off_log_index",
    "log_root",
    "generated_at",
    "performer_ref",
    "legal_name",
    "guild_member_no",
    "minor_flag",
    "deceased_flag",
    "representative",
    "authority_type",
    "engagement_type",
    "replica_class",
    "scan_date",
    "scan_notice_given_at",
    "scan_notice_hours",
    "scan_compensated",
    "scan_business_reason",
    "consent_id",
    "consent_version",
    "consent_form",
    "clear_and_conspicuous",
    "description",
    "script_version",
    "script_date",
    "consent_date",
    "scope_change_count",
    "consent_withdrawn_at",
    "post_mortem_basis",
    "token_id",
    "terms_version",
    "use_types",
    "window_from",
    "window_to",
    "territory",
    "channels",
    "state",
    "revoked_at",
    "revoke_kind",
    "strike_suspensions",
    "project",
    "episode",
    "sequence",
    "shot",
    "scene",
    "use_date_from",
    "use_date_to",
    "frames",
    "unique_frames",
    "screen_seconds",
    "utterances",
    "lines",
    "words",
    "languages",
    "runtime_sessions",
    "reruns",
    "discarded_frames",
    "shipped_flag",
    "pay_basis",
    "days_equivalent",
    "days_method",
    "estimator",
    "scale_rate",
    "amount_due",
    "amount_reported_paid",
    "paid_at",
    "pension_health",
    "residuals_flag",
    "overage",
    "alteration_flag",
    "exemption_code",
    "exemption_decided_by",
    "training_flag",
    "model_id",
    "dataset_manifest",
    "third_party_recipient",
    "union_notice_at",
    "synthetic_performer_flag",
    "notice_at",
    "value_justification_ref",
    "bargaining_status",
    "receipt_count",
    "first_receipt",
    "last_receipt",
    "missing_receipts",
    "denied_checks",
    "watermark_verified_pct",
    "c2pa_signed_pct",
    "exceptions",
    "root_hash",
]
OF_THE_HEAD = [
    "report_id",
    "profile",
    "agreement",
    "period_from",
    "period_to",
    "cut_off_log_index",
    "log_root",
    "signatory",
    "signatory_number",
    "production",
    "eidr",
    "generated_at",
    "generator_version",
    "schema_version",
    "record_count",
    "signature",
]


@pytest.mark.req("BX-020")
def test_the_usage_report_has_every_column_of_the_taxonomy_and_says_which_it_cannot_fill(
    tmp_path: Path,
) -> None:
    guild = factories.make_guild()
    farm = make_farm(
        factories.make_production(guild=guild),
        compensation={
            "basis": "PER_DAY_EQUIVALENT", "currency": "USD", "amount_minor": 120_400,
            "equivalent_days_estimated": 3, "equivalent_days_method": "pages of the schedule",
        },
    )  # fmt: skip
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    farm.render(0, 19)
    farm.check(0, 10, render_territory="FR")
    files = members(saved(made(farm), tmp_path))
    (row,) = csv.DictReader(io.StringIO(files["data/usage/usage.csv"].decode("utf-8-sig")))
    wanted = [RENAMED.get(name, name) for name in TAXONOMY_17]
    assert [name for name in row if name in wanted] == wanted  # all of them, in their order
    head, line = [json.loads(one) for one in files["data/usage/usage.jsonl"].splitlines()]
    assert set(OF_THE_HEAD) <= set(head)
    assert head["signature"] == "signature.dsse.json"
    assert {name for name in head["not_held"] if row[name]} == set()
    assert set(head["not_held"]) <= set(wanted)
    assert (row["pay_basis"], row["days_equivalent"], row["days_method"]) == (
        "PER_DAY_EQUIVALENT", "3", "pages of the schedule",
    )  # fmt: skip
    assert (row["estimator"], row["amount_due_minor"]) == ("LICENSEE", str(3 * 120_400))
    assert row["consent_date"] == line["consent_date"]
    # what is counted is counted again from the receipts beside the report, which the log proves
    receipts = [json.loads(one) for one in files["data/receipts/receipts.ndjson"].splitlines()]
    mine = [one for one in receipts if one.get("jti") == str(farm.token.jti)]
    frames = [one for one in mine if one["outcome"] in {"RENDERED", "RERENDER_OF"}]
    assert int(row["frames"]) == len(frames) == 20
    assert int(row["unique_frames"]) == len({(one["shot"], one["frame"]) for one in frames})
    assert int(row["reruns"]) == sum(one["outcome"] == "RERENDER_OF" for one in frames)
    assert int(row["exceptions"]) == sum(
        int(row[name]) for name in ("missing_receipts", "denied_checks", "unauthorised_frames")
    )
    assert int(row["denied_checks"]) == 1
    assert row["legal_name"] == ""  # a file that leaves the house names nobody


def test_performers_who_are_not_on_the_roll_stand_in_no_usage_report(farm: Farm, tmp_path: Path) -> None:
    other = make_farm(farm.token.production)
    other.render(0, 3)
    files = members(saved(made(farm), tmp_path))
    text = files["data/usage/usage.csv"] + files["data/usage/usage.jsonl"] + files["data/usage/usage.html"]
    assert str(farm.token.jti).encode() in text
    assert str(other.token.jti).encode() not in text
    assert json.loads(files["data/usage/usage.jsonl"].splitlines()[0])["not_on_the_roll"] == 1
    # what leaves the house in a file names nobody
    assert farm.token.talent.stage_name.encode() not in text


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        pytest.param(
            "UNION_REPORTING",
            ["Pay basis and days-equivalent", "Frames by use"],
            marks=pytest.mark.req("ST-074"),
        ),
        pytest.param(
            "DISTRIBUTION_CLEARANCE",
            ["Where and how it may be shown", "Outputs"],
            marks=pytest.mark.req("ST-075"),
        ),
        pytest.param(
            "EO_INSURANCE", ["Who agreed, and how", "Revocations and holds"], marks=pytest.mark.req("ST-076")
        ),
        pytest.param(
            "REGULATORY",
            ["Compliance profiles", "Outputs", "Duties under EU law"],
            marks=pytest.mark.req("ST-077"),
        ),
    ],
)
@pytest.mark.req("BX-021")
def test_each_purpose_is_answered_on_a_page_in_a_pdf_and_in_data(
    farm: Farm, tmp_path: Path, purpose: str, words: list[str]
) -> None:
    path = saved(made(farm, purpose=purpose), tmp_path)
    files = members(path)
    page = files["data/summary.html"].decode()
    for word in (
        *words,
        "Exceptions",
        "TERRITORY_DENIED",
        str(farm.token.jti),
        farm.token.terms.terms_hash[7:],
    ):
        assert word in page
    summary = verify_bundle(path).summary
    assert summary.purpose is Purpose(purpose)
    assert f"<b>{summary.counts.rendered}</b> frames rendered" in page
    assert summary.log.root in page
    assert ("data/usage/usage.csv" in files) == (purpose == "UNION_REPORTING")
    # a bundle without its PDF is a fault, unless this machine has nothing to print with: then the next test is skipped
    assert ("data/summary.pdf" in files) == can_print()
    with pytest.raises(InvalidEvidence):
        verify_bundle(rewritten(path, {"data/summary.html": b"all is well"}))


def test_the_parquet_says_what_the_rows_say_and_leads_to_the_same_entries(
    bundle: Path, tmp_path: Path
) -> None:
    import duckdb

    files = members(bundle)
    (tmp_path / "r.parquet").write_bytes(files["data/receipts/receipts.parquet"])
    rows = duckdb.sql(
        f"select leaf_index, frame, take, outcome, file_sha256, pixel_sha256 from '{tmp_path}/r.parquet' order by 1"
    ).fetchall()
    told = [json.loads(line) for line in files["data/receipts/receipts.ndjson"].splitlines()]
    names = ("leaf_index", "frame", "take", "outcome", "file_sha256", "pixel_sha256")
    assert rows == [tuple(row[name] for name in names) for row in told]


def test_the_terms_profiles_lie_beside_them_by_the_hash_that_counsel_signs(farm: Farm, bundle: Path) -> None:
    files = members(bundle)
    named = farm.token.terms.terms["profiles"]
    assert PROFILE in named
    for ref in named:
        data = files[f"data/profiles/{ref.replace('@', '.v')}.json"]
        assert f"sha256:{sha256_hex(data)}" == profile_hash(profile_named(ref))


def test_taken_up_again_the_bundle_with_pages_and_parquet_has_the_same_bytes(farm: Farm) -> None:
    bundle = made(farm)
    farm.check(200, 210)  # reserved after the cut, never reported
    farm.render(30, 33)
    Bundle.objects.filter(pk=bundle.pk).update(state=BundleState.BUILDING, blob="", sha256="", built_at=None)
    assert build_bundle(bundle.pk).sha256 == bundle.sha256


@pytest.mark.skipif(not can_print(), reason="no Pango on this machine")
def test_a_document_asks_for_nothing_and_its_text_can_be_read(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asks for"):
        pdf_of('<link rel="stylesheet" href="https://elsewhere.example/x.css"><p>hello</p>')
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False  # what prints would have the whole process read halves
    files = members(bundle)
    for name, words in (("data/summary.pdf", "Union reporting"), ("data/usage/usage.pdf", "Root hash")):
        document = PdfReader(io.BytesIO(files[name]))
        assert words in "".join(page.extract_text() for page in document.pages)


def test_what_a_party_wrote_is_text_on_the_page(farm: Farm, tmp_path: Path) -> None:
    production: Any = farm.token.production
    production.title = "<script>alert(1)</script>"
    production.save()
    page = members(saved(made(farm), tmp_path))["data/summary.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_witnesses_cosigned_lies_in_the_bundle_and_is_checked_there(farm: Farm, tmp_path: Path) -> None:
    made(farm)  # publishes the log
    published = receipts.published_log(farm.token.production_id)
    said = parse_checkpoint_text(parse_note(published.checkpoint).text)
    signer = Ed25519Signer(Ed25519PrivateKey.generate(), "guild")
    witness = witness_verifier("guild.example/witness", signer.public_key)
    note = cosign(parse_note(published.checkpoint), name=witness.name, signer=signer, now=1_788_264_000)
    LogCosignature.objects.create(
        log=ProductionLog.objects.get(production_id=farm.token.production_id),
        size=said.size,
        root=said.root,
        witness=Witness.objects.create(name=witness.name, vkey=witness.vkey),
        seen_at=1_788_264_000,
        note=note.encode(),
    )
    path = saved(made(farm), tmp_path)
    report = verify_bundle(path, Trust(witnesses=(witness,)))
    assert report.witnesses == (f"{witness.name} up to entry {said.size}, at 2026-09-01T12:00:00Z",)
    with pytest.raises(InvalidEvidence):
        verify_bundle(rewritten(path, {"data/witnesses/1.note": published.checkpoint}))
