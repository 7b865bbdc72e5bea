"""Ask witnesses over HTTP which checkpoint of a log they saw last: the memory that no administrator of ours reaches."""

import logging

import httpx

from receipts.models import Witness
from trustcore.log.checkpoint import MAX_NOTE_BYTES
from trustcore.log.witness import origin_hash

logger = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10.0


def held_by_witnesses(origin: str) -> list[tuple[str, bytes]]:
    """What each witness with an address shows of a log: where from, and the note. One that is silent is logged."""
    found = []
    for witness in Witness.objects.filter(removed_at__isnull=True).exclude(url=""):
        address = f"{witness.url.rstrip('/')}/{origin_hash(origin)}/checkpoint"
        try:
            answer = httpx.get(address, timeout=_TIMEOUT_SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            logger.warning("witness %s does not answer: %s", witness.name, error)
            continue
        if answer.status_code == httpx.codes.OK and len(answer.content) <= MAX_NOTE_BYTES:
            found.append((f"witness {witness.name}", answer.content))
        elif answer.status_code != httpx.codes.NOT_FOUND:  # it has not seen this log yet
            logger.warning("witness %s answers %d", witness.name, answer.status_code)
    return found
