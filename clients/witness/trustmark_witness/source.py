"""A log read over HTTP: its checkpoint, its tiles, and the place where it takes cosignatures."""

from dataclasses import dataclass, field

import httpx

from trustcore.log.checkpoint import MAX_NOTE_BYTES
from trustcore.log.tiles import CHECKPOINT_PATH, MAX_BUNDLE_BYTES, cut_tile

TIMEOUT_SECONDS = 20.0


class LogUnreachable(OSError):
    """The log does not answer, or not with what was asked for. Nothing is known; try again."""


class FileMissing(LogUnreachable):
    """The log answers that it has no such file: for a tile below a checkpoint it signed, that is an answer."""


@dataclass(slots=True)
class LogSource:
    """One log at its address.

    Attributes:
        url: where ``checkpoint`` and ``tile/...`` lie.
        push_url: where cosigned checkpoints are brought; empty to bring them nowhere.
    """

    url: str
    push_url: str
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=TIMEOUT_SECONDS, headers={"User-Agent": "trustmark-witness/0.1"}
        )
    )

    def checkpoint(self) -> bytes:
        """The log's present checkpoint.

        Raises:
            LogUnreachable: no answer, an error, or too much.
        """
        return self._get(CHECKPOINT_PATH, MAX_NOTE_BYTES)

    def fetch(self, path: str) -> bytes:
        """A tile; one that was partial when the checkpoint was made may be full by now.

        Raises:
            LogUnreachable: no answer, an error, or too much.
        """
        try:
            return self._get(path, MAX_BUNDLE_BYTES)
        except FileMissing:
            whole, separator, _ = path.partition(".p/")
            if not separator:
                raise
            return cut_tile(path, self._get(whole, MAX_BUNDLE_BYTES))

    def push(self, note: bytes) -> None:
        """Bring a cosigned checkpoint to the log.

        Raises:
            LogUnreachable: it was not taken; the answer's code is in the message.
        """
        if not self.push_url:
            return
        try:
            answer = self.http.post(self.push_url, content=note, headers={"Content-Type": "text/plain"})
        except httpx.HTTPError as error:
            raise LogUnreachable(f"{self.push_url}: {type(error).__name__}") from error
        if not answer.is_success:
            raise LogUnreachable(f"{self.push_url}: {answer.status_code} {_code(answer)}")

    def _get(self, path: str, most: int) -> bytes:
        address = f"{self.url.rstrip('/')}/{path}"
        try:
            with self.http.stream("GET", address) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise FileMissing(f"{address}: there is no such file")
                if answer.status_code != httpx.codes.OK:
                    raise LogUnreachable(f"{address}: status {answer.status_code}")
                content = b""
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > most:
                        raise LogUnreachable(f"{address}: longer than {most} bytes")
        except httpx.HTTPError as error:
            raise LogUnreachable(f"{address}: {type(error).__name__}") from error
        return content


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, LookupError, TypeError):
        return ""
