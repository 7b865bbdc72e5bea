"""Make an environment per tool of ``clients/`` under ``var/integrations`` and run the tests that need it.

    python scripts/integrations.py                 # all of them
    python scripts/integrations.py opencue ftrack  # these

Each tool has an environment of its own: their pins do not go together, and Blender's wheel is near a gigabyte. A tool
whose environment is not there is a test that is skipped, with this script named as what makes it. For TypeScript it is
the packages of ``clients/typescript/package-lock.json``, which npm installs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "var" / "integrations"
# what runs in the tool, exactly; our own packages are installed from this tree, editable
TOOLS = {
    "blender": ["bpy==4.5.15"],
    "opencue": ["opencue-pyoutline==1.37.0", "opencue-pycue==1.37.0"],
    "ftrack": ["ftrack-python-api==3.1.0", "setuptools<81"],
    "ayon": ["ayon-python-api==1.2.25", "pyblish-base==1.8.12", "setuptools<81"],
    "kitsu": ["gazu==1.3.1"],
}
# what a tool talks to, in an environment and a process of its own: Zou is AGPL, and nothing of ours is installed beside it
SERVERS = {"kitsu": ("zou", "3.12", ["zou==1.0.97"])}
PYTHON = "3.11"


def main(names: list[str]) -> int:
    """Make what is missing, run the tests of ``names``; pytest's exit status."""
    known = [*TOOLS, "typescript"]
    unknown = set(names) - set(known)
    if unknown:
        print(f"no such tool: {' '.join(sorted(unknown))}; there are {' '.join(known)}", file=sys.stderr)
        return 2
    chosen = names or known
    for name in chosen:
        if name == "typescript":
            make_typescript()
            continue
        make(
            name,
            PYTHON,
            TOOLS[name],
            [ROOT / "trustcore", ROOT / "clients" / "python", ROOT / "clients" / name],
        )
        if name in SERVERS:
            make(*SERVERS[name], [])
    tests = [f"tests/client/test_{name}.py" for name in chosen]
    return subprocess.run([sys.executable, "-m", "pytest", *tests], cwd=ROOT, check=False).returncode


def make(name: str, version: str, pinned: list[str], ours: list[Path]) -> None:
    """An environment of that Python, once; a change of its pins makes it anew. ``ours`` is installed from the tree."""
    folder = PLACE / name
    stamp, pins = folder / "made.txt", "\n".join(pinned)
    if stamp.exists() and stamp.read_text() == pins:
        return
    print(f"{name}: making {folder.relative_to(ROOT)}", flush=True)
    subprocess.run([interpreter(version), "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *pinned], check=True)
    if ours:
        subprocess.run(
            [*pip, *(part for package in ours for part in ("--editable", str(package)))], check=True
        )
    stamp.write_text(pins)


def interpreter(version: str) -> str:
    """A Python of that version: pyenv's newest, or the one on the path."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((root / "versions").glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else f"python{version}"


def make_typescript() -> None:
    """What compiles the TypeScript client, as its lock has it; nothing where there is no npm, and its test is skipped."""
    folder, source = PLACE / "typescript", ROOT / "clients" / "typescript"
    stamp, pins = folder / "made.txt", (source / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == pins:
        return
    if shutil.which("npm") is None:
        print("typescript: no npm here, its sources are not compiled", flush=True)
        return
    print(f"typescript: making {folder.relative_to(ROOT)}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
    stamp.write_text(pins)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
