"""``trustmark-shotgrid fields|serve|sync``: the site's fields, the webhook's address, the round of licences and receipts.

    trustmark-shotgrid serve --port 8300 --tracker https://studio.example --script-name trustmark \
        --script-key-file script.key --secret-file webhook.secret --tracker-project 122 --memory heard.sqlite3

Server, keys, production, use type and territory come from ``TRUSTMARK_URL`` and so on, as for ``trustmark gate``.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import socketserver
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from shotgun_api3.shotgun import Shotgun
from trustmark_client import ProofKey, TrustmarkClient
from trustmark_client.shots import Order

from trustmark_shotgrid.deliveries import Deliveries
from trustmark_shotgrid.desk import Desk
from trustmark_shotgrid.names import Names
from trustmark_shotgrid.receiver import receiver


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """One slow licence server must not hold the next delivery."""

    daemon_threads = True


def main(argv: list[str] | None = None) -> int:
    """Run a verb; the exit status."""
    options = _parser().parse_args(argv)
    if options.verb == "fields":
        print(json.dumps(Names().fields(), indent=2))
        return 0
    logging.basicConfig(level=logging.INFO)
    try:
        desk = _desk(options)
        if options.verb == "sync":
            print(json.dumps(desk.sync()))
            return 0
        deliveries = Deliveries(options.secret_file.read_text().strip(), options.memory)
    except (ValueError, OSError, KeyError) as error:
        print(f"trustmark shotgrid: {error!r}", file=sys.stderr)
        return 2
    with make_server(
        "127.0.0.1", options.port, receiver(deliveries, desk), _Server, WSGIRequestHandler
    ) as server:
        server.serve_forever()
    return 0


def _desk(options: argparse.Namespace) -> Desk:
    site = Shotgun(
        options.tracker, script_name=options.script_name, api_key=options.script_key_file.read_text().strip()
    )
    site.config.timeout_secs = 20
    env = os.environ
    client = TrustmarkClient(
        env["TRUSTMARK_URL"],
        Path(env["TRUSTMARK_API_KEY_FILE"]).read_text().strip(),
        ProofKey.read(Path(env["TRUSTMARK_PROOF_KEY_FILE"])),
    )
    order = Order(
        env["TRUSTMARK_PROJECT"],
        env["TRUSTMARK_USE_TYPE"],
        env["TRUSTMARK_RENDER_TERRITORY"],
        construct=env.get("TRUSTMARK_CONSTRUCT") or "FACE_3D",
        template=json.loads(options.template.read_text()) if options.template else None,
        engine="flow-production-tracking",
    )
    return Desk(site, client, order, options.tracker_project)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark-shotgrid", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fields", help="print the fields that the site needs, as JSON")
    for name, text in (
        ("serve", "listen for deliveries, on 127.0.0.1"),
        ("sync", "renew licences and receipts once"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--tracker", required=True, help="the site, https://studio.shotgrid.autodesk.com")
        verb.add_argument("--script-name", required=True)
        verb.add_argument("--script-key-file", type=Path, required=True)
        verb.add_argument(
            "--tracker-project", type=int, required=True, help="the tracker's id of the project"
        )
        verb.add_argument("--template", type=Path, help="JSON: what is asked for where there is no licence")
    verbs.choices["serve"].add_argument(
        "--secret-file", type=Path, required=True, help="the webhook's secret"
    )
    verbs.choices["serve"].add_argument("--memory", type=Path, required=True, help="what was heard already")
    verbs.choices["serve"].add_argument("--port", type=int, default=8300)
    return parser


if __name__ == "__main__":
    sys.exit(main())
