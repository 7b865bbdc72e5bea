"""The rows of licensing, by noun: people, productions, requests, tokens, holds.

Nothing here decides. What may be edited keeps its history (django-simple-history); what was agreed
(:class:`TermsVersion`, :class:`RequestAction`, :class:`GrantStatement`, :class:`GrantReissue`) is append-only in the database too.
"""

from licensing.models.blocks import StudioBlock
from licensing.models.consent import Authority, AutoRule, ProfileAdoption, ProfileSignOff, TalentInstruction
from licensing.models.events import DeclaredEvent, RevocationDuty
from licensing.models.holds import Hold
from licensing.models.people import (
    Absence,
    Delegation,
    Mandate,
    MandateSigner,
    Talent,
    VaultConstruct,
    VisibilityRule,
)
from licensing.models.productions import Production
from licensing.models.releases import FrameRelease
from licensing.models.requests import LicenceRequest, RequestAction, RequestDraft, TermsVersion
from licensing.models.rollouts import PolicyRollout, ShadowOutcome
from licensing.models.rolls import GuildDefault, GuildMember, RollImport, RollRefusal
from licensing.models.signatures import PersonSignature
from licensing.models.tokens import (
    Alert,
    CheckpointPass,
    CheckpointYes,
    GrantReissue,
    GrantStatement,
    LicenceToken,
    QuotaAlert,
)
from licensing.models.training import TrainingConsent, TrainingRequest, TrainingToken

__all__ = [
    "Absence",
    "Alert",
    "Authority",
    "AutoRule",
    "CheckpointPass",
    "CheckpointYes",
    "DeclaredEvent",
    "Delegation",
    "FrameRelease",
    "GrantReissue",
    "GrantStatement",
    "GuildDefault",
    "GuildMember",
    "Hold",
    "LicenceRequest",
    "LicenceToken",
    "Mandate",
    "MandateSigner",
    "PersonSignature",
    "PolicyRollout",
    "Production",
    "ProfileAdoption",
    "ProfileSignOff",
    "QuotaAlert",
    "RequestAction",
    "RequestDraft",
    "RevocationDuty",
    "RollImport",
    "RollRefusal",
    "ShadowOutcome",
    "StudioBlock",
    "Talent",
    "TalentInstruction",
    "TermsVersion",
    "TrainingConsent",
    "TrainingRequest",
    "TrainingToken",
    "VaultConstruct",
    "VisibilityRule",
]
