"""The ``trustmark`` command: plain words, stable exit codes, no network, no Django."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.trustcore import bundling
from tests.trustcore.bundling import bag_files, zip_bytes
from trustcore import cli
from trustcore.bundle.layout import JWKS, RECEIPTS_CSV
from trustcore.log.checkpoint import encode_vkey

ROOT = Path(__file__).resolve().parents[2]
VKEY = encode_vkey(bundling.ORIGIN, bundling.LOG_SIGNER.public_key)

# Runs the command in a process that has no network, and says afterwards what was imported.
ALONE = textwrap.dedent(
    """
    import sys

    def refuse(event, arguments):
        if event.startswith("socket."):
            raise AssertionError(f"the network was used: {event}")

    sys.addaudithook(refuse)
    from trustcore.cli import main

    code = main(sys.argv[1:])
    heavy = {"django", "rest_framework", "celery", "torch", "requests", "httpx", "numpy"} & sys.modules.keys()
    sys.exit(code if not heavy else 99)
    """
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    path.write_bytes(zip_bytes(bag_files()))
    return path


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    files = bag_files()
    files[RECEIPTS_CSV] = files[RECEIPTS_CSV].replace(b"RENDERED", b"RENDEREE", 1)
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    path.write_bytes(zip_bytes(files))
    return path


def alone(*arguments):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
    command = [sys.executable, "-c", ALONE, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.req("BX-003")
def test_a_bundle_is_verified_without_network_and_without_django(good, damaged):
    done = alone("bundle", "verify", good)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("291 receipts are in the log")
    assert "Nothing was added, removed or changed." in done.stdout
    refused = alone("bundle", "verify", damaged)
    assert refused.returncode == 4
    assert refused.stderr == f"Not verified. {RECEIPTS_CSV}: the file was changed (HASH_MISMATCH)\n"


def test_the_guard_against_the_network_bites():
    probe = ALONE.replace("from trustcore.cli import main", "import socket; socket.socket()")
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False
    )
    assert "the network was used" in done.stderr


def test_json_carries_the_whole_report(good, damaged, capsys):
    assert cli.main(["bundle", "verify", str(good), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["verified"] is True
    assert report["summary"]["counts"]["receipts"] == 291
    assert len(report["steps"]) == 12
    assert cli.main(["bundle", "verify", str(damaged), "--json"]) == 4
    assert json.loads(capsys.readouterr().out) == {
        "verified": False,
        "code": "HASH_MISMATCH",
        "path": RECEIPTS_CSV,
        "detail": "the file was changed",
    }


def test_several_processes_are_asked_for_and_bounded(good, damaged, capsys):
    assert cli.main(["bundle", "verify", str(good)]) == 0
    alone = capsys.readouterr().out
    assert cli.main(["bundle", "verify", str(good), "--jobs", "2"]) == 0
    assert capsys.readouterr().out == alone
    assert cli.main(["bundle", "verify", str(damaged), "--jobs", "2"]) == 4
    for bad in ("0", "65", "x"):
        assert cli.main(["bundle", "verify", str(good), "--jobs", bad]) == 2


def test_keys_can_be_pinned(good, tmp_path, capsys):
    (tmp_path / "vkey").write_text(VKEY + "\n")
    (tmp_path / "jwks.json").write_bytes(bag_files()[JWKS])
    given = ["--key", str(tmp_path / "vkey"), "--key", str(tmp_path / "jwks.json")]
    assert cli.main(["bundle", "verify", str(good), *given]) == 0
    assert "are the ones you gave" in capsys.readouterr().out
    other = encode_vkey(bundling.ORIGIN, bundling.BUNDLE_SIGNER.public_key)
    assert cli.main(["bundle", "verify", str(good), "--key", other]) == 4
    assert "KEY_UNTRUSTED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["bundle"], 2),
        (["bundle", "verify"], 2),
        (["paint"], 2),
        (["bundle", "verify", "x.zip", "--key", "a+b+c"], 2),
        (["bundle", "verify", "x.zip", "--key", "/nonexistent/vkey"], 2),
        (["bundle", "verify", "x.zip", "--key", sys.executable], 2),
        (["bundle", "verify", "/nonexistent/bundle.zip"], 1),
        (["bundle", "verify", str(Path(__file__))], 4),
        (["--help"], 0),
        (["--version"], 0),
    ],
)
def test_exit_codes_are_stable(arguments, code, capsys):
    assert cli.main(arguments) == code
    said = capsys.readouterr()
    assert said.out + said.err


def test_a_group_is_imported_only_when_it_is_asked_for(monkeypatch, capsys):
    points = [
        EntryPoint("plan", "tests.trustcore.group:main", cli.COMMANDS),
        EntryPoint("broken", "tests.trustcore.nowhere:main", cli.COMMANDS),
    ]
    monkeypatch.setattr(cli, "entry_points_of", lambda group: points if group == cli.COMMANDS else [])
    assert cli.main(["plan", "one", "--two"]) == 3
    assert capsys.readouterr().out == "['one', '--two']\n"
    assert cli.main(["broken"]) == 1
    assert "not installed here" in capsys.readouterr().err
    assert cli.main(["--help"]) == 0
    assert "broken, plan" in capsys.readouterr().out


def test_the_core_installs_alone(good, tmp_path):
    source, target = tmp_path / "trustcore", tmp_path / "target"
    shutil.copytree(
        ROOT / "trustcore", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    packages = {path.parent.relative_to(source) for path in source.rglob("*.py")}
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", target]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, source], check=True, timeout=120)
    assert all((target / "trustcore" / package / "__init__.py").exists() for package in packages)
    assert (target / "trustcore" / "py.typed").exists()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(target), "HOME": "/nonexistent"}
    command = [sys.executable, "-P", target / "bin" / "trustmark", "bundle", "verify", good]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    where = [sys.executable, "-P", "-c", "import trustcore; print(trustcore.__file__)"]
    found = subprocess.run(where, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(target)
