"""The TypeScript client, as it is built, on Node against a served deployment; compiled anew where npm's packages are."""

from __future__ import annotations

import graphlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from trustmark_client import FrameReceipt, ProofKey, TrustmarkClient
from trustmark_client.clock import now, rfc3339
from trustmark_client.outbox import flush_folder
from trustmark_client.pixels import file_sha256, pixel_sha256

from receipts.models import Lease, RenderCheck
from receipts.selectors import counts_for_token
from tests.client.test_gate import Gate, wait_for
from tests.client.tools import ENVIRONMENTS, ROOT, Ended, node_environment, run, start
from tests.client.wire import Wire

HOME = ROOT / "clients" / "typescript"
NODE = shutil.which("node")


def node_is_new_enough() -> bool:
    if NODE is None:
        return False
    said = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = (int(part) for part in said.strip().removeprefix("v").split(".")[:2])
    return (major, minor) >= (20, 15)


pytestmark = [
    pytest.mark.skipif(not node_is_new_enough(), reason="no Node 20.15 or newer here"),
    pytest.mark.timeout(300),
]


def command(first: int = 1, last: int = 12, **told: object) -> list[str]:
    driver = str(ROOT / "tests/client/typescript.mjs")
    return [str(NODE), "--no-warnings", driver, json.dumps({"first": first, "last": last} | told)]


def render(gate: Gate, first: int = 1, last: int = 12, *, server: str = "", **told: object) -> Ended:
    return run(
        command(first, last, **told), node_environment(gate, server=server), cwd=gate.folder, timeout=60
    )


def answer(ended: Ended) -> dict[str, Any]:
    (said,) = [line for line in ended.said.splitlines() if line.startswith("{")]
    return json.loads(said)


def drawn(gate: Gate) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in gate.frames.glob("frame.*.png"))


@pytest.mark.req("ST-036")
@pytest.mark.req("ST-054")
@pytest.mark.req("ST-062")
def test_each_block_is_asked_for_and_every_frame_has_the_receipt_that_its_file_has(gate: Gate) -> None:
    done = render(gate, 1, 12)
    assert (done.returncode, answer(done)) == (0, {"accepted": 12}), done.said
    logged = gate.logged()
    assert {frame: entry.outcome for frame, entry in logged.items()} == dict.fromkeys(
        range(1, 13), "RENDERED"
    )
    path = gate.frames / "frame.0007.png"
    assert logged[7].file_sha256 == file_sha256(path)
    assert logged[7].pixel_sha256 == pixel_sha256(path)
    leases = Lease.objects.all()
    assert sorted((lease.first, lease.last) for lease in leases) == [(1, 5), (6, 10), (11, 12)]
    assert {lease.state for lease in leases} == {Lease.State.ENDED}
    assert not list((gate.folder / "outbox").iterdir())


@pytest.mark.req("BX-014")
def test_denial_ends_before_the_first_frame_and_names_the_reason(gate: Gate) -> None:
    done = render(gate, territory="BR")
    said = answer(done)
    assert (done.returncode, said["error"], said["codes"][0]) == (3, "Denied", "TERRITORY_DENIED")
    assert done.denials[0].startswith("trustmark: denied: TERRITORY_DENIED (decision ")
    assert drawn(gate) == []
    gate.revoke()
    done = render(gate)
    assert (done.returncode, answer(done)["error"], answer(done)["codes"]) == (3, "LicenceEnded", ["REVOKED"])
    assert drawn(gate) == []
    assert not gate.logged()


