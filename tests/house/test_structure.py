"""The structure holds: web processes stay light, migrations are complete, the core stands alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]


def _fresh(code: str) -> str:
    """Run ``code`` in a new interpreter with the environment of this one; returns what it printed."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_web_process_does_not_load_torch() -> None:
    code = (
        "import os, sys; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'trustmark.settings')\n"
        "import django; django.setup(); import trustmark.urls, trustmark.wsgi\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in {'torch', 'c2pa', 'av'}))"
    )
    loaded = _fresh(code)
    assert "torch" not in loaded


def test_core_loads_no_framework() -> None:
    code = (
        "import pkgutil, importlib, sys, trustcore\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(trustcore.__path__, 'trustcore.')]\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'django','rest_framework','celery','torch','httpx'}))"
    )
    assert _fresh(code).strip() == "[]"


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}:{ROOT / 'clients/witness'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_lock_file_names_an_index() -> None:
    for lock in (ROOT / "requirements").iterdir():
        for line in lock.read_text().splitlines():
            assert "://" not in line.split("#")[0], f"{lock.name}: {line}"
            assert not line.strip().startswith(("--index", "--extra-index", "--find-links", "-i ", "-f "))
