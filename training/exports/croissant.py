"""A frozen manifest as a Croissant description (JSON-LD), which data-set tools load.

What it describes are the manifest's own rows: one file of JSON lines, under its hash. The media stay where they are;
each row says where, and by which checksum.

Source: MLCommons Croissant Format Specification 1.1, http://mlcommons.org/croissant/1.1; proven by ``mlcroissant``.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from training.models import ManifestRow, TrainingManifest

MEDIA_TYPE: Final = "application/ld+json"
ROWS_TYPE: Final = "application/jsonlines"
CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"
_CR: Final = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _CR},
}
_FIELDS: Final = (
    ("id", "sc:Text", "Id of the original or derivative"),
    ("kind", "sc:Text", "VIDEO, IMAGE, AUDIO or TEXT"),
    ("media_type", "sc:Text", "Media type of the bytes"),
    ("sha256", "sc:Text", "SHA-256 of the bytes"),
    ("size_bytes", "sc:Integer", "Size of the bytes"),
    ("location", "sc:Text", "Where the bytes are"),
    ("sources", "sc:Text", "Sources that the row leads back to"),
)
_REPEATED: Final = frozenset({"sources"})


def croissant_of(manifest: TrainingManifest, *, rows_url: str, page_url: str) -> dict[str, Any]:
    """The description of ``manifest``.

    Args:
        rows_url: where :func:`rows_of` is served; page_url: where the manifest is.
    """
    head, day = manifest.head, manifest.created_at.date()
    house = manifest.organisation.name
    licences = sorted({f"{row['licence_class']}: {row['licence_type']}" for row in head["rights"]})
    credit = sorted({row["attribution"] for row in head["rights"] if row["attribution"]})
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": manifest.name,
        "description": head["purpose"],
        "conformsTo": CONFORMS_TO,
        "identifier": manifest.content_id,
        "url": page_url,
        "license": licences,
        "creator": {"@type": "sc:Organization", "name": house},
        "datePublished": day.isoformat(),
        "version": f"1.0.0+{manifest.content_id[7:19]}",
        "citeAs": f"{house} ({day.year}): {manifest.name}, training manifest {manifest.content_id}",
        **({"creditText": "; ".join(credit)} if credit else {}),
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "rows",
                "name": "rows",
                "description": "The rows of the manifest, one a line, as they were frozen.",
                "contentUrl": rows_url,
                "encodingFormat": ROWS_TYPE,
                "sha256": rows_sha256(manifest),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "material",
                "name": "material",
                "key": {"@id": "material/id"},
                "field": [_field(*one) for one in _FIELDS],
            }
        ],
    }


def rows_of(manifest: TrainingManifest) -> Iterator[bytes]:
    """The rows alone, line by line with their ends, as they were frozen."""
    rows = ManifestRow.objects.filter(manifest=manifest).order_by("ordinal").values_list("line", flat=True)
    for line in rows.iterator(chunk_size=2000):
        yield bytes(line) + b"\n"


def rows_sha256(manifest: TrainingManifest) -> str:
    """The hash of the file that :func:`rows_of` gives."""
    digest = hashlib.sha256()
    for line in rows_of(manifest):
        digest.update(line)
    return digest.hexdigest()


def _field(name: str, kind: str, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"material/{name}",
        "name": name,
        "description": description,
        "dataType": kind,
        **({"repeated": True} if name in _REPEATED else {}),
        "source": {"fileObject": {"@id": "rows"}, "extract": {"column": name}},
    }
