"""Repeatable writes: a POST with ``Idempotency-Key`` is carried out once and answered alike each time.

Source: the IETF draft *The Idempotency-Key HTTP Header Field* (draft-ietf-httpapi-idempotency-key-header).
"""

import hashlib
import json
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from common.errors import Conflict, InvalidInput
from common.models import IdempotencyRecord
from common.problems import PROBLEM_JSON

_KEY_MAX = 200


class IdempotentMixin:
    """Makes a view's POST idempotent by key and caller.

    The row of the key is taken before the work and answered inside the same transaction, so a killed
    process leaves neither the write nor the key. A view that keeps keys of its own (receipt batches,
    uploads) says ``idempotent = False``.
    """

    idempotent = True

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self._idempotency_key = request.headers.get("Idempotency-Key", "")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST" and self.idempotent and self._idempotency_key:
            handler = getattr(self, "post", None)
            if handler is not None:
                vars(self)["post"] = lambda request, *a, **k: self._once(handler, request, *a, **k)

    def _once(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = self._idempotency_key
        if len(key) > _KEY_MAX or not key.isprintable():
            raise InvalidInput(
                "IDEMPOTENCY_KEY_INVALID",
                _("Idempotency-Key: at most %(key_max)s printable characters.") % {"key_max": _KEY_MAX},
            )
        caller = request.principal.caller  # type: ignore[attr-defined]
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            row = _take(caller, key, fingerprint)
            if row.fingerprint != fingerprint:
                raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another request.")
            if row.status is not None:
                return _replay(row)
            response: Response = handler(request, *args, **kwargs)
            row.status = response.status_code
            row.answer = json.loads(json.dumps(response.data, cls=JSONEncoder))
            row.save(update_fields=["status", "answer"])
            return response


def _replay(row: IdempotencyRecord) -> Response:
    """What was answered then; a refusal is a problem document this time too."""
    kind = PROBLEM_JSON if row.status and row.status >= HTTPStatus.BAD_REQUEST else None
    return Response(row.answer, status=row.status, headers={"Idempotent-Replay": "true"}, content_type=kind)


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def _take(caller: str, key: str, fingerprint: str) -> IdempotencyRecord:
    """Insert or lock the key's row; a second caller waits here until the first has answered."""
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(caller=caller, key=key, fingerprint=fingerprint)
    except IntegrityError:
        return IdempotencyRecord.objects.select_for_update().get(caller=caller, key=key)