@pytest.mark.req("BX-014")
@pytest.mark.parametrize(
    "changes",
    [{"drafts": True}, {"blocks": True}],
    ids=["async, named by its receipt", "a renderer that lets nothing else run"],
)
def test_revocation_in_mid_job_stops_it_and_no_frame_is_without_a_receipt(
    gate: Gate, changes: dict[str, bool]
) -> None:
    running = start(
        command(1, 500, block=500, milliseconds=200, **changes), node_environment(gate), cwd=gate.folder
    )
    wait_for(lambda: 3 in drawn(gate))
    gate.revoke()
    revoked_at = time.monotonic()
    said = Ended(running.wait(30), running.stdout.read() if running.stdout else "", 0)
    assert time.monotonic() - revoked_at < 10
    assert (said.returncode, answer(said)["error"], answer(said)["codes"][0]) == (3, "LeaveEnded", "REVOKED")
    assert said.denials[0].startswith("trustmark: denied: REVOKED (")
    logged = gate.logged()
    assert [logged[frame].outcome for frame in (1, 2)] == ["RENDERED", "RENDERED"]
    assert logged[max(logged)].outcome in {"DISCARDED", "UNAUTHORISED"}
    assert len(logged) < 40
    # what keeps a frame's name is what was rendered under the leave; anything else says what became of it
    assert drawn(gate) == [frame for frame, entry in sorted(logged.items()) if entry.outcome == "RENDERED"]
    given_up = {int(path.name[6:10]): path.suffix for path in gate.frames.glob("frame.*.png.*")}
    assert sorted([*drawn(gate), *given_up]) == sorted(logged)
    assert set(given_up.values()) <= {".discarded", ".unauthorised"}
    assert given_up[max(logged)] == ".discarded", "the frame in hand when the end was heard"
    assert not list((gate.folder / "outbox").iterdir())


def test_frame_whose_receipt_the_server_refuses_loses_its_name(gate: Gate) -> None:
    """Somebody else has reported the second frame of the lease with another picture: the log keeps what it heard first."""
    with start(command(1, 3, milliseconds=1500), node_environment(gate), cwd=gate.folder) as job:
        wait_for((gate.frames / "frame.0001.png").exists)
        lease, at = Lease.objects.get(), rfc3339(now())
        with TrustmarkClient(gate.server, (gate.folder / "api.key").read_text()) as client:
            assert client.send_receipts(
                [FrameReceipt(str(lease.uid), 2, "ab" * 32, "cd" * 32, at, at)]
            ).accepted
        said, _ = job.communicate(timeout=60)
    assert job.returncode == 3
    assert "FRAME_CONFLICT" in said
    assert gate.named() == {"": [1, 3], ".unreceipted": [2]}


def test_file_that_is_given_up_loses_its_name_whatever_stands_in_the_way(gate: Gate) -> None:
    gate.frames.mkdir()
    path = gate.frames / "frame.0007.png"
    (gate.frames / "frame.0007.png.discarded").mkdir()
    kept = gate.folder / "kept.png"
    kept.write_bytes(b"elsewhere")
    for number in (2, 3):
        path.symlink_to(kept)
        assert answer(render(gate, give_up=str(path))) == {}
        assert not os.path.lexists(path)
        assert (gate.frames / f"frame.0007.png.discarded.{number}").is_symlink()
    assert kept.read_bytes() == b"elsewhere"
    assert answer(render(gate, give_up=str(path))) == {}, "one that is gone stays gone"
    folder = gate.frames / "frame.0008.png.discarded"
    folder.mkdir()
    (folder / "full").touch()
    for number in range(2, 100):
        (gate.frames / f"frame.0008.png.discarded.{number}").touch()
    (gate.frames / "frame.0008.png").mkdir()
    said = answer(render(gate, give_up=str(gate.frames / "frame.0008.png")))
    assert said["codes"] == ["FILE_NOT_GIVEN_UP"]


def test_frame_that_names_its_file_where_nobody_renames_is_misuse(gate: Gate) -> None:
    done = render(gate, 1, 2, no_files=True)
    assert done.returncode == 1
    assert "nobody was given who renames files" in done.said


def test_renderer_that_listens_gives_up_the_frame_in_hand(gate: Gate) -> None:
    running = start(
        command(1, 2, milliseconds=40_000, gives_up=True), node_environment(gate), cwd=gate.folder
    )
    wait_for(Lease.objects.exists)
    gate.revoke()
    said = Ended(running.wait(15), running.stdout.read() if running.stdout else "", 0)
    assert (answer(said)["error"], answer(said)["codes"][0]) == ("LeaveEnded", "REVOKED")
    assert drawn(gate) == []


@pytest.mark.req("BX-014")
@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_server_that_cannot_be_reached_or_says_nothing_lets_no_frame_begin(gate: Gate, kind: str) -> None:
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        port = (closed if kind == "closed" else silent).getsockname()[1]
        done = render(gate, server=f"http://127.0.0.1:{port}")
    assert (done.returncode, answer(done)["error"], answer(done)["codes"]) == (
        3,
        "ServerUnreachable",
        ["OFFLINE"],
    )
    assert done.seconds < 10
    assert drawn(gate) == []
    assert not RenderCheck.objects.exists()


