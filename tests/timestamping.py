"""A real timestamp authority for the tests: ``openssl ts`` behind a small HTTP server on 127.0.0.1."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
O = Authority of the tests
CN = {name}
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,{purpose}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
ordering = no
accuracy = secs:1
"""
_P256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"


@dataclass
class Authority:
    """An authority that stamps: its address, its root as PEM, and what it was asked."""

    url: str
    root_pem: str
    folder: Path
    requests: list[bytes] = field(default_factory=list)
    # what it answers instead of a stamp: a status and a body
    instead: tuple[int, bytes] | None = None

    def reply(self, query: bytes) -> bytes:
        """Answer a request as ``openssl ts -reply`` does."""
        (self.folder / "query.tsq").write_bytes(query)
        _openssl(self.folder, "ts -reply -config tsa.cnf -queryfile query.tsq -out reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()


@contextmanager
def timestamp_authority(folder: Path, *, name: str = "Timestamps") -> Iterator[Authority]:
    """Run an authority of its own root until the end of the block."""
    root_pem = make_authority(folder, name=name)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                authority.requests.append(query)
                status, body = authority.instead or (200, authority.reply(query))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        authority = Authority(f"http://127.0.0.1:{server.server_port}/", root_pem, folder)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def make_authority(
    folder: Path, *, name: str = "Timestamps", purpose: str = "timeStamping", key: str = _P256
) -> str:
    """Make root, certificate and key in ``folder``; return the root as PEM."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.cnf").write_text(_CONFIG.format(name=name, folder=folder, purpose=purpose))
    (folder / "serial").write_text("01\n")
    for file in ("root.key", "tsa.key"):
        _openssl(folder, f"genpkey {key} -out {file}")
    _openssl(folder, "req -x509 -new -key root.key -out root.pem -days 3650 -config tsa.cnf -extensions root")
    _openssl(folder, f"req -new -key tsa.key -out tsa.csr -config tsa.cnf -subj /CN={name}-stamper")
    issue = "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650 -out tsa.pem"
    _openssl(folder, f"{issue} -extfile tsa.cnf -extensions stamper")
    return (folder / "root.pem").read_text(encoding="ascii")


def sign_by_hand(folder: Path, stamped: bytes) -> bytes:
    """A response with a stamp's content (TSTInfo), signed with the key in ``folder`` whatever its certificate is for."""
    (folder / "info.der").write_bytes(stamped)
    content = "-econtent_type 1.2.840.113549.1.9.16.1.4 -nodetach -binary -cades -md sha256"
    files = "-in info.der -signer tsa.pem -inkey tsa.key -certfile root.pem -outform DER -out cms.der"
    _openssl(folder, f"cms -sign {content} {files}")
    token = (folder / "cms.der").read_bytes()
    body = bytes.fromhex("3003020100") + token  # granted
    return b"\x30\x82" + len(body).to_bytes(2, "big") + body


def openssl_verifies(token: bytes, data: bytes, root_pem: str, folder: Path) -> bool:
    """Whether ``openssl ts -verify`` accepts a stamp of ``data``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"stamp.tsr": token, "data": data, "roots.pem": root_pem.encode()}.items():
        (folder / name).write_bytes(content)
    command = "ts -verify -in stamp.tsr -data data -CAfile roots.pem"
    return _openssl(folder, command, check=False).returncode == 0


def _openssl(folder: Path, command: str, *, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    # the house's own configuration of OpenSSL is none of the authority's
    environment = {**os.environ, "OPENSSL_CONF": "/dev/null"}
    words = ["openssl", *command.split(" ")]
    return subprocess.run(words, cwd=folder, env=environment, check=check, capture_output=True)
