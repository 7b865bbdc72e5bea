# ruff: noqa: N802, PYI034 - the stub has the names that Deadline gave
"""Deadline 10's event plug-in against a stub of Deadline's API that stands below, named for what it is.

Deadline is not here: what is real is the plug-in's own file, ``trustmark gate ask`` and the served deployment.
"""

from __future__ import annotations

import configparser
import importlib.util
import socket
import sys
import time
import types
from typing import Any

import pytest

from tests.client.test_gate import Gate, wait_for
from tests.client.tools import ROOT, node_environment, start

PLUGIN = ROOT / "clients" / "deadline" / "Trustmark"
DOCS = ROOT / "docs" / "integrations"


class _Callbacks(list[Any]):
    """A .NET event: ``+=`` adds a listener."""

    def __iadd__(self, callback: Any) -> _Callbacks:
        self.append(callback)
        return self


class StubListener:
    """What of ``Deadline.Events.DeadlineEventListener`` the plug-in uses."""

    config: dict[str, Any]

    def __init__(self) -> None:
        self.OnJobSubmittedCallback = _Callbacks()
        self.OnJobResumedCallback = _Callbacks()
        self.OnJobStartedCallback = _Callbacks()
        self.said: list[str] = []

    def GetConfigEntryWithDefault(self, name: str, default: str) -> str:
        return self.config.get(name, default)

    def GetBooleanConfigEntryWithDefault(self, name: str, default: bool) -> bool:
        return self.config.get(name, default)

    def LogWarning(self, line: str) -> None:
        self.said.append(line)


class StubJob:
    """What of ``Deadline.Jobs.Job`` the plug-in uses."""

    def __init__(self, **extra: str) -> None:
        self.extra, self.JobFramesList, self.JobComment = extra, [1001, 1002, 1003], ""

    def GetJobExtraInfoKeyValue(self, key: str) -> str:
        return self.extra.get(key, "")


