"""A bundle checked without a line of our verifier: other people's tools, as docs/verify-by-hand.md tells an auditor.

The commands and snippets are those of the document itself: they are cut out of it and run.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import bagit
import pytest

from tests.trustcore import bundling
from tests.trustcore.bundling import bag_files, zip_bytes
from trustcore.encoding import canonical_json
from trustcore.signing import public_key_set

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/verify-by-hand.md"


def snippet(title: str, language: str) -> str:
    """The first piece of code below a heading of the document."""
    section = DOCUMENT.read_text("utf-8").split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, title
    return found[1]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A good bundle, unpacked, with the keys that an auditor fetched before."""
    (tmp_path / "bundle.zip").write_bytes(zip_bytes(bag_files()))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    (tmp_path / "jwks.json").write_bytes(canonical_json(public_key_set(bundling.ALL_KEYS)))
    return tmp_path / bundling.NAME


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a snippet as the auditor would: in the bag's folder, with nothing of ours to import."""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def shell(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def walked(folder: Path, jwks: bytes, *, sections: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Run the document's own code on an unpacked bundle, section by section, as one who reads on does; what each says."""
    (folder.parent / "jwks.json").write_bytes(jwks)
    said, log = {}, snippet("3. The log", "python")
    for title, language in sections:
        code = snippet(title, language)
        if "entries" in code and title != "3. The log":
            code = log + code
        run = (python if language == "python" else shell)(code, folder)
        assert run.returncode == 0, f"{title}: {run.stderr}"
        said[title] = run.stdout
    return said


SECTIONS = (
    ("1. The files", "sh"),
    ("2. The signature", "python"),
    ("3. The log", "python"),
    ("4. A licence", "python"),
    ("5. The receipts", "python"),
    ("6. The time", "sh"),
    ("8. Where the assets came from", "python"),
)


@pytest.mark.django_db
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no OpenSSL on this machine")
def test_a_bundle_that_the_product_made_is_walked_through_by_the_document_alone(
    settings, tmp_path: Path
) -> None:
    from django.test import Client

    from tests.compliance.test_bundle_graph import recorded_farm
    from tests.compliance.test_bundles import made, saved
    from tests.timestamping import timestamp_authority

    farm = recorded_farm(member=True)
    farm.render(0, 9)
    (tmp_path / "tsa.pem").write_text("")
    with timestamp_authority(tmp_path / "tsa") as authority:
        (tmp_path / "tsa.pem").write_text(authority.root_pem)
        settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = authority.url, str(tmp_path / "tsa.pem")
        path = saved(made(farm), tmp_path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
        folder = tmp_path / archive.namelist()[0].partition("/")[0]
    jwks = Client().get("/.well-known/jwks.json").content
    said = walked(folder, jwks, sections=SECTIONS)
    size = (folder / "data/log/checkpoint").read_text().split("\n")[1]
    assert said["3. The log"].startswith(f"{size} entries lead to the root of ")
    assert said["4. A licence"] == "1 grants are signed, each over the terms beside it\n"
    assert said["5. The receipts"] == "10 receipts, as many as the log counts\n"
    assert "events lead to the log" in said["8. Where the assets came from"]
    # under the keys of another server nothing of it is signed
    (tmp_path / "jwks.json").write_bytes(canonical_json(public_key_set(bundling.ALL_KEYS)))
    assert "KeyError" in python(snippet("2. The signature", "python"), folder).stderr


def test_the_files_by_sha256sum_and_by_bagit(bag: Path) -> None:
    code = snippet("1. The files", "sh")
    assert shell(code, bag).returncode == 0
    assert bagit.Bag(str(bag)).is_valid()
    (bag / "data/audit/events.ndjson").write_bytes(b"{}\n")
    assert shell(code, bag).returncode != 0
    assert not bagit.Bag(str(bag)).is_valid()


def test_the_signature_by_dsse_and_ed25519_of_another_library(bag: Path) -> None:
    code = snippet("2. The signature", "python")
    good = python(code, bag)
    assert good.returncode == 0, good.stderr
    assert "22 files are signed by bundle-1" in good.stdout
    envelope = json.loads((bag / "signature.dsse.json").read_bytes())
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    (bag / "signature.dsse.json").write_text(json.dumps(envelope))
    assert python(code, bag).returncode != 0


def test_a_grant_by_joserfc(bag: Path) -> None:
    code = snippet("4. A licence", "python")
    good = python(code, bag)
    assert good.returncode == 0, good.stderr
    assert "2 grants" in good.stdout
    grant = next(bag.glob("data/tokens/*/v1.grant.jwt"))
    head, claims, signature = grant.read_text().strip().split(".")
    grant.write_text(f"{head}.{claims}.{signature[:-6]}AAAAAA")
    assert python(code, bag).returncode != 0


def test_the_log_by_thirty_lines(bag: Path) -> None:
    code = snippet("3. The log", "python")
    good = python(code, bag)
    assert good.returncode == 0, good.stderr
    assert "300 entries lead to the root" in good.stdout
    tile = next(bag.glob("data/log/tile/entries/*"))
    tile = tile if tile.is_file() else next(tile.iterdir())
    data = bytearray(tile.read_bytes())
    data[30] ^= 1
    tile.write_bytes(bytes(data))
    assert python(code, bag).returncode != 0


def test_receipts_by_json_schema_and_the_summary_by_duckdb(bag: Path) -> None:
    code = snippet("5. The receipts", "python")
    good = python(code, bag)
    assert good.returncode == 0, good.stderr
    assert "291 receipts" in good.stdout
    rows = (bag / "data/receipts/receipts.ndjson").read_bytes()
    (bag / "data/receipts/receipts.ndjson").write_bytes(rows.replace(b'"frame":3,', b'"frame":-3,', 1))
    assert python(code, bag).returncode != 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no OpenSSL on this machine")
def test_the_stamp_by_openssl(bag: Path, tmp_path: Path) -> None:
    import hashlib

    from tests.timestamping import timestamp_authority
    from trustcore.timestamp import request

    code = snippet("6. The time", "sh")
    digest = hashlib.sha256((bag / "signature.dsse.json").read_bytes()).digest()
    with timestamp_authority(tmp_path / "tsa") as authority:
        (bag / "signature.dsse.json.tsr").write_bytes(authority.reply(request(digest, b"\x01" * 8)))
        (tmp_path / "tsa.pem").write_text(authority.root_pem)
    assert shell(code, bag).returncode == 0, shell(code, bag).stderr
    (bag / "signature.dsse.json").write_bytes((bag / "signature.dsse.json").read_bytes() + b"\n")
    assert shell(code, bag).returncode != 0
