"""Making a bundle in the background: the id in, one call, safe to repeat."""

import logging
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from common.errors import DomainError, Unavailable
from compliance import services
from trustcore.errors import TrustError

logger = logging.getLogger(__name__)
_RETRIES = 5
_PASSING = (OperationalError, InterfaceError, OSError, Unavailable)


@shared_task(bind=True, name="compliance.build_bundle", acks_late=True, max_retries=_RETRIES)
def build_bundle(self: "Task[Any, Any]", bundle_id: str) -> None:
    """Make the file; what passes is tried again, what does not is said."""
    try:
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
