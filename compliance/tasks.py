"""Work in the background: a bundle is made, an erasure whose day has come is carried out. Safe to repeat."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from common import clock
from common.errors import DomainError, Unavailable
from common.locks import sole_worker
from compliance import services
from compliance.erasure.services import carry_out_erasure, due_erasures
from compliance.incidents import tasks as incidents
from compliance.models import Bundle, BundleState
from trustcore.errors import TrustError

logger = logging.getLogger(__name__)
BEAT = (
    "compliance.resume_bundles",
    ("compliance.erase_due", 60),
    ("compliance.drop_leftovers", 86_400),
    *incidents.BEAT,
)
_RETRIES = 5
_QUIET = timedelta(seconds=60)
_LEFT_HOURS = 24
_PASSING = (OperationalError, InterfaceError, OSError, Unavailable)


@shared_task(bind=True, name="compliance.build_bundle", acks_late=True, max_retries=_RETRIES)
def build_bundle(self: "Task[Any, Any]", bundle_id: str) -> None:
    """Make the file; what passes is tried again, what does not is said."""
    try:
        with sole_worker(UUID(bundle_id)) as is_mine:
            if is_mine:
                services.build_bundle(UUID(bundle_id))
    except _PASSING as error:
        if self.request.retries >= _RETRIES:
            logger.exception("bundle %s given up", bundle_id)
            services.fail_bundle(UUID(bundle_id), "UNAVAILABLE")
            return
        raise self.retry(exc=error, countdown=2**self.request.retries) from error
    except (TrustError, DomainError) as error:
        logger.exception("bundle %s refused", bundle_id)
        services.fail_bundle(UUID(bundle_id), error.code)
    except Exception:
        logger.exception("bundle %s failed", bundle_id)
        services.fail_bundle(UUID(bundle_id), "INTERNAL")


@shared_task(name="compliance.resume_bundles")
def resume_bundles() -> int:
    """Start the work again on bundles that nobody has worked on for a minute; returns how many."""
    waiting = Bundle.objects.filter(
        state__in=[BundleState.QUEUED, BundleState.BUILDING], touched_at__lt=clock.now() - _QUIET
    )
    resumed = 0
    for bundle_id in list(waiting.values_list("pk", flat=True)[:100]):
        with sole_worker(bundle_id) as is_idle:
            if not is_idle:
                continue
            Bundle.objects.filter(pk=bundle_id).update(touched_at=clock.now())
        build_bundle.delay(str(bundle_id))
        resumed += 1
    return resumed


@shared_task(name="compliance.erase_due")
def erase_due() -> int:
    """Carry out every erasure that was confirmed and whose days are over; returns how many were."""
    done = 0
    for erasure_id in due_erasures(now=clock.now()):
        try:
            row = carry_out_erasure(erasure_id=erasure_id)
        except Exception:  # one that fails stays due, is told, and holds up nobody else's
            logger.exception("erasure %s failed", erasure_id)
            continue
        done += row is not None and row.state == "DONE"
    return done


@shared_task(name="compliance.drop_leftovers")
def drop_leftovers() -> int:
    """Delete files of bundles, incidents and reconciliations that never came to be."""
    return services.drop_leftovers(hours=_LEFT_HOURS)
