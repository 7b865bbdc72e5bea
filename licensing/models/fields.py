"""Column kinds that several rows share: closed vocabularies, hashes, lists of codes."""

from collections.abc import Iterable
from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from trustcore.policy.vocabulary import TRAINING_USE_TYPES

SHA256_HEX = RegexValidator(r"^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")
TERMS_HASH = RegexValidator(r"^sha256:[0-9a-f]{64}$", "sha256: and 64 lower-case hexadecimal digits")
TRAINING_CODES: list[str] = sorted(str(use) for use in TRAINING_USE_TYPES)


def choices_of(codes: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Turn members of a vocabulary into Django choices: the code, and the code as words."""
    return [(str(code), str(code).replace("_", " ").capitalize()) for code in codes]


def code_field(codes: Iterable[StrEnum], **options: object) -> models.CharField:
    """Make a column that holds one code of a closed vocabulary."""
    return models.CharField(max_length=40, choices=choices_of(codes), **options)  # type: ignore[arg-type]


def code_list(codes: Iterable[StrEnum]) -> ArrayField:
    """Make a column that holds several codes of a closed vocabulary."""
    return ArrayField(models.CharField(max_length=40, choices=choices_of(codes)), default=list, blank=True)
