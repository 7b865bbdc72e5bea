"""Which server a command talks to, and with which key: told by options or by the environment."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from trustmark_client.client import TrustmarkClient


def add_connection(parser: argparse.ArgumentParser) -> None:
    """``--server`` and ``--key-file``; without them ``TRUSTMARK_URL`` and ``TRUSTMARK_API_KEY_FILE``."""
    told = os.environ.get("TRUSTMARK_API_KEY_FILE")
    parser.add_argument("--server", default=os.environ.get("TRUSTMARK_URL"))
    parser.add_argument("--key-file", type=Path, default=Path(told) if told else None)


def client_of(options: argparse.Namespace) -> TrustmarkClient:
    """A client of what :func:`add_connection` was told; ``TRUSTMARK_API_KEY`` comes before the file.

    Raises:
        ValueError: no server, or no key. OSError: the file cannot be read.
    """
    api_key = os.environ.get("TRUSTMARK_API_KEY") or (
        options.key_file.read_text().strip() if options.key_file else ""
    )
    if not options.server or not api_key:
        raise ValueError("name the server (--server, TRUSTMARK_URL) and the API key (--key-file)")
    return TrustmarkClient(options.server, api_key)
