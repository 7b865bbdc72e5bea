"""Write the zip of a bundle: every file in its fixed place and order, the signature last."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from common import clock
from common.storage import local_copy
from compliance.bag import BagWriter
from compliance.contents import (
    Withheld,
    event_lines,
    key_set,
    licence_files,
    mark_reports,
    plain,
    profiles_of,
    reconciliation_files,
    signed_assets,
    terms_of,
    verified_entries,
    withheld_licences,
)
from compliance.crate import CrateFacts, crate_metadata
from compliance.digest import TITLES, digest_of
from compliance.ledgering import DENIED_CHECKS, LogReading, read_log
from compliance.models import Bundle
from compliance.printing import page_of, pdf_of
from compliance.pseudonyms import Cast
from compliance.scope import ASKED_CSV, ASKED_NDJSON, SCOPE_FILE, SCOPE_SCHEMA
from compliance.selectors import name_of, reader_of, scope_of
from compliance.services.progress import PRINTING, READING, WRITING
from compliance.usage import usage_at
from compliance.usage_columns import HEADING, report_lines, report_rows
from licensing.selectors import pairwise_pseudonym
from licensing.services import write_csv
from provenance.graph.digests import event_lines as provenance_lines
from provenance.models import Asset, ManifestRecord
from provenance.omc.exporting import export_at, omc_pieces, prov_pieces
from provenance.services import LoggedOutput, duty_evidence
from receipts import selectors as receipts
from receipts.exports import KINDS, slice_at
from receipts.exports.apart import write_apart
from trustcore.bundle.layout import (
    DUTIES,
    EVENTS,
    JWKS,
    LOG,
    MANIFESTS,
    MARKS,
    OMC,
    PROFILES,
    PROV,
    PROVENANCE,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    RECEIPTS_PARQUET,
    RECONCILIATION,
    RO_CRATE,
    SUMMARY,
    SUMMARY_PAGE,
    SUMMARY_PDF,
    USAGE,
    VERIFY_PAGE,
    WITNESSES,
    Counts,
    LogRef,
    Purpose,
    Summary,
    encode_summary,
    manifest_store_path,
)
from trustcore.bundle.ledger import marks_document, withheld_outputs
from trustcore.bundle.offline import verify_page
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.log.tiles import CHECKPOINT_PATH, VKEY_PATH
from trustcore.signing import Signer

_ROW_GROUP = 10_000  # a fifth of an export's: a bundle is made beside the ledger of its log
CREDENTIAL_ANCHORS = "data/keys/content-credentials.pem"


@dataclass(frozen=True)
class Written:
    """What stands in a bundle's file.

    Attributes:
        reading: of the log.
        outputs: by id, those that the log tells of and whose licences the reader may see, of the part asked for.
    """

    reading: LogReading
    outputs: dict[str, Asset]

    @property
    def verified(self) -> list[dict[str, Any]]:
        """The log's entries of verified outputs that are of the part asked for."""
        scope, told = self.reading.scope, verified_entries(self.reading.ledger)
        if scope.is_whole:
            return told
        return [
            one
            for one in told
            if (scope.jtis is None or one["asset"] in self.outputs)
            and scope.takes_time(datetime.fromisoformat(one["at"]))
        ]

    @property
    def asked(self) -> Counts:
        """Counts of the part asked for."""
        return self.reading.asked(outputs=len(self.verified))

    def findings(self, frames_without_receipt: int | None) -> dict[str, Any]:
        """What the bundle's page shows first, with the counts of the part where it is not the whole."""
        told = self.reading.findings(frames_without_receipt)
        return told if self.reading.scope.is_whole else told | {"asked": msgspec.structs.asdict(self.asked)}


