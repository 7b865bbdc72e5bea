"""AYON add-on: nothing of a licensed likeness is published without a licence that stands and a receipt per frame."""

from trustmark_ayon.validation import Unlicensed, validate

__all__ = ["Unlicensed", "validate"]
try:
    from trustmark_ayon.addon import TrustmarkAddon
except ImportError:  # pyblish alone, without AYON's core
    pass
else:
    __all__ += ["TrustmarkAddon"]