class Repository:
    """What of ``Deadline.Scripting.RepositoryUtils`` the plug-in uses: a list of what was done."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def SuspendJob(self, job: StubJob) -> None:
        self.did.append("suspended")

    def FailJob(self, job: StubJob) -> None:
        self.did.append("failed")

    def SaveJob(self, job: StubJob) -> None:
        self.did.append(f"saved {job.JobComment}")


class Farm:
    def __init__(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate, self.repository = gate, Repository()
        events, scripting = types.ModuleType("Deadline.Events"), types.ModuleType("Deadline.Scripting")
        events.DeadlineEventListener = StubListener
        scripting.RepositoryUtils = self.repository
        names = {
            "Deadline": types.ModuleType("Deadline"),
            "Deadline.Events": events,
            "Deadline.Scripting": scripting,
        }
        for name, module in names.items():
            monkeypatch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location("deadline_trustmark", PLUGIN / "Trustmark.py")
        assert spec is not None
        assert spec.loader is not None
        self.plugin = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.plugin)
        tool = gate.folder / "trustmark"
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m trustcore.cli "$@"\n')
        tool.chmod(0o755)
        StubListener.config = {"Executable": str(tool), "Server": gate.server}
        for name, value in node_environment(gate).items():
            if name.endswith(("_FILE", "PATH")):
                monkeypatch.setenv(name, value)
        self.listener = self.plugin.GetDeadlineEventListener()

    def job(self, **changes: str) -> StubJob:
        told = {
            "licence": str(self.gate.token.jti), "project": str(self.gate.token.production_id),
            "shot": "sh010", "use_type": "FACE_RENDER", "render_territory": "GB",
        } | changes  # fmt: skip
        return StubJob(**{f"trustmark_{name}": value for name, value in told.items()})

    def submit(self, job: StubJob) -> list[str]:
        return self._heard(self.listener.OnJobSubmittedCallback, job)

    def start(self, job: StubJob) -> list[str]:
        return self._heard(self.listener.OnJobStartedCallback, job)

    def resume(self, job: StubJob) -> list[str]:
        return self._heard(self.listener.OnJobResumedCallback, job)

    def _heard(self, callbacks: list[Any], job: StubJob) -> list[str]:
        self.repository.did.clear()
        (callback,) = callbacks
        callback(job)
        return [done.split(" (")[0] for done in self.repository.did]


@pytest.fixture
def farm(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Farm:
    return Farm(gate, monkeypatch)


@pytest.mark.req("BX-014")
def test_licensed_job_is_left_alone_and_a_denied_one_is_suspended_with_its_reason_as_comment(
    farm: Farm,
) -> None:
    assert farm.submit(farm.job()) == []
    assert farm.start(farm.job()) == []
    denied = farm.job(render_territory="BR")
    line = "trustmark gate: denied: TERRITORY_DENIED"
    assert farm.submit(denied) == ["suspended", f"saved {line}"]
    assert denied.JobComment.startswith(line)
    assert farm.listener.said == [denied.JobComment]
    assert farm.resume(denied) == ["suspended", f"saved {line}"], "nobody resumes it past the licence"


@pytest.mark.req("BX-014")
def test_licence_revoked_while_the_job_waited_fails_it_when_it_starts(farm: Farm) -> None:
    assert farm.submit(farm.job()) == []
    farm.gate.revoke()
    assert farm.start(farm.job()) == ["failed", "saved trustmark gate: denied: REVOKED"]


@pytest.mark.req("BX-014")
def test_a_tasks_command_as_the_page_writes_it_is_ended_when_the_licence_is_revoked(farm: Farm) -> None:
    """The plug-in is an early no; what ends a task that runs is the command that it runs under."""
    page = (DOCS / "deadline10.md").read_text()
    ours, command = page.partition("Arguments=")[2].splitlines()[0].split(" -- ")
    assert command == "render -s <STARTFRAME> -e <ENDFRAME>"
    frames = str(farm.gate.frames)
    told = ours.replace("<STARTFRAME>", "1").replace("<ENDFRAME>", "300").replace("/frames", frames).split()
    task = [sys.executable, "-m", "trustcore.cli", *told, "--", *farm.gate.paint(1, 300, seconds=0.3)]
    with start(task, node_environment(farm.gate), cwd=farm.gate.folder) as process:
        wait_for((farm.gate.frames / "frame.0003.png").exists)
        farm.gate.revoke()
        begun = time.monotonic()
        said, _ = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert process.returncode == 3
    assert [line.split(" (")[0] for line in said.strip().splitlines()] == ["trustmark gate: denied: REVOKED"]
    outcomes = {frame: entry.outcome for frame, entry in farm.gate.logged().items()}
    assert farm.gate.named()[""] == [frame for frame, said in sorted(outcomes.items()) if said == "RENDERED"]


@pytest.mark.req("BX-014")
def test_no_answer_and_no_tool_are_a_no_within_ten_seconds(farm: Farm) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        StubListener.config["Server"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        assert farm.submit(farm.job()) == ["suspended", "saved trustmark gate: denied: OFFLINE"]
        assert time.monotonic() - begun < 10
    StubListener.config["Executable"] = str(farm.gate.folder / "missing")
    assert farm.submit(farm.job()) == ["suspended", "saved trustmark gate: denied: OFFLINE"]


def test_job_without_a_licence_is_none_of_ours_unless_the_farm_requires_one(farm: Farm) -> None:
    assert farm.submit(StubJob()) == []
    StubListener.config["RequireLicence"] = True
    assert farm.submit(StubJob()) == ["suspended", "saved trustmark gate: denied: LICENCE_MISSING"]


def test_options_that_the_plug_in_reads_are_those_that_its_param_file_offers(farm: Farm) -> None:
    options = configparser.ConfigParser(interpolation=None)
    options.read_string((PLUGIN / "Trustmark.param").read_text())
    assert options.sections() == ["State", "Executable", "Server", "RequireLicence"]
    assert options["State"]["Items"] == "Global Enabled;Opt-In;Disabled"
    assert all(f'"{name}"' in (PLUGIN / "Trustmark.py").read_text() for name in options.sections()[1:])
    farm.plugin.CleanupDeadlineEventListener(farm.listener)
    assert not hasattr(farm.listener, "OnJobStartedCallback")
