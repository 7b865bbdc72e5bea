"""The app of the layered verifier."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """Registers the models of this floor."""

    name = "verification"
    verbose_name = "Verification"

    def ready(self) -> None:
        """Register the system checks."""
        from verification import checks  # noqa: F401
