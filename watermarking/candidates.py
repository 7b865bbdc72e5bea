"""Lists of registered ids, in files and in memory: what a registry reading compares with.

A text file has one id of 16 hex digits a line; blank lines and what follows ``#`` are skipped. A binary file
begins with ``TMIDS1`` and two zero bytes; each id follows as eight bytes, most significant first. Both are
streamed: a million ids take 8 MB of memory whatever the file looks like.

    >>> as_ids([3, 1, 3]).tolist()
    [1, 3]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from trustcore.errors import TrustError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.uint64]

MAGIC = b"TMIDS1\x00\x00"
# 16 million: 128 MB of memory, and a p-value 16 million times as large as a lone id's
MOST = 1 << 24
_BLOCK = 1 << 22
_LINE = 4096


class CandidatesMalformed(TrustError):
    """A list of ids cannot be read; ``path`` names the file, ``line`` the bad line where there is one."""

    def __init__(self, detail: str, path: str | None = None, *, line: int | None = None) -> None:
        self.line = line
        where = f"line {line}: " if line is not None else ""
        super().__init__("CANDIDATES_MALFORMED", f"{where}{detail}", path)


def as_ids(ids: Iterable[int]) -> Ids:
    """Return ids sorted and unique, as an array of unsigned 64-bit numbers.

    Raises:
        CandidatesMalformed: a number has more than 64 bits, or there are too many.
    """
    import numpy as np

    if isinstance(ids, np.ndarray):
        given = ids.astype(np.uint64, copy=False)
    else:
        try:
            given = np.fromiter(ids, dtype=np.uint64)
        except (OverflowError, ValueError, TypeError) as error:
            raise CandidatesMalformed("an id has 64 bits") from error
    if len(given) > MOST:
        raise CandidatesMalformed(f"more than {MOST:,} ids")
    return given if bool((given[1:] > given[:-1]).all()) else np.unique(given)


def read_candidates(path: Path) -> Ids:
    """Read a list of ids from a text or a binary file.

    Raises:
        CandidatesMalformed: it cannot be read, a line is no id, or there are too many.
    """
    import numpy as np

    try:
        with path.open("rb") as stream:
            head = stream.read(len(MAGIC))
            if head == MAGIC:
                blocks = list(_bounded(_binary(stream, path.name), path.name))
            else:
                blocks = list(_bounded(_text(stream, head, path.name), path.name))
    except OSError as error:
        raise CandidatesMalformed("the file cannot be read", path.name) from error
    return as_ids(np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.uint64))


def parse_lines(block: bytes, *, name: str | None = None, first_line: int = 1) -> Ids:
    """Parse whole lines of 16 hex digits.

    Raises:
        CandidatesMalformed: with the number of the line that is no id.
    """
    import numpy as np

    lines = block.split(b"\n")
    bare = [line.strip() for line in lines]
    if b"#" in block:
        bare = [line.partition(b"#")[0].strip() for line in bare]
    ids = [line for line in bare if line]
    try:
        octets = bytes.fromhex(b"".join(ids).decode("ascii"))
    except ValueError:
        octets = b""
    # white space within a line would be skipped by ``fromhex``: then octets are missing
    if len(octets) != 8 * len(ids) or any(len(line) != 16 for line in ids):
        raise _bad_line(bare, name, first_line)
    return np.frombuffer(octets, dtype=">u8").astype(np.uint64)


def _bad_line(lines: list[bytes], name: str | None, first: int) -> CandidatesMalformed:
    digits = frozenset(b"0123456789abcdefABCDEF")
    for number, line in enumerate(lines, first):
        if line and (len(line) != 16 or not digits.issuperset(line)):
            return CandidatesMalformed("an id is 16 hex digits", name, line=number)
    return CandidatesMalformed("an id is 16 hex digits", name)


def _text(stream: IO[bytes], head: bytes, name: str) -> Iterator[Ids]:
    kept, line = head, 1
    while block := stream.read(_BLOCK):
        whole, newline, rest = (kept + block).rpartition(b"\n")
        if not newline and len(rest) > _LINE:
            raise CandidatesMalformed("an id is 16 hex digits", name, line=line)
        if newline:
            yield parse_lines(whole, name=name, first_line=line)
            line += whole.count(b"\n") + 1
        kept = rest
    if kept:
        yield parse_lines(kept, name=name, first_line=line)


def _binary(stream: IO[bytes], name: str) -> Iterator[Ids]:
    import numpy as np

    while block := stream.read(_BLOCK):
        if len(block) % 8:
            raise CandidatesMalformed("the last id is cut off", name)
        yield np.frombuffer(block, dtype=">u8").astype(np.uint64)


def _bounded(blocks: Iterator[Ids], name: str) -> Iterator[Ids]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > MOST:
            raise CandidatesMalformed(f"more than {MOST:,} ids", name)
        yield block
