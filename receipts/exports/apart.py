"""A slice of a log as Parquet, written by a process of its own: Arrow is never loaded into this one."""

import subprocess
import sys
from pathlib import Path

import msgspec

from receipts.exports.columns import Kind
from receipts.exports.heads import head_of
from receipts.selectors.exports import LogSlice

_WRITER = Path(__file__).with_name("parquet.py")


class WriterFailed(RuntimeError):
    """The process that writes Parquet ended without a whole file."""


def write_apart(part: LogSlice, kind: Kind, target: Path, *, row_group: int) -> None:
    """Write ``target``; rows are read here, page by page, and go through a pipe.

    Raises:
        WriterFailed: ``target`` is not to be used.
        InvalidEvidence: a stored entry cannot be read.
    """
    encoder = msgspec.msgpack.Encoder()
    with (
        target.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-P", str(_WRITER)], stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE
        ) as writer,
    ):
        if writer.stdin is None or writer.stderr is None:
            raise WriterFailed("no pipe")
        is_cut = False
        try:
            _send(writer, encoder.encode(head_of(part, kind, row_group=row_group)))
            for page in kind.pages(part):
                _send(writer, encoder.encode(page))
            _send(writer, b"")
            writer.stdin.close()
        except BrokenPipeError:
            is_cut = True  # it died: how, it says below; whatever it says, the file is not whole
        except BaseException:
            writer.kill()
            raise
        said = writer.stderr.read()
    if writer.returncode or is_cut:
        raise WriterFailed(f"{writer.returncode}: {said.decode(errors='replace').strip()[-500:]}")


def _send(writer: "subprocess.Popen[bytes]", data: bytes) -> None:
    if writer.stdin is None:
        raise BrokenPipeError
    writer.stdin.write(len(data).to_bytes(4, "big") + data)
