"""Sessions in the database, of a key that can be one: anything else in the cookie is no session, and no question."""

import re
from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseSession

_KEY: Final = re.compile(r"[a-z0-9]{32}", re.ASCII)  # as Django makes them


class SessionStore(DatabaseSession):
    """Django's, which would ask the database for a key with a zero byte in it, and fail."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and _KEY.fullmatch(key) is not None