def write_bundle(
    bundle: Bundle,
    target: Path,
    *,
    signer: Signer,
    anchors_pem: str,
    frames_without_receipt: int | None = 0,
    stamp: Callable[[bytes], bytes | None] | None = None,
    tell: Callable[[str, int | None], None] = lambda _part, _read: None,
) -> Written:
    """Write the file of a bundle that was cut; the folder of ``target`` is used as scratch.

    Args:
        frames_without_receipt: reserved and never reported, for the summary; None where it cannot be said.
        tell: hears which part of the work is in hand, and how many entries of the log were read (None: all).
        stamp: as :meth:`compliance.bag.BagWriter.finish` takes it.
        anchors_pem: the authorities of the Content Credentials inside, for who wants to judge those.

    Raises:
        InvalidEvidence: the log contradicts itself; ``target`` is not to be used.
    """
    size = bundle.tree_size or 0
    scope = scope_of(bundle)
    reading = read_log(
        receipts.entries_of(bundle.production_id, last=size - 1),
        target.parent,
        scope=scope,
        tell=partial(tell, READING),
    )
    summary = _summary(bundle, reading)
    withheld = withheld_licences(
        reading.ledger, bundle.production, bundle.audience, _until(bundle), scope.jtis
    )
    outputs = _outputs(bundle, reading, withheld)
    written = Written(reading, outputs)
    with BagWriter(target, f"bundle-{summary.bundle}") as bag:
        tell(WRITING, None)
        bag.add(SUMMARY, encode_summary(summary))
        bag.add(JWKS, key_set())
        bag.add(CREDENTIAL_ANCHORS, anchors_pem.encode("ascii"))
        bag.add(VERIFY_PAGE, verify_page())
        _add_payload(bag, bundle, reading, withheld, frozenset(outputs))
        if not scope.is_whole:
            _add_part(bag, bundle, written)
        duties = _add_duties(bag, bundle, reading, outputs)
        tell(PRINTING, None)
        terms = terms_of(reading.ledger, withheld.jtis)
        profiles = profiles_of(terms.values())
        for ref, profile in profiles.items():
            bag.add(f"{PROFILES}{ref.replace('@', '.v')}.json", profile)
        digest = digest_of(
            summary,
            reading,
            terms,
            frames_without_receipt=frames_without_receipt,
            profiles={ref: f"sha256:{sha256_hex(profile)}" for ref, profile in profiles.items()},
            asked=written.asked,
            outputs=None if scope.is_whole else written.verified,
            part=_part_in_words(bundle),
            duties=duties,
        )
        _add_pages(bag, SUMMARY_PAGE, SUMMARY_PDF, "compliance/bundle.html", digest)
        if bundle.purpose == Purpose.UNION_REPORTING and bundle.production.guild_id is not None:
            _add_usage(bag, bundle, summary)
        bag.add(RO_CRATE, crate_metadata(_crate_facts(summary), bag.files))
        bag.finish(
            identifier=summary.bundle,
            created_at=summary.created_at,
            agent=summary.generator,
            predicate={
                "bundle": summary.bundle,
                "production": summary.production,
                "purpose": summary.purpose.value,
                "created_at": summary.created_at,
                "log": {"origin": bundle.origin, "size": size, "root": bundle.root_hex},
            },
            signer=signer,
            stamp=stamp,
        )
    return written


def _add_pages(bag: BagWriter, page_path: str, pdf_path: str, template: str, facts: dict[str, Any]) -> None:
    """Add a page to read and, where this machine can print, the same as PDF."""
    page = page_of(template, facts)
    bag.add(page_path, page.encode())
    pdf = pdf_of(page)
    if pdf is not None:
        bag.add(pdf_path, pdf)


def _add_usage(bag: BagWriter, bundle: Bundle, summary: Summary) -> None:
    """Add the guild's usage report up to the cut: sheet, lines, page; members alone."""
    report = usage_at(bundle, _until(bundle))
    header = {
        "bundle": summary.bundle,
        "report_id": summary.bundle,
        "generator_version": summary.generator,
        "signatory": str(bundle.production.organisation.name),
    }
    bag.add_chunks(f"{USAGE}usage.csv", write_csv(HEADING, report_rows(report)))
    bag.add_chunks(f"{USAGE}usage.jsonl", report_lines(report, header))
    _add_pages(
        bag,
        f"{USAGE}usage.html",
        f"{USAGE}usage.pdf",
        "compliance/usage.html",
        {
            "summary": summary,
            "report": report,
            "amounts": [
                (currency, f"{amount / 100:,.2f}") for currency, amount in sorted(report.amounts.items())
            ],
            "missing": sum(row.use.missing_receipts for row in report.rows),
            "unauthorised": sum(row.use.unauthorised for row in report.rows),
        },
    )


def _crate_facts(summary: Summary) -> CrateFacts:
    counts = summary.counts
    return CrateFacts(
        identifier=summary.bundle,
        name=f"{TITLES[summary.purpose]}: {summary.title}",
        description=f"{counts.receipts} receipts under {counts.tokens} licences, up to entry {summary.log.size} of the log {summary.log.origin}.",
        created_at=summary.created_at,
        generator=summary.generator,
        issuer=summary.issuer,
    )


