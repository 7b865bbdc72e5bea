"""Words for the vocabulary's codes, and for numbers, money, times and lists.

Machines get codes; people read these. Every member of an enumeration that a person can meet in
terms has its words here, in English; a :class:`~trustcore.language.Language` tells them in another.

    >>> listed(["Cinemas", "Festivals", "Discs"])
    'Cinemas, Festivals and Discs'
    >>> frames(3000)
    '3,000 frames (2 min 5 s at 24 fps)'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trustcore.language import ENGLISH, Language, message
from trustcore.policy.settle import parse_time

FRAMES_PER_SECOND: Final = 24
"""The rate at which a number of frames is put into seconds for people."""
_NO_MINOR_UNIT: Final = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
_THREE_DIGITS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_MONTHS: Final = (
    message("January"),
    message("February"),
    message("March"),
    message("April"),
    message("May"),
    message("June"),
    message("July"),
    message("August"),
    message("September"),
    message("October"),
    message("November"),
    message("December"),
)

USES: Final = {
    "FACE_RENDER": "Face in a frame",
    "FACE_REPLACEMENT": "Face on another performer",
    "BODY_RENDER": "Body double",
    "BODY_PERFORMANCE": "Performance by their body data",
    "MOTION_TRANSFER": "Their movement on another body",
    "STUNT_DOUBLE": "Stunt double",
    "CROWD_BACKGROUND": "Crowd and background",
    "DE_AGING": "De-ageing",
    "AGE_PROGRESSION": "Ageing",
    "BEAUTY_COSMETIC": "Cosmetic or wardrobe change",
    "EXPRESSION_EDIT": "Change of expression",
    "LIP_SYNC": "Change of the mouth",
    "VOICE_RENDER": "Voice, spoken lines",
    "VOICE_SINGING_RENDER": "Voice, singing",
    "ADR": "Fixes to recorded lines",
    "NEW_DIALOGUE": "Lines never recorded",
    "DUBBING": "Dubbing",
    "VOICE_MATCH": "Efforts and breaths",
    "REAL_TIME_GENERATION": "Interactive use at run time",
    "CHATBOT_PERSONA": "A persona that converses",
    "MERCHANDISE": "Merchandise",
    "POSTER_KEY_ART": "Posters",
    "TRAILER_PROMO": "Trailers and promotion",
    "ARCHIVE_RECONSTRUCTION": "Reconstruction from archive",
    "POSTHUMOUS_RENDER": "Use after death",
    "PREVIS_SCRATCH": "Temporary work, never shown",
    "DIGITAL_ALTERATION": "Change to a recorded performance",
    "CAPTURE_SCAN": "Making a scan",
    "TRAINING_REPLICA": "Training a model of this person",
    "TRAINING_GENERAL": "Training a general model",
    "FINE_TUNE": "Fine-tuning a model",
    "EVALUATION": "Measuring a model",
    "DATA_MINING": "Data mining",
    "SUBLICENSE_THIRD_PARTY_TRAINING": "Handing data on for training",
    "SCRIPT_ACCESS": "Machine access to a script",
    "SCRIPT_ANALYSIS": "Machine analysis of a script",
    "SCRIPT_TRAINING": "Training on a script",
}
CONSTRUCTS: Final = {
    "FACE_2D": "Face, as pictures",
    "FACE_3D": "Face, as a scan",
    "BODY_3D": "Body, as a scan",
    "VOICE_SPEAKING": "Speaking voice",
    "VOICE_SINGING": "Singing voice",
    "PERFORMANCE_SIGNATURE": "Way of moving and acting",
    "MOTION_SKELETON": "Captured motion",
    "PERSONALITY_CONSTRUCT": "Manner of speaking",
    "NAME": "Name",
    "SIGNATURE": "Signature",
    "CATCHPHRASE": "Catchphrase",
    "CHARACTER_CONSTRUCT": "Character",
    "WRITTEN_WORK": "Written work",
}
CHANNELS: Final = {
    "THEATRICAL": "Cinemas",
    "FESTIVAL": "Festivals",
    "TV_BROADCAST": "Television",
    "CABLE": "Cable",
    "SVOD": "Subscription streaming",
    "AVOD": "Streaming with advertising",
    "FAST": "Free streaming channels",
    "TVOD_EST": "Paid download",
    "PHYSICAL": "Discs",
    "AIRLINE_NONTHEATRICAL": "Airlines",
    "CLIPS_SOCIAL_ORGANIC": "Clips on social feeds",
    "SOCIAL_PAID": "Paid social",
    "ONLINE_VIDEO_ADS": "Online advertising",
    "LINEAR_ADS": "Television advertising",
    "OOH_DOOH": "Outdoor advertising",
    "PRINT": "Print",
    "RADIO": "Radio",
    "PODCAST": "Podcasts",
    "AUDIO_STREAMING": "Audio streaming",
    "AUDIOBOOK": "Audiobooks",
    "GAME_CONSOLE_PC": "Games",
    "GAME_MOBILE": "Mobile games",
    "GAME_LIVE_SERVICE": "Live-service games",
    "VR_XR": "Virtual reality",
    "THEME_PARK_LBE": "Theme parks",
    "LIVE_EVENT": "Live events",
    "MERCHANDISE": "Merchandise",
    "CORPORATE_INTERNAL": "Inside the company",
    "EDUCATION": "Education",
    "NEWS": "News",
    "ARCHIVE_ONLY": "Archive",
    "PRERELEASE_INTERNAL": "Internal, before release",
}
CONTENT: Final = {
    "COMMERCIAL_ENDORSEMENT": "Endorsement",
    "CRYPTO_GAMBLING": "Crypto and gambling",
    "HATE_OR_PROTECTED_CLASS_PEJORATIVE": "Hate",
    "IMPERSONATION_AS_NEWS": "Posing as news",
    "MEDICAL_CLAIM": "Medical claims",
    "NUDITY": "Nudity",
    "POLITICAL_ENDORSEMENT": "Political endorsement",
    "RELIGIOUS_STATEMENT": "Religious statements",
    "SEXUAL_CONTENT_MINOR": "Sexual content with a minor",
    "SIMULATED_SEX": "Simulated sex",
    "TOBACCO_VAPE": "Tobacco and vaping",
    "WEAPONS_PROMOTION": "Promotion of weapons",
    "ACCENT_CHANGE": "Change of accent",
    "AD_LIB_GENERATED_LINES": "Improvised generated lines",
    "AGE_RANGE": "Change of age",
    "ALCOHOL": "Alcohol",
    "BODY_SHAPE_CHANGE": "Change of body shape",
    "DEATH_OF_CHARACTER": "Death of the character",
    "DRUG_USE": "Drug use",
    "GORE": "Gore",
    "HAIR_CHANGE": "Change of hair",
    "LANGUAGE_LIST": "Other languages",
    "PARODY_SATIRE": "Parody and satire",
    "PROFANITY": "Profanity",
    "RACE_OR_ETHNICITY_CHANGE": "Change of race or ethnicity",
    "REAL_PERSON_ROLE": "Playing a real person",
    "SCRAPPED_FOOTAGE_REUSE": "Reuse of scrapped footage",
    "SINGING": "Singing",
    "SMOKING": "Smoking",
    "VIOLENCE": "Violence",
    "WORKING_WITH_PERSON": "Working with a named person",
}
CONTENT_RULES: Final = {
    "PROHIBITED": "prohibited",
    "APPROVAL_REQUIRED": "asked for each time",
    "ALLOWED": "allowed",
}


def plain(code: str) -> str:
    """Return a code as small words: ``WITH_CONSENT`` reads "with consent"."""
    return code.replace("_", " ").lower()


def listed(items: Iterable[str], lang: Language = ENGLISH) -> str:
    """Return the items as people list them; see :meth:`~trustcore.language.Language.listed`."""
    return lang.listed(items)


def frames(number: int, lang: Language = ENGLISH) -> str:
    """Return a number of frames with the time they last at 24 frames a second."""
    seconds, rest = divmod(number, FRAMES_PER_SECOND)
    if seconds < 60:
        tenths = rest * 10 // FRAMES_PER_SECOND
        lasting = f"{seconds}{lang.decimal}{tenths} s" if tenths else f"{seconds} s"
    else:
        lasting = lang.say(
            "%(minutes)s min %(seconds)s s", minutes=lang.number(seconds // 60), seconds=seconds % 60
        )
    return lang.counted(
        "%(number)s frame (%(time)s at %(fps)s fps)",
        "%(number)s frames (%(time)s at %(fps)s fps)",
        number,
        time=lasting,
        fps=FRAMES_PER_SECOND,
    )


def minor_digits(currency: str) -> int:
    """Return how many digits of an amount in ``currency`` are minor units: 0 for JPY, 3 for KWD, else 2."""
    return 0 if currency in _NO_MINOR_UNIT else 3 if currency in _THREE_DIGITS else 2


def money(minor: int, currency: str, lang: Language = ENGLISH) -> str:
    """Return an amount in minor units as ``USD 12,450.00``, without ever using a float."""
    digits = minor_digits(currency)
    whole, part = divmod(minor, 10**digits)
    amount = lang.number(whole) + (f"{lang.decimal}{part:0{digits}d}" if digits else "")
    return lang.say("%(currency)s %(amount)s", currency=currency, amount=amount)


def moment(text: str, lang: Language = ENGLISH) -> str:
    """Return a time of the terms as ``18 October 2026`` or, off midnight, with its UTC clock time."""
    at = parse_time(text)
    day = lang.say(
        "%(day)s %(month)s %(year)s", day=at.day, month=lang.say(_MONTHS[at.month - 1]), year=at.year
    )
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        return day
    return f"{day}, {at:%H:%M:%S} UTC" if at.second else f"{day}, {at:%H:%M} UTC"
