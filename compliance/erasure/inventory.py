"""Where a person's data may stand, and what an erasure does with each place: data, held complete by a house test.

A column is named ``app.Model.column``; ``app.Model`` stands for all of its columns that are not named, ``app`` for all
of its tables. Columns whose texts are sealed under the person's key say so themselves (``accounts.sealed_fields``).
Tables of history are their table's.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import models

from accounts.sealed_fields import SealedJSONField, SealedTextField


class How(StrEnum):
    """What becomes of a column when a person is erased."""

    SEALED = "SEALED"  # under the person's key, which is destroyed
    OVERWRITTEN = "OVERWRITTEN"  # another value in its place, in the history too
    DELETED = "DELETED"  # the row goes
    COMMITMENT = "COMMITMENT"  # salted or keyed: says nothing without what is destroyed
    OTHER_KEY = "OTHER_KEY"  # sealed under the key of a production or a work, which ends with it
    KEPT = "KEPT"  # kept by law or contract
    IMPERSONAL = "IMPERSONAL"  # codes, hashes, ids, facts about things


@dataclass(frozen=True, slots=True)
class Kept:
    """What an erasure leaves, and why; stands in the certificate."""

    what: str
    why: str


KEPT: Final = (
    Kept("terms, grants and acts of licences, by ids and pseudonyms", "GDPR 17(3)(b), (e): proof of what was agreed, as long as it may be exploited and claims may be raised"),
    Kept("log entries, checkpoints and receipts, by pseudonyms and salted commitments", "GDPR 17(3)(e): proofs of use; they name nobody"),
    Kept("incident files that were closed", "GDPR 17(3)(e): claims that were raised"),
    Kept("names of productions, works, models and material, and of their rights holders", "facts about things and duties of attribution; a takedown removes material"),
    Kept("names of counsel who signed for an organisation", "GDPR 17(3)(e): who answered for it"),
    Kept("passkey signatures over terms", "GDPR 17(3)(e): proof of consent; a public key and a signature"),
)  # fmt: skip
_PROOF, _LOG, _INCIDENT, _THINGS, _COUNSEL, _PASSKEY = KEPT

COLUMNS: Final[dict[str, tuple[How, str]]] = {
    # people and how they come in
    "accounts.User": (How.OVERWRITTEN, "name, address, settings; the password is made unusable"),
    "accounts.SignInLink": (How.OVERWRITTEN, "name and address of who was invited"),
    "accounts.PasswordLetter": (How.DELETED, "an address that a letter waits for"),
    "accounts.Organisation": (How.OVERWRITTEN, "where it is a talent's own; others are no persons"),
    "accounts.ApiCredential": (How.OVERWRITTEN, "what its maker called it, and from where it works"),
    "accounts.OrganisationDomain": (How.IMPERSONAL, "an organisation's domain"),
    "accounts.DomainClaim": (How.IMPERSONAL, "an organisation's domain"),
    "accounts.IdentityProvider": (How.IMPERSONAL, "an organisation's sign-in"),
    "account": (How.DELETED, "addresses and their confirmations"),
    "mfa": (How.DELETED, "passkeys and codes"),
    "socialaccount.SocialAccount": (How.DELETED, "who somebody is elsewhere"),
    "socialaccount.SocialToken": (How.DELETED, "goes with its account"),
    "socialaccount.SocialApp": (How.IMPERSONAL, "an application"),
    "sessions": (How.DELETED, "whoever is signed in is signed out"),
    "admin": (How.DELETED, "what somebody did in Django's administration"),
    "common": (How.IMPERSONAL, "keys of the deployment"),
    "common.IdempotencyRecord": (How.DELETED, "answers that name the person"),
    # the trail and letters
    "audit.Event": (How.IMPERSONAL, "codes and ids; who is named is sealed (subject_id)"),
    "audit.Segment": (How.IMPERSONAL, "numbers and hashes; the archive holds events as they are sealed"),
    "audit.LegalHold": (How.IMPERSONAL, "names of matters"),
    "notify": (How.IMPERSONAL, "codes and addresses of machines"),
    "notify.Letter": (How.DELETED, "letters to the person, and those that name the person"),
    "notify.Choice": (How.DELETED, "what the person wants to hear"),
    # licensing
    "licensing": (How.IMPERSONAL, "codes, limits, ids"),
    "licensing.Talent": (How.OVERWRITTEN, "stage name, handle, days of majority and death"),
    "licensing.VaultConstruct": (How.OVERWRITTEN, "where a capture lies; its hash stays"),
    "licensing.VisibilityRule": (How.OVERWRITTEN, "hidden from everybody"),
    "licensing.GuildMember": (How.OVERWRITTEN, "the keyed digest of a member's number becomes a random one"),
    "licensing.RollRefusal": (How.OVERWRITTEN, "the cell of a roll, where it names the person"),
    "licensing.RollImport.file_name": (How.KEPT, "name of a guild's file"),
    "licensing.RollImport.blob": (How.KEPT, "the guild's own roll, until the guild has it deleted"),
    "licensing.RequestDraft": (How.OVERWRITTEN, "drafts that name the person are emptied"),
    "licensing.Authority": (How.KEPT, _PROOF.why),
    "licensing.ProfileAdoption": (How.KEPT, _COUNSEL.why),
    "licensing.StudioBlock": (How.SEALED, "why; ids of people and houses"),
    "licensing.FrameRelease": (How.SEALED, "the words; ids of people and houses"),
    "licensing.ProfileSignOff": (How.KEPT, _COUNSEL.why),
    "licensing.PolicyRollout": (How.KEPT, _COUNSEL.why),
    "licensing.TermsVersion": (How.KEPT, _PROOF.why),
    "licensing.TrainingRequest": (How.KEPT, _PROOF.why),
    "licensing.GrantStatement": (How.KEPT, _PROOF.why),
    "licensing.GrantReissue": (How.KEPT, _PROOF.why),
    "licensing.CheckpointPass": (How.IMPERSONAL, "a code, and ids of licence and person"),
    "licensing.CheckpointYes": (How.IMPERSONAL, "a code, and ids of licence and person"),
    "licensing.TrainingToken": (How.KEPT, _PROOF.why),
    "licensing.PersonSignature": (How.KEPT, _PASSKEY.why),
    "licensing.Production": (How.KEPT, _THINGS.why),
    # receipts and marks: pseudonyms, hashes, names of shots and machines
    "receipts": (How.KEPT, _LOG.why),
    "watermarking": (How.IMPERSONAL, "ids of marks, names of machines and of media files"),
    "watermarking.MarkDetection.file_name": (How.OVERWRITTEN, "where a file was named after the person"),
    # scripts
    "screenplays": (How.OTHER_KEY, "the text is sealed under the key of its work"),
    "screenplays.Work": (How.KEPT, _THINGS.why),
    "screenplays.Grant": (How.IMPERSONAL, "codes and an organisation's reason"),
    "screenplays.Access": (How.IMPERSONAL, "codes, hashes, name of a pipeline"),
    "screenplays.Copy": (How.KEPT, "for whom a copy was made: GDPR 17(3)(e), a leak is traced by it"),
    "screenplays.SceneShot": (How.IMPERSONAL, "names of shots"),
    "screenplays.VersionProof": (How.IMPERSONAL, "signatures"),
    # material for training
    "training": (How.KEPT, _THINGS.why),
    # provenance
    "provenance": (How.IMPERSONAL, "codes, hashes, names of files, models and tools"),
    "provenance.GraphAsset": (How.KEPT, _THINGS.why),
    "provenance.ProvenanceEvent.payload": (How.KEPT, "ids and commitments; names of things as recorded"),
    "provenance.SealedText": (How.SEALED, "under the production's key and those of the talents it is about"),
    "provenance.CustodyDocument": (How.KEPT, _THINGS.why),
    "provenance.VisibleLabelRecord": (How.KEPT, "the words of a label that the audience sees"),
    "provenance.LabelProposal": (How.KEPT, "why another label was proposed; names no talent"),
    # verification
    "verification": (How.IMPERSONAL, "what was measured of a file"),
    "verification.Verification.file_name": (How.OVERWRITTEN, "where a file was named after the person"),
    "verification.PublicCheck": (How.DELETED, "a stranger's file and its answer, gone when seen or after minutes"),
    "verification.Review.reason": (How.KEPT, "why a reviewer decided so about a file"),
    # compliance
    "compliance.Bundle": (How.IMPERSONAL, "counts and hashes; files for one organisation alone are withdrawn"),
    "compliance.Erasure": (How.IMPERSONAL, "ids, counts and reasons"),
    "compliance.Incident": (How.KEPT, _INCIDENT.why),
    "compliance.IncidentEntry": (How.KEPT, _INCIDENT.why),
    "compliance.Evidence": (How.KEPT, _INCIDENT.why),
    "compliance.IncidentPackage": (How.IMPERSONAL, "hashes"),
    "compliance.ReconciliationReport": (How.IMPERSONAL, "counts of files"),
}  # fmt: skip

_TEXTS: Final = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
    models.GenericIPAddressField,
)
_CODES: Final = re.compile(
    r"(^|_)(sha256|hash|hashes|kid|digest|kind|state|code|codes|jti|root|origin|vkey|salt|sealed_key|card|mark_id)$"
)


def texts_of(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    """The columns of a table that could hold words about somebody: those of one closed list of values cannot."""
    return [
        field
        for field in model._meta.concrete_fields
        if (isinstance(field, _TEXTS) or hasattr(field, "base_field"))
        and not field.choices
        and not field.is_relation
    ]


def how_of(model: type[models.Model], column: str) -> How | None:
    """What becomes of a column; None: nobody has said."""
    field = model._meta.get_field(column)
    if isinstance(field, SealedTextField | SealedJSONField):
        return How.SEALED
    table = f"{model._meta.app_label}.{model._meta.object_name or ''}".replace(".Historical", ".")
    for name in (f"{table}.{column}", table):
        if name in COLUMNS:
            return COLUMNS[name][0]
    if column == "history_change_reason" or _CODES.search(column):
        return How.IMPERSONAL
    return COLUMNS[model._meta.app_label][0] if model._meta.app_label in COLUMNS else None
