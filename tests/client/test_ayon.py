"""AYON's publish validator, run by the real pyblish: what has no receipt is not published."""

from __future__ import annotations

import json
import socket

import pytest

from receipts.services.publish import publish_log
from tests.client.test_gate import Gate
from tests.client.tools import ROOT, Ended, needs, node_environment, run, tool_python

pytestmark = [needs("ayon"), pytest.mark.timeout(600)]

PUBLISH = """
import json, sys
import pyblish.api, pyblish.util, pyblish.plugin
folder, data = sys.argv[1:]
pyblish.plugin.ALLOW_DUPLICATES = True
class Integrate(pyblish.api.InstancePlugin):
    order = pyblish.api.IntegratorOrder
    families = ["*"]
    def process(self, instance):
        print("published", instance.name)
pyblish.api.deregister_all_paths()
pyblish.api.register_plugin_path(folder)
pyblish.api.register_plugin(Integrate)
context = pyblish.api.Context()
instance = context.create_instance("sh010", family="render", **json.loads(data))
found = pyblish.api.discover()
assert {plugin.__name__ for plugin in found} == {"ValidateLikenessLicence", "Integrate"}, found
pyblish.util.publish(context, plugins=found)
for result in context.data["results"]:
    if result["error"]:
        print("refused", result["error"])
"""
PLUGINS = ROOT / "clients" / "ayon" / "trustmark_ayon" / "plugins" / "publish"


def publish(gate: Gate, *, server: str = "", frames: tuple[int, ...] = (1, 2, 3), **changes: object) -> Ended:
    names = [f"frame.{frame:04d}.png" for frame in frames]
    data = {
        "stagingDir": str(gate.frames),
        "representations": [{"name": "png", "files": names if len(names) > 1 else names[0]}],
        "trustmarkLicences": [str(gate.token.jti)],
    } | changes
    command = [str(tool_python("ayon")), "-c", PUBLISH, str(PLUGINS), json.dumps(data)]
    return run(command, node_environment(gate, server=server), cwd=gate.folder)


@pytest.fixture
def rendered(gate: Gate) -> Gate:
    done = gate.exec("--frames", "1-3", "--output", str(gate.frames), run=gate.paint(1, 3))
    assert done.returncode == 0, done.stderr
    gate.logged()
    publish_log(production_id=gate.token.production_id)
    return gate


@pytest.mark.req("BX-014")
def test_frames_with_receipts_are_published_and_a_frame_without_one_is_not(rendered: Gate) -> None:
    done = publish(rendered)
    assert "published sh010" in done.said, done.said
    assert "refused" not in done.said
    assert "published" in publish(rendered, frames=(2,)).said
    (rendered.frames / "frame.0002.png").write_bytes((rendered.frames / "frame.0001.png").read_bytes() + b"!")
    done = publish(rendered)
    assert "published" not in done.said
    assert "refused trustmark: denied: RECEIPT_MISSING (frame.0002.png)" in done.said


@pytest.mark.req("BX-014")
def test_licence_that_was_revoked_lets_nothing_be_published(rendered: Gate) -> None:
    rendered.revoke()
    done = publish(rendered)
    assert "published" not in done.said
    assert "refused trustmark: denied: REVOKED" in done.said


@pytest.mark.req("BX-014")
def test_server_without_an_answer_lets_nothing_be_published_within_ten_seconds(rendered: Gate) -> None:
    idle = publish(rendered).seconds  # pyblish's start
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        for nowhere in (closed, silent):
            done = publish(rendered, server=f"http://127.0.0.1:{nowhere.getsockname()[1]}")
            assert "published" not in done.said
            assert "refused trustmark: denied: OFFLINE" in done.said
            assert done.seconds - idle < 10


def test_product_without_a_likeness_is_none_of_ours_and_one_that_cannot_be_read_is_refused(
    rendered: Gate,
) -> None:
    assert "published sh010" in publish(rendered, trustmarkLicences=[]).said
    for licences, code in (("0197", "LICENCES_UNREADABLE"), ([""], "LICENCES_UNREADABLE")):
        done = publish(rendered, trustmarkLicences=licences)
        assert "published" not in done.said
        assert f"refused trustmark: denied: {code}" in done.said
    done = publish(rendered, representations=[])
    assert "refused trustmark: denied: NO_FILES" in done.said
    done = publish(rendered, frames=(9,))
    assert "refused trustmark: denied: FILE_UNREADABLE" in done.said
    of_folder = publish(
        rendered,
        trustmarkLicences=None,
        folderEntity={"attrib": {"trustmarkLicences": [str(rendered.token.jti)]}},
    )
    assert "published sh010" in of_folder.said
