"""The archive of the audit log is brought up to date every hour."""

import logging

from celery import shared_task

from audit import archive
from common.errors import Unavailable

_log = logging.getLogger(__name__)

BEAT = (("audit.archive_events", 3600.0),)


@shared_task(name="audit.archive_events")
def archive_events() -> None:
    """Write what no segment has yet; where the log is busy, in an hour."""
    try:
        while archive.archive_events() is not None:
            pass
    except Unavailable as error:
        _log.warning("the audit log is not archived: %s %s", error.code, error)