def _summary(bundle: Bundle, reading: LogReading) -> Summary:
    return Summary(
        bundle=str(name_of(bundle)),
        counts=reading.counts,
        created_at=clock.rfc3339(_until(bundle)),
        generator=generator(),
        issuer=settings.BASE_URL,
        log=LogRef(origin=bundle.origin, root=bundle.root_hex, size=bundle.tree_size or 0),
        production=str(bundle.production_id),
        purpose=Purpose(bundle.purpose),
        title=bundle.production.title,
    )


def _outputs(bundle: Bundle, reading: LogReading, withheld: Withheld) -> dict[str, Asset]:
    """The outputs of the part asked for whose licences are not all withheld, by id."""
    jtis = reading.scope.jtis
    return {
        str(asset.pk): asset
        for asset in signed_assets(reading.ledger, bundle.production_id)
        if not withheld.hides(asset.token_jtis)
        and (jtis is None or not jtis.isdisjoint(map(str, asset.token_jtis)))
    }


def _add_part(bag: BagWriter, bundle: Bundle, written: Written) -> None:
    """Add the receipts of the part asked for, and say which files show the part and which the whole."""
    reading, scope = written.reading, written.reading.scope
    bag.add_file(ASKED_NDJSON, reading.asked_ndjson)
    bag.add_file(ASKED_CSV, reading.asked_csv)
    talent = bundle.talent_id and pairwise_pseudonym(bundle.talent_id, bundle.production_id)
    told = {
        "schema": SCOPE_SCHEMA,
        "talent": talent,
        "licences": None if scope.jtis is None else sorted(scope.jtis),
        "begins": clock.rfc3339(scope.begins) if scope.begins else None,
        "until": clock.rfc3339(scope.until) if scope.until else None,
        "period_is_of": "the moment at which the server took a receipt or a check in",
        "counts": msgspec.structs.asdict(written.asked),
        "part": [ASKED_NDJSON, ASKED_CSV, SUMMARY_PAGE, USAGE, *([MARKS, DUTIES] if talent else [])],
        "whole": [LOG, RECEIPTS_NDJSON, RECEIPTS_CSV, RECEIPTS_PARQUET, DENIED_CHECKS, SUMMARY],
        "left_out": [OMC, PROV, RECONCILIATION] if talent else [],
    }
    bag.add(SCOPE_FILE, canonical_json(told))


