"""Make an environment per tool of ``clients/`` under ``var/integrations`` and run the tests that need it.

    python scripts/integrations.py                 # all of them
    python scripts/integrations.py opencue ftrack  # these

Each tool has an environment of its own: their pins do not go together, and Blender's wheel is near a gigabyte. A tool
whose environment is not there is a test that is skipped, with this script named as what makes it.
"""

from __future__ import annotations

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
}
PYTHON = "python3.11"


def main(names: list[str]) -> int:
    """Make what is missing, run the tests of ``names``; pytest's exit status."""
    unknown = set(names) - set(TOOLS)
    if unknown:
        print(f"no such tool: {' '.join(sorted(unknown))}; there are {' '.join(TOOLS)}", file=sys.stderr)
        return 2
    chosen = names or list(TOOLS)
    for name in chosen:
        make(name)
    tests = [f"tests/client/test_{name}.py" for name in chosen]
    return subprocess.run([sys.executable, "-m", "pytest", *tests], cwd=ROOT, check=False).returncode


def make(name: str) -> None:
    """The environment of a tool, once; a change of its pins makes it anew."""
    folder = PLACE / name
    stamp, pins = folder / "made.txt", "\n".join(TOOLS[name])
    if stamp.exists() and stamp.read_text() == pins:
        return
    print(f"{name}: making {folder.relative_to(ROOT)}", flush=True)
    subprocess.run([PYTHON, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *TOOLS[name]], check=True)
    ours = [ROOT / "trustcore", ROOT / "clients" / "python", ROOT / "clients" / name]
    options = [part for package in ours for part in ("--editable", str(package))]
    subprocess.run([*pip, *options], check=True)
    stamp.write_text(pins)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
