"""The hot path: render checks answered in front of Django, in the same process, from the same functions.

Django's middleware and DRF cost a request more than the check itself (docs/design/ledger.md has the figures). So
a WSGI callable stands before Django, takes ``POST /api/v1/render/checks`` itself when it comes with an API key,
and hands everything else on. It decides nothing: it reads a request, calls
:func:`receipts.services.answer_check`, writes an answer. What it cannot read it leaves to Django, which
refuses it in words; what fails inside is a 5xx with a stable code, never a permit.
"""

from receipts.edge.application import in_front_of

__all__ = ["in_front_of"]
