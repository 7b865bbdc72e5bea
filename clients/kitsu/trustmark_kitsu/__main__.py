"""``trustmark-kitsu prepare|listen|sync``: the fields it needs, hear Kitsu's events, or renew every shot once.

    trustmark-kitsu prepare --project 5e9c...                        # once, with the token of a studio manager
    trustmark-kitsu listen --project 5e9c... --template ask.json

``KITSU_API`` and ``KITSU_TOKEN_FILE`` name Kitsu's API and a bot's token (``KITSU_EVENTS`` its event stream, where that is
elsewhere); ours name the licence server (``TRUSTMARK_URL``, ``TRUSTMARK_PROJECT``, ``TRUSTMARK_USE_TYPE`` ...). While it
listens it also renews every minute: a licence that is revoked while a task runs holds the task.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path

from trustmark_client import ProofKey, TrustmarkClient
from trustmark_client.shots import Order

from trustmark_kitsu.desk import Desk
from trustmark_kitsu.listener import ROUND_SECONDS, Listener
from trustmark_kitsu.studio import Statuses, Studio


def main(argv: list[str] | None = None) -> int:
    """Run a verb; the exit status: 2 for what is missing or wrong, 1 where Kitsu cannot be reached."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        studio = _studio(options)
        desk = None if options.verb == "prepare" else _desk(studio, options)
    except (ValueError, OSError, KeyError) as error:
        print(f"trustmark kitsu: {error!r}", file=sys.stderr)
        return 2
    try:
        if desk is None:
            studio.prepare()
        elif options.verb == "sync":
            print(json.dumps(desk.sync()))
        else:
            listener = Listener(studio, desk, round_seconds=options.round_seconds)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: listener.stop())
            listener.run()
    except (
        Exception
    ) as error:  # gazu, requests and the socket raise many kinds: one line for whoever keeps it running
        logging.getLogger("trustmark.kitsu").debug("ended", exc_info=True)
        print(f"trustmark kitsu: Kitsu cannot be spoken with: {error!r}", file=sys.stderr)
        return 1
    return 0


def _studio(options: argparse.Namespace) -> Studio:
    env = os.environ
    statuses = Statuses(tuple(options.begun), tuple(options.delivered), options.held)
    studio = Studio(
        env["KITSU_API"],
        Path(env["KITSU_TOKEN_FILE"]).read_text().strip(),
        options.project,
        statuses=statuses,
    )
    if events := env.get("KITSU_EVENTS"):
        studio.client.event_host = events
    return studio


def _desk(studio: Studio, options: argparse.Namespace) -> Desk:
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
        engine="kitsu",
    )
    return Desk(studio, client, order, env["TRUSTMARK_URL"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark-kitsu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (
        ("prepare", "make the status and the columns that it needs"),
        ("listen", "hear events, and renew every minute"),
        ("sync", "renew once"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--project", required=True, help="Kitsu's id of the project")
        verb.add_argument("--template", type=Path, help="JSON: what is asked for where there is no licence")
        verb.add_argument(
            "--begun", nargs="+", default=["wip"], help="short names of statuses that begin work"
        )
        verb.add_argument("--delivered", nargs="+", default=["wfa"], help="... that show frames to somebody")
        verb.add_argument("--held", default="hold", help="... of a task that may not go on")
        verb.add_argument("--round-seconds", type=float, default=ROUND_SECONDS, help="between two rounds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
