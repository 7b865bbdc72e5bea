"""The two wheels, installed in every Python at hand that a renderer may ship, and put to work there."""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from trustmark_client.pixels import file_sha256, pixel_sha256

from tests.client import smoke
from tests.trustcore import samples
from tests.trustcore.bundling import bag_files, zip_bytes
from trustcore.dpop import verify_proof
from trustcore.lease import encode_lease
from trustcore.policy.rules import POLICY_HASH
from trustcore.signing import jwk_thumbprint, public_jwk
from trustcore.tokens import LICENCE_TYP, encode_token

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")


def interpreter(version: str) -> str | None:
    """A Python of that version: pyenv's newest, this one, or the system's; a shim that starts nothing is none."""
    if platform.python_version().startswith(version + "."):
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((root / "versions").glob(f"{version}.*/bin/python"))
    at_hand = str(found[-1]) if found else shutil.which(f"python{version}")
    return at_hand if at_hand and _starts(at_hand) else None


def _starts(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Both wheels, built from what is in the tree."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("trustcore", "clients/python"):
        source = folder / Path(name).name
        shutil.copytree(
            ROOT / name, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        )
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source],
            check=True, timeout=120,
        )  # fmt: skip
    return [str(path) for path in folder.glob("*.whl")]


@pytest.fixture(scope="module", params=VERSIONS)
def node(request: pytest.FixtureRequest, wheels: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a fresh environment of that Python, with the wheels and what they ask for."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on this machine")
    home = tmp_path_factory.mktemp("node") / request.param
    subprocess.run([python, "-m", "venv", home], check=True, timeout=120)
    wanted = [f"{wheel}[pixels]" if "client" in wheel else wheel for wheel in wheels]
    subprocess.run(
        [home / "bin/python", "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", *wanted],
        check=True, timeout=240, env=_alone(),
    )  # fmt: skip
    return home / "bin"


def _alone() -> dict[str, str]:
    """An environment in which no package of this tree is found by accident."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@functools.cache
def given(frame: str) -> str:
    """What a server gave, and a frame to hash."""
    token, lease = samples.claims(), samples.lease_claims()
    return json.dumps({
        "token": encode_token(token, samples.SIGNER, LICENCE_TYP),
        "lease": encode_lease(lease, samples.DECISION_SIGNER),
        "token_keys": _jwks(samples.KEYS), "decision_keys": _jwks(samples.DECISION_KEYS),
        "issuer": samples.ISSUER, "audience": samples.AUDIENCE, "now": samples.EPOCH + 10,
        "frames": [lease.first, lease.last + 1], "frame": frame,
    })  # fmt: skip


def _jwks(keys: dict) -> dict:
    return {
        "keys": [{**public_jwk(key), "kid": kid, "alg": "EdDSA", "use": "sig"} for kid, key in keys.items()]
    }


def test_every_python_at_hand_does_what_a_farm_node_does(node: Path, tmp_path: Path) -> None:
    frame = tmp_path / "frame.png"
    Image.new("RGB", (16, 9), (7, 90, 120)).save(frame)
    asked = given(str(frame))
    done = subprocess.run(
        [node / "python", smoke.__file__, tmp_path],
        input=asked, capture_output=True, text=True, check=False, cwd=tmp_path, env=_alone(), timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["modules"] > 90
    assert said["policy"] == POLICY_HASH, "the rules are the same rules"
    inside, outside = (str(frame) for frame in json.loads(asked)["frames"])
    assert said["offline"]["frames"][inside] == "yes"
    assert said["offline"]["frames"][outside] != "yes"
    assert said["offline"]["forged"] == "SIGNATURE_INVALID"
    proof = verify_proof(
        said["proof"], method="POST", url="https://licences.example/x", now=samples.EPOCH + 10,
        expected_jkt=jwk_thumbprint(said["jwk"]), access_token=json.loads(asked)["token"],
    )  # fmt: skip
    assert proof.jti == "a-proof-of-one-request"
    assert said["queue"] == list(range(25))
    assert (said["file"], said["pixels"]) == (file_sha256(frame), pixel_sha256(frame))
    assert said["older"] == [
        "yes", "yes", "<Word.YES: 'yes'>", [[1, 2], [2, 3]], 3,
        "2026-11-22T08:05:00+00:00", "2026-11-22T08:05:00.250000+00:00",
        "2026-11-22T08:05:00.123456+02:00", True, True, [[1, "a"], [2, "b"]], True, True,
    ]  # fmt: skip


def test_every_python_at_hand_verifies_a_bundle_and_refuses_a_forged_one(node: Path, tmp_path: Path) -> None:
    files = bag_files()
    good, forged = tmp_path / "good.zip", tmp_path / "forged.zip"
    good.write_bytes(zip_bytes(files))
    name = next(name for name in files if name.endswith("receipts.csv"))
    forged.write_bytes(zip_bytes({**files, name: files[name].replace(b"RENDERED", b"RENDEREE", 1)}))
    verify = [node / "trustmark", "bundle", "verify"]
    done = subprocess.run(
        [*verify, good], capture_output=True, text=True, check=False, env=_alone(), timeout=120
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [*verify, forged], capture_output=True, text=True, check=False, env=_alone(), timeout=120
    )
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
