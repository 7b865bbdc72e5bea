"""The WSGI callable in front of Django: one route, everything else goes on."""

import logging
from collections.abc import Callable, Iterable
from select import select
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http.request import split_domain_port, validate_host

from common.errors import DomainError
from common.problems import describe_error
from receipts.edge import checks
from receipts.edge.wire import Answer, json_answer, problem_answer

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

logger = logging.getLogger(__name__)


def in_front_of(django: Application) -> Application:
    """Return a WSGI application that answers render checks itself and leaves the rest to ``django``."""
    hosts = _Hosts(settings.ALLOWED_HOSTS)

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["PATH_INFO"] != checks.PATH
            or environ["REQUEST_METHOD"] != "POST"
            or not checks.is_for_us(environ)
            or not hosts.knows(environ.get("HTTP_HOST", ""))
        ):
            return django(environ, start_response)
        answer = _answer(environ)
        start_response(answer.status, answer.headers)
        return (answer.body,)

    return application


def _answer(environ: Environ) -> Answer:
    try:
        _drop_dead_connection()
        return json_answer(200, checks.answer(environ))
    except DomainError as error:
        return problem_answer(*describe_error(error))
    except DatabaseError as error:
        logger.exception("render check: the database did not answer")
        connection.close_if_unusable_or_obsolete()
        return problem_answer(*describe_error(error))
    except Exception as error:
        logger.exception("render check: failed")
        return problem_answer(*describe_error(error))


def _drop_dead_connection() -> None:
    """Close this thread's connection if the database has ended it: an idle socket that can be read says so.

    Django would ask the database before each request instead, which costs as much as the check's own statement.
    """
    wire = connection.connection
    if wire is not None and (wire.closed or select([wire.fileno()], [], [], 0)[0]):
        connection.close()


class _Hosts:
    """Host names that Django would accept too, remembered; others are Django's to refuse."""

    def __init__(self, allowed: list[str]) -> None:
        split: Callable[[str], tuple[str, str]] = split_domain_port
        self._judge: Callable[[str], bool] = lambda host: bool(validate_host(split(host)[0], allowed))
        self._known: set[str] = set()

    def knows(self, host: str) -> bool:
        if host in self._known:
            return True
        if not self._judge(host):
            return False
        if len(self._known) < 1_000:
            self._known.add(host)
        return True