@pytest.mark.req("BX-011")
@pytest.mark.req("BX-014")
def test_server_gone_in_mid_job_is_outlived_by_its_grace_and_its_receipts_wait_on_disk(
    far_gate: Gate, wire: Wire
) -> None:
    running = start(
        command(1, 500, block=500, milliseconds=200), node_environment(far_gate), cwd=far_gate.folder
    )
    wait_for(lambda: 3 in drawn(far_gate))
    wire.cut()
    cut_at = time.monotonic()
    said = Ended(running.wait(40), running.stdout.read() if running.stdout else "", 0)
    # a lease of three seconds, a grace of four, and ten to end in
    assert 3 < time.monotonic() - cut_at < 17
    found = answer(said)
    assert (said.returncode, found["error"], found["codes"]) == (3, "LeaveEnded", ["OFFLINE_GRACE_EXCEEDED"])
    given_up = {int(path.name[6:10]) for path in far_gate.frames.glob("frame.*.png.discarded")}
    assert len(given_up) <= 1, "the frame in hand when the grace ran out"
    assert found["unsent"] == len(drawn(far_gate)) + len(given_up) > 10
    wire.mend()
    # the Python client's flush reads what this one has kept
    with TrustmarkClient(far_gate.server, (far_gate.folder / "api.key").read_text()) as client:
        counts = flush_folder(far_gate.folder / "outbox", lambda rows, key: client.send_rows(rows, key=key))
    assert counts.damaged == 0
    assert sorted(far_gate.logged()) == sorted([*drawn(far_gate), *given_up])
    assert not list((far_gate.folder / "outbox").iterdir())


@pytest.mark.req("BX-014")
def test_next_block_without_a_server_does_not_begin_and_a_killed_process_loses_no_receipt(
    far_gate: Gate, wire: Wire
) -> None:
    running = start(
        command(1, 500, block=500, milliseconds=100, drafts=True),
        node_environment(far_gate),
        cwd=far_gate.folder,
    )
    wait_for(lambda: 5 in drawn(far_gate))
    (held,) = (far_gate.folder / "outbox").iterdir()
    assert answer(render(far_gate, flush=True)) == {
        "accepted": 0, "unauthorised": 0, "refused": 0, "damaged": 0, "passedOver": [held.name],
    }, "the file of a process that lives is its own"  # fmt: skip
    running.send_signal(signal.SIGKILL)
    running.wait(10)
    done = render(far_gate, flush=True)
    assert answer(done)["damaged"] == 0
    # one that was killed between its file and its receipt is a draft still
    assert set(drawn(far_gate)) - set(far_gate.logged()) == set()
    assert set(far_gate.logged()) - set(drawn(far_gate)) <= {max(far_gate.logged())}
    assert answer(done)["accepted"] == len(far_gate.logged()) >= 4
    assert not list((far_gate.folder / "outbox").iterdir())
    wire.cut()
    done = render(far_gate, 600, 601)
    assert (answer(done)["error"], answer(done)["codes"]) == ("ServerUnreachable", ["OFFLINE"])
    assert max(drawn(far_gate)) < 600


@pytest.mark.req("BX-012")
def test_token_of_another_node_is_useless(gate: Gate) -> None:
    ProofKey.generate().write(gate.folder / "proof.pem")
    done = render(gate)
    assert (done.returncode, answer(done)["codes"][0]) == (3, "SENDER_MISMATCH")
    assert drawn(gate) == []


