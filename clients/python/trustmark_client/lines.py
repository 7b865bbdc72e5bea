"""The gate for a renderer that is not Python: it starts us beside itself and speaks a line at a time.

    python -m trustmark_client.lines --frames 1-240 --engine unity --engine-version 2022.3.10f1

    BEGIN            FRAMES 1 25     leave for the next block, or DONE: every receipt was acknowledged
    LOOK             GO              or OVER and reason codes: give up what is being rendered
    WROTE <path>     KEPT            a file of the block in hand
    REPORT           REPORTED        the block is rendered: its files get their receipts
    REPORT <folder>  REPORTED        ... and are moved there, each when its receipt as rendered is on disk

A file that gets any other receipt has the outcome put behind its name, ``frame.0007.png.discarded``: whoever writes
drafts into a folder of their own, and reports with the folder of the frames, has no frame there that may not be used.
Whatever is not well is answered with ``ENDED <status> <line for the farm's screen>`` and ends the process with that
status, as in :mod:`trustmark_client.node`: 3 denied, 1 receipts are missing, 2 misuse. Nothing more comes after it,
and no answer at all means the same: no leave. The question comes from ``TRUSTMARK_LICENCE`` and so on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from trustmark_client.blocks import Blocks
from trustmark_client.errors import ClientError
from trustmark_client.frames import BLOCK
from trustmark_client.gate_options import frames_of
from trustmark_client.node import DONE, Node, status_of


def serve(blocks: Blocks, asked: Iterable[str], answer: Callable[[str], None]) -> None:
    """Answer until all frames are done.

    Raises:
        Denied: as the blocks say.
        ValueError: a block that is not whole, a word that is none, or nobody asks any more.
    """
    files: list[Path] = []
    for line in asked:
        word, _, rest = line.rstrip("\r\n").partition(" ")
        if word == "BEGIN":
            block = blocks.begin()
            if not block:
                return
            answer(f"FRAMES {block[0]} {block[-1]}")
        elif word == "LOOK":
            answer(" ".join(["OVER", *blocks.ended]) if blocks.ended else "GO")
        elif word == "WROTE" and rest:
            files.append(Path(rest))
            answer("KEPT")
        elif word == "REPORT":
            reported, files = files, []
            blocks.wrote(reported, place=Path(rest) if rest else None)
            if missing := blocks.missing(reported):
                raise ValueError(f"frame {missing[0]} has no file")
            answer("REPORTED")
        else:
            raise ValueError(f"{word[:20]!r} is no word of this")
    raise ValueError("the renderer went away before its frames were done")


def main(argv: list[str]) -> int:
    """Speak on standard input and output; the exit status."""
    parser = argparse.ArgumentParser(prog="trustmark_client.lines", description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", required=True, help="1-240")
    parser.add_argument("--engine", required=True)
    parser.add_argument("--engine-version", default="0")
    parser.add_argument("--block", type=int, default=BLOCK, help="frames that one check asks for")
    options = parser.parse_args(argv)
    try:
        first, last = frames_of(options.frames)
        if first is None or last is None:
            raise ValueError("a licence counts frames: --frames 1-240")
        node = Node.of_environment()
        with node.client() as client:
            frames = node.frames(
                client,
                first,
                last,
                engine=options.engine,
                version=options.engine_version,
                block=options.block,
            )
            with Blocks(frames, last, block=options.block) as blocks:
                serve(blocks, sys.stdin, _answer)
    except (ClientError, ValueError, OSError) as error:
        status, line = status_of(error)
        _answer(f"ENDED {status} {' '.join(line.split())}")
        return status
    _answer("DONE")
    return DONE


def _answer(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
