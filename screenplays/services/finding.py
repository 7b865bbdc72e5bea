"""Compare a text that somebody holds with the registered works."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common.errors import TooLarge
from screenplays.fingerprint import fingerprint_of
from screenplays.selectors.matches import Match, matches_for
from screenplays.services.versions import read_refusing


def find_works(*, principal: Principal, path: Path, file_name: str) -> list[Match]:
    """Versions that the text at ``path`` is or was taken from, among works that the caller may know of.

    The text is not kept.

    Raises:
        InvalidInput: why the file cannot be read; TooLarge: ``SCRIPT_TOO_LARGE``.
    """
    if path.stat().st_size > settings.SCRIPT_BYTES_MAX:
        most = settings.SCRIPT_BYTES_MAX
        raise TooLarge("SCRIPT_TOO_LARGE", _("A script file has at most %(most)s bytes.") % {"most": most})
    script = read_refusing(path, file_name)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return matches_for(principal, fingerprint_of(script), sha256=sha256)
