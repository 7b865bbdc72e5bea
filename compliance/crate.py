"""The index of a bundle for people and archives: RO-Crate 1.1 metadata, written from what the bag holds. Pure.

The bag's payload folder is the crate. Single files are described one by one; folders of many (tiles, licences,
credentials) as one data set each. Nothing is said here that the signed manifest does not hold: digests and sizes
come from the bag.

Source: https://www.researchobject.org/ro-crate/1.1/ (section "Combining with other packaging schemes": BagIt).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from trustcore.bundle.layout import PAYLOAD, RO_CRATE
from trustcore.encoding import canonical_json

_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_PROFILE = "https://w3id.org/ro/crate/1.1"
_FOLDERS = {
    "tokens/": "Licences: terms, signed grant and history of each version",
    "log/": "The whole log as C2SP static files: checkpoint, key, tiles and entries",
    "manifests/": "Content Credentials (C2PA manifest stores) of each output, with what was read back from them",
    "profiles/": "Compliance profiles that the terms name, as data",
    "witnesses/": "Checkpoints of this log that witnesses cosigned, with their keys",
    "usage/": "Usage report of the guild",
    "duties/": "What EU law asks of each output, duty by duty, with what shows that it was done",
    "reconciliation/": "Receipts compared with the files of a delivery",
}
_FILES = {
    "bundle.json": "What this bundle is: production, purpose, log, counts",
    "summary.html": "Summary to read",
    "summary.pdf": "Summary to print",
    "verify.html": "Page that verifies a bundle in a browser, without a network",
    "receipts/receipts.ndjson": "One receipt for each frame, in the order of the log",
    "receipts/receipts.csv": "The same receipts as a table",
    "receipts/receipts.parquet": "The same receipts as Parquet, each with its entry of the log",
    "scope.json": "The part of the production that was asked for",
    "receipts/asked.ndjson": "The receipts of the part that was asked for",
    "receipts/asked.csv": "The same receipts as a table",
    "checks/denied.ndjson": "Refused render checks, with their reasons",
    "marks/report.json": "Hidden marks of each output and what detection said",
    "audit/events.ndjson": "What the server's event trail says of the production",
    "omc/graph.omc.json": "Where the production's assets came from, as OMC-JSON 2.8",
    "omc/graph.prov.json": "The same graph as W3C PROV-JSON",
    "provenance/events.ndjson": "The events that the graph is made of, or their digests, as the log recorded them",
    "keys/jwks.json": "Public keys of grants and bundles",
    "keys/content-credentials.pem": "Certificate authorities of the Content Credentials",
}
_MEDIA = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".pem": "application/pem-certificate-chain",
}


@dataclass(frozen=True, slots=True)
class CrateFacts:
    """What the index says of the whole."""

    identifier: str
    name: str
    description: str
    created_at: str
    generator: str
    issuer: str


def crate_metadata(facts: CrateFacts, files: Mapping[str, tuple[str, int]]) -> bytes:
    """Return ``ro-crate-metadata.json``.

    Args:
        files: SHA-256 (hex) and size of each payload file so far, by its path in the bag.
    """
    inside = {path.removeprefix(PAYLOAD): told for path, told in files.items() if path.startswith(PAYLOAD)}
    folders = [name for name in _FOLDERS if any(path.startswith(name) for path in inside)]
    single = sorted(path for path in inside if not path.startswith(tuple(folders)))
    graph: list[dict[str, Any]] = [
        {
            "@id": RO_CRATE.removeprefix(PAYLOAD),
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _PROFILE},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "identifier": facts.identifier,
            "name": facts.name,
            "description": facts.description,
            "datePublished": facts.created_at,
            "license": "Confidential: for the parties of the production and those they show it to",
            "publisher": {"@id": facts.issuer},
            "creator": {"@id": "#generator"},
            "hasPart": [{"@id": name} for name in (*single, *folders)],
        },
        {"@id": facts.issuer, "@type": "Organization", "name": facts.issuer, "url": facts.issuer},
        {"@id": "#generator", "@type": "SoftwareApplication", "name": facts.generator},
    ]
    graph += [_file(path, *inside[path]) for path in single]
    graph += [_folder(name, inside) for name in folders]
    return canonical_json({"@context": _CONTEXT, "@graph": graph})


def _file(path: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "@id": path,
        "@type": "File",
        "name": _FILES.get(path, PurePosixPath(path).name),
        "contentSize": str(size),
        "encodingFormat": _MEDIA.get(PurePosixPath(path).suffix, "application/octet-stream"),
        "sha256": digest,
    }


def _folder(name: str, inside: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    sizes = [size for path, (_, size) in inside.items() if path.startswith(name)]
    return {
        "@id": name,
        "@type": "Dataset",
        "name": _FOLDERS[name],
        "description": f"{len(sizes)} files, {sum(sizes)} bytes",
    }