class Meddler(http.server.ThreadingHTTPServer):
    """Between node and server: answers of its own first, and changes to the server's."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Between)
        self.target, self.failures, self.heard = target, 0, list[dict[str, str]]()
        self.forge = self.cuts = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Between(http.server.BaseHTTPRequestHandler):
    server: Meddler
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/checks"):
            self.server.heard.append(dict(self.headers.items()))
            if self.server.failures:
                self.server.failures -= 1
                return self.reply(503, b"busy")
        self.pass_on(body)
        return None

    def do_GET(self) -> None:
        self.pass_on(None)

    def pass_on(self, body: bytes | None) -> None:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}
        }
        got = httpx.request(
            self.command, self.server.target + self.path, content=body, headers=headers, timeout=30
        )
        content = got.content
        if self.path.endswith("/checks") and self.server.forge:
            said = got.json()
            head, lease, mark = said["signature"].split(".")
            other = "A" if mark[5] != "A" else "B"
            content = json.dumps(said | {"signature": f"{head}.{lease}.{mark[:5]}{other}{mark[6:]}"}).encode()
        if self.path.endswith("/receipts") and self.server.cuts:
            content = b"<html>a captive portal</html>"
        self.reply(got.status_code, content)

    def reply(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def meddler(live_server, gate: Gate, settings) -> Iterator[Meddler]:
    meddler = Meddler(live_server.url)
    settings.BASE_URL = meddler.url
    threading.Thread(target=meddler.serve_forever, args=(0.05,), daemon=True).start()
    yield meddler
    meddler.shutdown()
    meddler.server_close()


def test_check_is_repeated_under_the_same_key_with_a_proof_of_its_own_each_time(
    gate: Gate, meddler: Meddler
) -> None:
    meddler.failures = 2
    done = render(gate, 1, 2, server=meddler.url)
    assert (done.returncode, answer(done)) == (0, {"accepted": 2}), done.said
    assert len(meddler.heard) == 3
    assert len({headers["idempotency-key"] for headers in map(lowered, meddler.heard)}) == 1
    assert len({headers["dpop"] for headers in map(lowered, meddler.heard)}) == 3
    assert RenderCheck.objects.count() == 1


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.req("BX-014")
def test_permit_that_the_server_did_not_sign_lets_nothing_begin(gate: Gate, meddler: Meddler) -> None:
    meddler.forge = True
    done = render(gate, server=meddler.url)
    assert (done.returncode, answer(done)["error"], answer(done)["codes"]) == (
        3,
        "LeaseUnverified",
        ["LEASE_UNVERIFIED"],
    )
    assert "SIGNATURE_INVALID" in done.said
    assert drawn(gate) == []


def test_answer_that_cannot_be_read_is_none_and_the_receipts_are_kept(gate: Gate, meddler: Meddler) -> None:
    meddler.cuts = True
    done = render(gate, 1, 3, server=meddler.url)
    found = answer(done)
    assert (done.returncode, found["codes"], found["unsent"]) == (3, ["OFFLINE"], 3)
    meddler.cuts = False
    assert answer(render(gate, server=meddler.url, flush=True))["accepted"] == 3
    assert sorted(gate.logged()) == [1, 2, 3]


def test_any_operation_can_be_called_and_a_refusal_has_its_code(gate: Gate) -> None:
    licence = str(gate.token.jti)
    told = {"path": {"jti": licence}}
    assert answer(render(gate, call=["get", "/api/v1/tokens/{jti}", told]))["jti"] == licence
    listed = answer(render(gate, call=["get", "/api/v1/tokens", {"query": {"limit": 1}}]))
    assert [line["jti"] for line in listed["results"]] == [licence]
    hidden = {"body": {"talent": "nobody", "project": str(gate.token.production_id)}}
    done = render(gate, call=["post", "/api/v1/visibility/check", hidden])
    assert (answer(done)["error"], answer(done)["codes"]) == ("ServerRefused", ["NOT_FOUND"])


# -- the page, the document, the build -----------------------------------------------------------------------


def examples() -> list[str]:
    return re.findall(r"```ts\n(.*?)```", (HOME / "README.md").read_text(), re.DOTALL)


def installed(folder: Path) -> Path:
    """The package where Node looks for it."""
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "trustmark-client").symlink_to(HOME)
    return folder


@pytest.mark.req("ST-054")
def test_examples_of_the_readme_run_word_for_word(gate: Gate) -> None:
    installed(gate.folder)
    gate.frames.mkdir()
    env = node_environment(gate) | {
        "SERVER": gate.server,
        "API_KEY": (gate.folder / "api.key").read_text(),
        "LICENCE": str(gate.token.jti),
        "PROJECT": str(gate.token.production_id),
    }
    said = []
    for number, example in enumerate(examples()):
        path = gate.folder / f"example{number}.mjs"
        path.write_text(example)
        done = run([str(NODE), "--no-warnings", path.name], env, cwd=gate.folder)
        assert done.returncode == 0, done.said
        said.append(done.said)
    assert "25 receipts are in the log" in "".join(said)
    assert counts_for_token(gate.token.pk).rendered >= 25


SPOKEN = {
    ("/api/v1/tokens/{jti}/heartbeat", "post"),
    ("/api/v1/render/checks", "post"),
    ("/api/v1/render/leases/{uid}/heartbeat", "post"),
    ("/api/v1/render/leases/{uid}/end", "post"),
    ("/api/v1/render/receipts", "post"),
}


def test_committed_document_has_every_operation_still_and_describes_what_the_helper_speaks() -> None:
    from drf_spectacular.generators import SchemaGenerator

    served = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    kept = json.loads((HOME / "openapi.json").read_text())
    operations = [
        {(path, verb) for path, verbs in one["paths"].items() for verb in verbs} for one in (kept, served)
    ]
    assert operations[0] - operations[1] == set(), "made anew by python scripts/typescript_client.py"
    for path, verb in SPOKEN:
        assert spoken(kept, path, verb) == spoken(served, path, verb), f"{verb} {path}"


def spoken(document: dict[str, Any], path: str, verb: str) -> dict[str, Any]:
    """Question and success of an operation, with every shape in them written out, without what people read."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return whole(document["components"]["schemas"][value["$ref"].rpartition("/")[2]])
            return {
                name: whole(one)
                for name, one in value.items()
                if name not in {"description", "example", "examples"}
            }
        return [whole(one) for one in value] if isinstance(value, list) else value

    operation = document["paths"][path][verb]
    answers = {status: one for status, one in operation["responses"].items() if status.startswith("2")}
    return whole({"question": operation.get("requestBody"), "answers": answers})


