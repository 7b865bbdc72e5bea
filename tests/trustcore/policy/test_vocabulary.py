"""The closed vocabulary: complete, and without one use type that implies another."""

import pytest

from trustcore.policy import words
from trustcore.policy.clauses import NEGOTIABLE_CONTENT, PROHIBITED_CONTENT, ContentRule
from trustcore.policy.vocabulary import (
    BIOMETRIC_CONSTRUCTS,
    QUOTA_OF_UNIT,
    TRAINING_USE_TYPES,
    UNIT_OF_USE_TYPE,
    Channel,
    Construct,
    Quota,
    Unit,
    UseType,
    quota_of,
)


def test_every_use_type_has_a_unit_and_every_unit_a_counter():
    assert set(UNIT_OF_USE_TYPE) == set(UseType)
    assert set(QUOTA_OF_UNIT) == set(Unit)


@pytest.mark.parametrize(
    ("use_type", "quota"),
    [
        (UseType.FACE_RENDER, Quota.FRAMES),
        (UseType.DIGITAL_ALTERATION, Quota.FRAMES),
        (UseType.VOICE_RENDER, Quota.LINES),
        (UseType.VOICE_SINGING_RENDER, Quota.SECONDS),
        (UseType.TRAILER_PROMO, Quota.RUNS),
        (UseType.TRAINING_REPLICA, Quota.RUNS),
    ],
)
def test_use_type_is_counted_in_its_unit(use_type, quota):
    assert quota_of(use_type) is quota


def test_whatever_names_training_is_training():
    assert {use_type for use_type in UseType if "TRAINING" in use_type} <= TRAINING_USE_TYPES
    assert {UseType.FINE_TUNE, UseType.DATA_MINING, UseType.EVALUATION} <= TRAINING_USE_TYPES
    assert UseType.FACE_RENDER not in TRAINING_USE_TYPES


def test_performance_signature_is_treated_as_biometric_and_a_name_is_not():
    assert Construct.PERFORMANCE_SIGNATURE in BIOMETRIC_CONSTRUCTS
    assert Construct.NAME not in BIOMETRIC_CONSTRUCTS


def test_every_code_that_people_read_has_words_of_its_own():
    assert set(words.USES) == set(UseType)
    assert set(words.CONSTRUCTS) == set(Construct)
    assert set(words.CHANNELS) == set(Channel)
    assert set(words.CONTENT) == {*PROHIBITED_CONTENT, *NEGOTIABLE_CONTENT}
    assert set(words.CONTENT_RULES) == set(ContentRule)
    for table in (words.USES, words.CONSTRUCTS, words.CHANNELS, words.CONTENT):
        assert len(set(table.values())) == len(table)
