r"""``trustmark source``: stop a class of sources at once, and see how the classes stand.

    trustmark source stop partner-reels --reason "A claim against the archive"
    trustmark source list
    trustmark source resume partner-reels --reason "Settled"

A stop is in force when the command returns: nothing of the class is admitted, no manifest with it is released, and no
job may begin on it. Stopping is for everybody who runs the pipeline; opening again binds in law and is done by counsel,
signed in, so that ``resume`` is refused to a key and says where counsel does it. Exit statuses: 0 done; 3 refused or no
answer; 2 misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any
from urllib.parse import urlencode, urlsplit

from trustmark_client.client import TrustmarkClient
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError
from trustmark_client.exchange import Call

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED = 0, 2, 3
_PATH = "/api/v1/source-classes"


def main(argv: list[str]) -> int:
    """Run one verb; the exit status."""
    options = _parser().parse_args(argv)
    try:
        with client_of(options) as client:
            return int(options.run(client, options))
    except ClientError as error:
        return _say(f"refused: {error.code} ({error.detail})", EXIT_DENIED)
    except (ValueError, OSError) as error:
        return _say(str(error), EXIT_MISUSE)


def stop(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Stop a class."""
    found = _named(client, options.code)
    if found is None:
        return _say(f"there is no class {options.code}", EXIT_DENIED)
    return _print(_act(client, found, "stop", options.reason), options)


def resume(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Open a class again, where the caller may."""
    found = _named(client, options.code)
    if found is None:
        return _say(f"there is no class {options.code}", EXIT_DENIED)
    try:
        return _print(_act(client, found, "open", options.reason), options)
    except ClientError as error:
        if error.code != "IN_PERSON":
            raise
        page = f"{options.server.rstrip('/')}/material/classes/{found['id']}/open/"
        return _say(f"refused: {error.code}: counsel opens it, signed in: {page}", EXIT_DENIED)


def show(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Print every class and how it stands."""
    path = _PATH
    while path:
        answer = client.transport.request(Call("GET", path)).json()
        for one in answer["results"]:
            _print(one, options)
        parts = urlsplit(answer.get("next") or "")
        path = f"{parts.path}?{parts.query}" if parts.path else ""
    return EXIT_DONE


def _named(client: TrustmarkClient, code: str) -> dict[str, Any] | None:
    query = urlencode({"code": code})
    found = client.transport.request(Call("GET", f"{_PATH}?{query}")).json()["results"]
    return found[0] if found else None


def _act(client: TrustmarkClient, found: dict[str, Any], act: str, reason: str) -> dict[str, Any]:
    path = f"{_PATH}/{found['id']}/{act}"
    answer: dict[str, Any] = client.transport.request(Call("POST", path, json={"reason": reason})).json()
    return answer


def _print(one: dict[str, Any], options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(one))
    elif one["stopped_at"]:
        print(f"{one['code']}: stopped {one['stopped_at']}: {one['stop_reason']}")
    else:
        print(f"{one['code']}: {'allowed' if one['is_allowed'] else 'each one is reviewed'}")
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark source", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, run, text in (("stop", stop, "stop a class now"), ("resume", resume, "open it again")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("code", help="the class's name, as partner-reels")
        verb.add_argument("--reason", required=True)
        verb.set_defaults(run=run)
    verbs.add_parser("list", help="every class and how it stands").set_defaults(run=show)
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="print the answer as JSON")
        add_connection(verb)
    return parser


def _say(sentence: str, status: int) -> int:
    print(f"trustmark source: {sentence}", file=sys.stderr)
    return status