PACKAGES = ENVIRONMENTS / "typescript"


@pytest.mark.skipif(
    not (PACKAGES / "made.txt").exists(), reason="no TypeScript: python scripts/integrations.py typescript"
)
def test_sources_compile_strictly_to_what_is_in_the_tree_and_types_are_those_of_the_document(
    tmp_path: Path,
) -> None:
    shutil.copytree(HOME, tmp_path / "client", ignore=shutil.ignore_patterns("node_modules", "dist"))
    home = tmp_path / "client"
    (home / "node_modules").symlink_to(PACKAGES / "node_modules")
    (home / "api.d.ts").unlink()
    for script in ("types", "build"):
        done = run(["npm", "run", "--silent", script], dict(os.environ), cwd=home)
        assert done.returncode == 0, done.said
    assert (home / "api.d.ts").read_bytes() == (HOME / "api.d.ts").read_bytes()
    built = {path.name: path.read_bytes() for path in (home / "dist").iterdir()}
    assert built == {path.name: path.read_bytes() for path in (HOME / "dist").iterdir()}
    # the page's examples are TypeScript too, and what the types forbid does not compile
    for number, example in enumerate(examples()):
        (home / "src" / f"example{number}.ts").write_text(example)
    config = json.loads((home / "tsconfig.json").read_text())
    config["compilerOptions"] |= {"rootDir": ".", "noEmit": True}
    (home / "tsconfig.json").write_text(json.dumps(config))
    done = run(["npx", "tsc", "--project", "tsconfig.json"], dict(os.environ), cwd=home)
    assert done.returncode == 0, done.said
    (home / "src" / "wrong.ts").write_text(
        'import type { TrustmarkClient } from "./index.js";\n'
        'export const asked = (client: TrustmarkClient) => client.call("post", "/api/v1/visibility/check", '
        '{ body: { talent: 3, project: "p" } });\n'
    )
    done = run(["npx", "tsc", "--project", "tsconfig.json"], dict(os.environ), cwd=home)
    assert done.returncode != 0
    assert "wrong.ts(2" in done.said


def test_no_module_imports_itself_by_way_of_others_not_even_for_a_type() -> None:
    imports = {
        path.stem: set(re.findall(r'from "\./([\w.]+)\.js"', path.read_text()))
        for path in (HOME / "src").glob("*.ts")
    }
    assert imports["client"] >= {"keeper", "transport"}
    order = list(graphlib.TopologicalSorter(imports).static_order())  # CycleError names the circle
    assert order.index("keeper") < order.index("client")


def test_lock_names_no_registry_and_nothing_is_needed_at_run_time() -> None:
    lock = json.loads((HOME / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)
    assert all(package.get("dev") for name, package in lock["packages"].items() if name)
    assert "dependencies" not in json.loads((HOME / "package.json").read_text())
    imports = {
        name
        for path in (HOME / "dist").glob("*.js")
        for name in re.findall(r'from "([^."][^"]*)"', path.read_text())
    }
    assert imports == {"node:crypto", "node:fs", "node:fs/promises", "node:os", "node:path", "node:zlib"}
    assert "node:" not in "".join(
        path.read_text() for path in (HOME / "dist").glob("*.js") if path.name != "node.js"
    )
