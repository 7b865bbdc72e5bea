"""The confined process that reads one script, or the lines of one PDF as they stand on paper, then ends. ``python -m screenplays.reading.child``.

Orders come as JSON on standard input, the answer goes to standard output. Before a byte of the file is read the
process gives up memory and time beyond its limits, new files, new privileges and, where the kernel lets it, the
network. Its environment holds no secret of the deployment.
"""

import sys
from pathlib import Path

import msgspec

from common.confinement import confine, keep_answers, say_and_end
from screenplays.reading.formats import read_bytes
from screenplays.reading.shape import Limits, Refusal, Refused


class Orders(msgspec.Struct):
    """What to read, and within which limits."""

    path: str
    limits: Limits
    ending: str = ""
    declared: str = ""
    # the lines of a PDF as they stand on paper, not what they say
    as_seen: bool = False
    # the lines of pictures of pages
    as_scanned: bool = False


def main() -> None:
    """Read the script and say what it is, or the code of why not."""
    answers = keep_answers()
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    confine(memory=orders.limits.memory, seconds=orders.limits.seconds, grace_seconds=2)
    try:
        data = Path(orders.path).read_bytes()
        if orders.as_seen:
            from screenplays.copies.seeing import see_pdf

            said = msgspec.json.encode({"lines": see_pdf(data, orders.limits)})
        elif orders.as_scanned:
            from screenplays.copies.scanning import scan

            said = msgspec.json.encode({"scanned": scan(data, orders.limits)})
        else:
            script = read_bytes(data, orders.limits, ending=orders.ending, declared=orders.declared)
            said = msgspec.json.encode({"script": script})
    except Refused as refused:
        said = msgspec.json.encode({"refused": refused.code, "detail": refused.detail})
    except MemoryError:
        said = msgspec.json.encode(
            {"refused": Refusal.SCRIPT_BOMB, "detail": "it takes more memory than is allowed"}
        )
    say_and_end(answers, said)


if __name__ == "__main__":
    main()
