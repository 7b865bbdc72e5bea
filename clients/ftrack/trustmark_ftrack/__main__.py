"""``trustmark-ftrack listen|sync``: hear ftrack's events, or renew every shot of the project once.

    trustmark-ftrack listen --project 5e9c... --template ask.json

ftrack's own variables name its server and key (``FTRACK_SERVER``, ``FTRACK_API_USER``, ``FTRACK_API_KEY``); ours the
licence server (``TRUSTMARK_URL``, ``TRUSTMARK_PROJECT``, ``TRUSTMARK_USE_TYPE`` ...). While it listens it also renews
every minute: a licence that is revoked while a task runs holds the task.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

import ftrack_api
from trustmark_client import ProofKey, TrustmarkClient
from trustmark_client.shots import Order

from trustmark_ftrack.desk import Desk
from trustmark_ftrack.listener import register

SYNC_SECONDS = 60


def main(argv: list[str] | None = None) -> int:
    """Run a verb; the exit status."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO)
    try:
        order, client = _order(options.template), _client()
    except (ValueError, OSError, KeyError) as error:
        print(f"trustmark ftrack: {error!r}", file=sys.stderr)
        return 2
    listens = options.verb == "listen"
    session = ftrack_api.Session(auto_connect_event_hub=listens)
    desk = Desk(session, client, order, options.project)
    if not listens:
        print(json.dumps(desk.sync()))
        return 0
    register(session, desk)
    while True:
        session.event_hub.wait(duration=SYNC_SECONDS)
        desk.sync()


def _client() -> TrustmarkClient:
    env = os.environ
    return TrustmarkClient(
        env["TRUSTMARK_URL"],
        Path(env["TRUSTMARK_API_KEY_FILE"]).read_text().strip(),
        ProofKey.read(Path(env["TRUSTMARK_PROOF_KEY_FILE"])),
    )


def _order(template: Path | None) -> Order:
    env = os.environ
    return Order(
        env["TRUSTMARK_PROJECT"],
        env["TRUSTMARK_USE_TYPE"],
        env["TRUSTMARK_RENDER_TERRITORY"],
        construct=env.get("TRUSTMARK_CONSTRUCT") or "FACE_3D",
        template=json.loads(template.read_text()) if template else None,
        engine="ftrack",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark-ftrack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (("listen", "hear events, and renew every minute"), ("sync", "renew once")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--project", required=True, help="ftrack's id of the project")
        verb.add_argument("--template", type=Path, help="JSON: what is asked for where there is no licence")
    return parser


if __name__ == "__main__":
    sys.exit(main())
