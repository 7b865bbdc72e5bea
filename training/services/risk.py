"""How risky a bucket of material is: collection method, clarity of rights, expected value (TP-141)."""

from typing import Final

from training.models import RightsRecord, SourceClass
from training.vocabulary import CheckWord, CollectionMethod, LicenceClass

_METHOD: Final = {
    CollectionMethod.PARTNER_FEED: 0, CollectionMethod.EXPORT: 10, CollectionMethod.API: 15,
    CollectionMethod.CRAWLER: 40,
}  # fmt: skip
_CLARITY: Final = {
    LicenceClass.OWNED: 0, LicenceClass.TALENT_TRAINING_LICENCE: 0, LicenceClass.NEGOTIATED: 5,
    LicenceClass.PUBLIC_DOMAIN: 10, LicenceClass.OPEN_ATTRIBUTION: 15, LicenceClass.PLATFORM_API: 20,
    LicenceClass.OPEN_NON_COMMERCIAL: 25, LicenceClass.LEGAL_OPINION: 25,
}  # fmt: skip
_EACH_UNKNOWN: Final = 5
_NO_RIGHTS: Final = 45
_PER_VALUE: Final = 3


def risk_of(kind: SourceClass, rights: RightsRecord | None, method: str) -> int:
    """A score from 0 to 100; more asks for more of a reviewer's time.

    What is expected of the material raises it: what a model will lean on is looked at harder.
    """
    clarity = _NO_RIGHTS
    if rights is not None:
        unknown = sum(word == CheckWord.UNKNOWN for word in rights.checks.values())
        clarity = _CLARITY[LicenceClass(rights.licence_class)] + _EACH_UNKNOWN * unknown
    worth = _PER_VALUE * (kind.expected_value - 1)
    return min(100, _METHOD[CollectionMethod(method)] + clarity + worth)
