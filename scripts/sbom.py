#!/usr/bin/env python3
"""The bill of materials of what runs, as CycloneDX 1.6: read from the locks and the cards, served at /.well-known/sbom.

    python scripts/sbom.py            # writes trustmark/sbom.cdx.json, prints the counts
    python scripts/sbom.py --check    # fails when it is not that of the locks and cards

Every pin of ``requirements/base.txt`` is a component with the hashes that the lock accepts, torch's pin stands without
one (its wheels differ by build). The weights of our detectors and the cards of our marks are components with the hash
of their very bytes. Licences are what the installed packages say. Nothing in it depends on the time or the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.exceptions import InvalidLicenseExpressionException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "trustmark" / "sbom.cdx.json"
LOCKS = ("base.txt", "torch.txt")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_OURS = (
    ("trustmark-server", "pyproject.toml"),
    ("trustcore", "trustcore/pyproject.toml"),
    ("trustmark-client", "clients/python/pyproject.toml"),
)


def pins(lock: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and accepted SHA-256 of each pin of a lock."""
    text = lock.read_text(encoding="utf-8")
    found = list(_PIN.finditer(text))
    for this, following in zip(found, [*found[1:], None], strict=True):
        block = text[this.end() : following.start() if following else len(text)]
        yield this[1].lower(), this[2], _HASH.findall(block)


def components() -> Iterator[Component]:
    """Everything that runs: packages of the locks, weights of detectors, cards of marks."""
    for lock in LOCKS:
        for name, version, hashes in pins(ROOT / "requirements" / lock):
            yield Component(
                type=ComponentType.LIBRARY, name=name, version=version,
                bom_ref=f"pkg:pypi/{name}@{version}", purl=PackageURL("pypi", None, name, version),
                licenses=_licences(name, version),
                # of several wheels one is installed: a component's own hashes would say that all of them were
                properties=[Property(name="trustmark:lock:sha256", value=one) for one in sorted(hashes)],
            )  # fmt: skip
    for path in sorted((ROOT / "verification/detectors/cards").glob("*.onnx")):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        yield _file(path, ComponentType.MACHINE_LEARNING_MODEL, card["version"])
    for path in sorted((ROOT / "watermarking/cards").glob("*.json")):
        yield _file(path, ComponentType.DATA, "")


def made() -> str:
    """The document, byte for byte the same wherever it is made from the same locks with the same packages."""
    bom = Bom(components=list(components()))
    bom.metadata = BomMetaData(component=_own(*_OURS[0]))
    bom.components.update(_own(*one) for one in _OURS[1:])
    bom.register_dependency(bom.metadata.component, list(bom.components))  # type: ignore[arg-type]
    document: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    # the library writes when it was made, and a number by chance: both follow from the content here
    document["metadata"].pop("timestamp", None)
    document.pop("serialNumber", None)
    content = json.dumps(document, sort_keys=True).encode()
    document["serialNumber"] = (
        f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(content).hexdigest())}"
    )
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def named(document: dict[str, Any]) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """What stands in a document, without licences: those are read from what happens to be installed."""
    return {
        (
            one["type"], one["name"], one.get("version", ""),
            (*sorted(row["value"] for row in one.get("properties", [])), *(row["content"] for row in one.get("hashes", []))),
        )
        for one in document["components"]
    }  # fmt: skip


def faults(text: str) -> str:
    """What CycloneDX's own schema finds wrong; empty: nothing."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return str(found) if found else ""


def _file(path: Path, kind: ComponentType, version: str) -> Component:
    name = path.relative_to(ROOT).as_posix()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Component(
        type=kind, name=name, version=version or None, bom_ref=f"file:{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )  # fmt: skip


def _own(name: str, project: str) -> Component:
    text = (ROOT / project).read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    version = found[1] if found else ""
    return Component(
        type=ComponentType.APPLICATION, name=name, version=version, bom_ref=f"{name}@{version}",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )  # fmt: skip


def _licences(name: str, version: str) -> list[Any]:
    try:
        told: Any = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if told["Version"] != version:
        return []
    factory = LicenseFactory()
    text = (told.get("License-Expression") or told.get("License") or "").strip()
    if text and "\n" not in text and len(text) <= 60:
        try:
            return [factory.make_from_string(text)]
        except InvalidLicenseExpressionException:
            return [factory.make_with_name(text)]
    classified = [
        one.rpartition("::")[2].strip()
        for one in told.get_all("Classifier") or []
        if one.startswith("License ::")
    ]
    return [factory.make_with_name(one) for one in classified]


def main(argv: list[str]) -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(argv)
    text = made()
    if wrong := faults(text):
        print(f"not CycloneDX 1.6: {wrong}", file=sys.stderr)
        return 1
    document = json.loads(text)
    if given.check:
        if not TARGET.is_file() or named(json.loads(TARGET.read_text(encoding="utf-8"))) != named(document):
            print(
                "trustmark/sbom.cdx.json is not that of the locks: run python scripts/sbom.py",
                file=sys.stderr,
            )
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    with_licence = sum(bool(one.get("licenses")) for one in document["components"])
    print(f"{len(document['components'])} components, {with_licence} with a licence")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