def _part_in_words(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """What the bundle was asked for, as the summary's head says it; nothing for the whole up to now."""
    talent = bundle.talent_id and pairwise_pseudonym(bundle.talent_id, bundle.production_id)
    told = (
        ("Performer", talent),
        ("From", bundle.begins and clock.rfc3339(bundle.begins)),
        ("Until", bundle.until and clock.rfc3339(bundle.until)),
    )
    return tuple((name, str(value)) for name, value in told if value)


def _add_duties(
    bag: BagWriter, bundle: Bundle, reading: LogReading, outputs: dict[str, Asset]
) -> list[dict[str, Any]]:
    """Add what EU law asks of each output, duty by duty, with what shows it at the cut; return it all."""
    last = {
        item["entry"]["asset"]: item
        for item in reading.ledger.marks()
        if item["entry"]["asset"] in outputs and item["entry"]["t"] == "verified"
    }
    every = []
    for asset_id, asset in outputs.items():
        entry = last[asset_id]["entry"]
        told = duty_evidence(
            asset,
            at=_until(bundle),
            logged=LoggedOutput(
                index=last[asset_id]["leaf_index"],
                sha256=entry["asset_sha256"],
                manifest_sha256=entry.get("manifest_sha256") or "",
                receipts=sum(reading.tally.every[str(jti)] for jti in asset.token_jtis),
            ),
        )
        bag.add(f"{DUTIES}{asset_id}.json", canonical_json(plain(told)))
        every.append(told)
    return every


def _add_payload(
    bag: BagWriter, bundle: Bundle, reading: LogReading, withheld: Withheld, outputs: frozenset[str]
) -> None:
    production_id, until = bundle.production_id, _until(bundle)
    cast = Cast(production_id)
    for path, data in licence_files(reading.ledger, cast, bundle.audience, until, withheld):
        bag.add(path, data)
    bag.add_file(RECEIPTS_NDJSON, reading.ndjson)
    bag.add_file(RECEIPTS_CSV, reading.csv)
    part = slice_at(production_id, checkpoint=bytes(bundle.checkpoint), vkey=bytes(bundle.vkey))
    # Arrow takes more than all the rest: it is loaded into another process, and goes with it
    parquet = reading.ndjson.with_name("receipts.parquet")
    write_apart(part, KINDS["receipts"], parquet, row_group=_ROW_GROUP)
    bag.add_file(RECEIPTS_PARQUET, parquet)
    bag.add_file(DENIED_CHECKS, reading.denied)
    bag.add(LOG + CHECKPOINT_PATH, bytes(bundle.checkpoint))
    bag.add(LOG + VKEY_PATH, bytes(bundle.vkey))
    for path, data in receipts.log_files(production_id, bundle.tree_size or 0):
        bag.add(LOG + path, data)
    for number, (vkey, note) in enumerate(
        receipts.cosigned_notes(production_id, bundle.tree_size or 0), start=1
    ):
        bag.add(f"{WITNESSES}{number}.vkey", vkey.encode() + b"\n")
        bag.add(f"{WITNESSES}{number}.note", note)
    marks = marks_document(reading.ledger, mark_reports(production_id, until, reading.scope.jtis, withheld))
    bag.add(MARKS, canonical_json(marks))
    _add_manifests(bag, reading, production_id, outputs, withheld)
    owners = {bundle.production.organisation_id, bundle.production.guild_id}
    if bundle.organisation_id in owners and not withheld.jtis and bundle.talent_id is None:
        _add_graph(bag, bundle, frozenset(jti for jti, _ in reading.ledger.grants))
    sees_whole = bundle.organisation_id in owners and bundle.talent_id is None
    _add_events(bag, bundle, reading, withheld, sees_whole=sees_whole)
    if bundle.talent_id is None:  # a delivery is compared as a whole
        for path, chunks in reconciliation_files(production_id, bundle.audience, until):
            bag.add_chunks(path, chunks)
    bag.add_chunks(
        EVENTS,
        event_lines(
            production_id, cast, bundle.audience, until, reader=reader_of(bundle), withheld=withheld.objects
        ),
    )


def _add_graph(bag: BagWriter, bundle: Bundle, licences: frozenset[str]) -> None:
    """Add the production's graph up to the cut, for who may see the whole of it; there may be none."""
    export = export_at(bundle.production, _until(bundle), licences)
    if export is not None:
        bag.add_chunks(OMC, omc_pieces(export))
        bag.add_chunks(PROV, prov_pieces(export))


def _add_events(
    bag: BagWriter, bundle: Bundle, reading: LogReading, withheld: Withheld, *, sees_whole: bool
) -> None:
    """Add the events that the graph is made of, as the log recorded them; for what is withheld their digests."""
    shown = frozenset(jti for jti, _ in reading.ledger.grants) - withheld.jtis
    licences = None if sees_whole and not withheld.jtis else shown
    if reading.ledger.recorded:
        lines = provenance_lines(bundle.production_id, reading.ledger.recorded, licences=licences)
        bag.add_chunks(PROVENANCE, lines)


def _until(bundle: Bundle) -> datetime:
    return bundle.cut_at or bundle.created_at


def _add_manifests(
    bag: BagWriter, reading: LogReading, production_id: UUID, outputs: frozenset[str], withheld: Withheld
) -> None:
    """Add the manifest store that each output had when the log last told of it; what was read of it, for ``outputs``.

    An output under nothing but withheld licences is left out: its credentials say whose likeness it shows, and how
    it was made. The log's hash of them stays.
    """
    hidden = withheld_outputs(reading.ledger.marks(), withheld.jtis)
    logged = {one["asset"]: one.get("manifest_sha256") for one in verified_entries(reading.ledger)}
    for asset in signed_assets(reading.ledger, production_id):
        if str(asset.pk) in hidden:
            continue
        manifest = _manifest_of(asset, logged[str(asset.pk)])
        if manifest is None:
            continue
        with local_copy(manifest.blob) as path:
            bag.add_file(manifest_store_path(str(asset.pk)), path)
        if str(asset.pk) not in outputs:
            continue
        told = {
            "asset": str(asset.pk),
            "asset_sha256": asset.sha256,
            "manifest_sha256": manifest.sha256,
            "digital_source_type": manifest.digital_source_type,
            "read_back": plain(manifest.report),
        }
        bag.add(f"{MANIFESTS}{asset.pk}.json", canonical_json(told))


def _manifest_of(asset: Asset, sha256: str | None) -> ManifestRecord | None:
    """The manifest with that hash; the output may have been signed anew after the cut."""
    found = (one for one in asset.manifests.all() if sha256 in {None, one.sha256})
    return max(found, key=lambda one: one.created_at, default=None)


def generator() -> str:
    """Name and version of the program, as packages of every kind state them."""
    try:
        return f"trustmark-server/{version('trustmark-server')}"
    except PackageNotFoundError:
        return "trustmark-server/0"
