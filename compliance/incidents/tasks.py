"""The background work of incident files: write down readings that have ended, make packages."""

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from common import clock
from common.errors import DomainError, Unavailable
from common.locks import sole_worker
from compliance.incidents import services
from compliance.incidents.models import IncidentPackage, PackageState
from trustcore.errors import TrustError

logger = logging.getLogger(__name__)
BEAT: Final = ("compliance.note_readings", "compliance.resume_packages")
_RETRIES: Final = 5
_QUIET: Final = timedelta(seconds=60)
_PASSING: Final = (OperationalError, InterfaceError, OSError, Unavailable)


@shared_task(name="compliance.note_readings")
def note_readings() -> int:
    """Write an entry for every reading of a mark that has ended."""
    return services.note_readings()


@shared_task(bind=True, name="compliance.build_package", acks_late=True, max_retries=_RETRIES)
def build_package(self: "Task[Any, Any]", package_id: str) -> None:
    """Make a package; what passes is tried again, what does not is said."""
    try:
        with sole_worker(UUID(package_id)) as is_mine:
            if is_mine:
                services.build_package(UUID(package_id))
    except _PASSING as error:
        if self.request.retries >= _RETRIES:
            logger.exception("package %s given up", package_id)
            services.fail_package(UUID(package_id), "UNAVAILABLE")
            return
        raise self.retry(exc=error, countdown=2**self.request.retries) from error
    except (TrustError, DomainError) as error:
        logger.exception("package %s refused", package_id)
        services.fail_package(UUID(package_id), error.code)
    except Exception:
        logger.exception("package %s failed", package_id)
        services.fail_package(UUID(package_id), "INTERNAL")


@shared_task(name="compliance.resume_packages")
def resume_packages() -> int:
    """Start the work again on packages that nobody has worked on for a minute; returns how many."""
    quiet = clock.now() - _QUIET
    waiting = IncidentPackage.objects.filter(state=PackageState.QUEUED, touched_at__lt=quiet)
    found = list(waiting.values_list("pk", flat=True)[:100])
    for package_id in found:
        IncidentPackage.objects.filter(pk=package_id).update(touched_at=clock.now())
        build_package.delay(str(package_id))
    return len(found)
