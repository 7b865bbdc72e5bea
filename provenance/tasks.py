"""The steps of a release as tasks on ``media.cpu``: ids in, one call each, safe to repeat.

A worker that is killed gives its task back (``acks_late``); should even the broker forget it, the sweeper on
the beat takes up what has not moved for a while. What fails for good holds the output and says so.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, chain, shared_task
from celery.canvas import Signature
from django.db import InterfaceError, OperationalError

from common import clock
from common.locks import sole_worker
from notify import services as notices
from notify.topics import OF_OUTPUTS
from provenance import services
from provenance.models import UNFINISHED, Asset
from provenance.rules import HoldCode, HoldReason
from provenance.services.events import hold
from provenance.services.letters import told_of_output

logger = logging.getLogger(__name__)
BEAT: tuple[str | tuple[str, float], ...] = (
    "provenance.resume_releases",
    ("provenance.write_letters", 2.0),
    ("provenance.drop_leftovers", 86_400.0),
)
# longer than any upload or step takes from its first byte to its row
_LEFT_HOURS = 24
_QUEUE = "media.cpu"
_RETRIES = 4
_QUIET = timedelta(seconds=60)
_PASSING = (OperationalError, InterfaceError, ConnectionError, TimeoutError)


@shared_task(bind=True, name="provenance.mark_asset", queue=_QUEUE, acks_late=True, max_retries=_RETRIES)
def mark_asset(self: "Task[Any, Any]", asset_id: str) -> None:
    """Hide the mark."""
    _carry_out(self, services.mark_asset, asset_id)


@shared_task(bind=True, name="provenance.sign_asset", queue=_QUEUE, acks_late=True, max_retries=_RETRIES)
def sign_asset(self: "Task[Any, Any]", asset_id: str) -> None:
    """Write the Content Credentials."""
    _carry_out(self, services.sign_asset, asset_id)


@shared_task(bind=True, name="provenance.verify_asset", queue=_QUEUE, acks_late=True, max_retries=_RETRIES)
def verify_asset(self: "Task[Any, Any]", asset_id: str) -> None:
    """Read both layers back; release or hold."""
    _carry_out(self, services.verify_asset, asset_id)


def release_chain(asset_id: UUID) -> Signature:
    """The three steps in order; each does nothing when its turn has passed."""
    one = str(asset_id)
    return chain(mark_asset.si(one), sign_asset.si(one), verify_asset.si(one))


@shared_task(name="provenance.continue_release")
def continue_release(asset_id: str) -> None:
    """Go on with a release whose mark job has ended."""
    release_chain(UUID(asset_id)).delay()


@shared_task(name="provenance.resume_releases")
def resume_releases() -> int:
    """Send the steps again for outputs that nobody has worked on for a minute; returns how many."""
    quiet = Asset.objects.filter(state__in=UNFINISHED, touched_at__lt=clock.now() - _QUIET)
    resumed = 0
    for asset_id in list(quiet.values_list("pk", flat=True)[:100]):
        with sole_worker(asset_id) as idle:
            if not idle:
                continue
            Asset.objects.filter(pk=asset_id).update(touched_at=clock.now())
        release_chain(asset_id).delay()
        resumed += 1
    return resumed


@shared_task(name="provenance.write_letters")
def write_letters() -> int:
    """Write to who uploaded an output that it is held."""
    return notices.write_letters(OF_OUTPUTS, told_of_output)


@shared_task(name="provenance.drop_leftovers")
def drop_leftovers() -> int:
    """Delete files of outputs that no row names."""
    return services.drop_leftovers(hours=_LEFT_HOURS)


def _carry_out(task: "Task[Any, Any]", step: Callable[[UUID], Asset], asset_id: str) -> None:
    try:
        step(UUID(asset_id))
    except _PASSING as error:
        raise task.retry(exc=error, countdown=2**task.request.retries) from error
    except Exception as error:
        logger.exception("release step failed for asset %s", asset_id)
        detail = f"{step.__name__}: {type(error).__name__}"
        hold(UUID(asset_id), (HoldReason(HoldCode.PROCESSING_FAILED, detail),))
