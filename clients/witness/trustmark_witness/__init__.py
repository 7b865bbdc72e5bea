"""A witness of transparency logs: follows, checks, cosigns, and remembers. Needs ``trustcore`` and httpx."""

from trustmark_witness.follow import Follower, Outcome, Result
from trustmark_witness.state import WitnessState

__all__ = ["Follower", "Outcome", "Result", "WitnessState"]
