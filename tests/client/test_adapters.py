"""What holds for every adapter of ``clients/``: it knows the client and its own tool, and nothing of the server."""

from __future__ import annotations

import ast
import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
ADAPTERS = {
    "shotgrid": {"shotgun_api3"},
    "ftrack": {"ftrack_api"},
    "blender": {"bpy"},
    "opencue": {"outline"},
    "kitsu": {"gazu", "socketio"},
    "ayon": {"pyblish", "ayon_core"},
    "deadline": {"Deadline"},
    "unreal": {"unreal"},
}
OURS = {"trustmark_client"}


def imported(file: Path) -> set[str]:
    """Top packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_imports_the_client_and_its_own_tool_alone(name: str) -> None:
    files = sorted((CLIENTS / name).rglob("*.py"))
    assert files
    allowed = ADAPTERS[name] | OURS | {f"trustmark_{name}"}
    assert {file.name: imported(file) - allowed for file in files if imported(file) - allowed} == {}


def test_an_import_of_the_server_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "adapter.py"
    file.write_text("import os\ndef late():\n    from receipts.models import Lease\n")
    assert imported(file) == {"receipts"}


@pytest.mark.parametrize("name", sorted(set(ADAPTERS) - {"deadline"}))
def test_adapter_is_a_distribution_of_its_own_that_needs_the_client(name: str) -> None:
    project = tomllib.loads((CLIENTS / name / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"trustmark-{name}"
    assert any(need.startswith("trustmark-client") for need in project["dependencies"])


def test_script_of_the_environments_names_a_test_file_for_each_tool() -> None:
    spec = importlib.util.spec_from_file_location(
        "integrations", CLIENTS.parent / "scripts" / "integrations.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert set(script.TOOLS) < set(ADAPTERS)
    for name, pins in script.TOOLS.items():
        assert (CLIENTS.parent / "tests" / "client" / f"test_{name}.py").exists()
        assert all("==" in pin or "<" in pin for pin in pins)
    assert script.main(["houdini"]) == 2
