"""The rows of licensing, by noun: people, productions, requests, tokens, holds.

Nothing here decides. What may be edited keeps its history (django-simple-history); what was agreed
(:class:`TermsVersion`, :class:`RequestAction`, :class:`GrantStatement`, :class:`GrantReissue`) is append-only in the database too.
"""

from licensing.models.holds import Hold
from licensing.models.people import Delegation, Mandate, Talent, VaultConstruct, VisibilityRule
from licensing.models.productions import Production
from licensing.models.requests import LicenceRequest, RequestAction, TermsVersion
from licensing.models.tokens import Alert, GrantReissue, GrantStatement, LicenceToken

__all__ = [
    "Alert",
    "Delegation",
    "GrantReissue",
    "GrantStatement",
    "Hold",
    "LicenceRequest",
    "LicenceToken",
    "Mandate",
    "Production",
    "RequestAction",
    "Talent",
    "TermsVersion",
    "VaultConstruct",
    "VisibilityRule",
]
