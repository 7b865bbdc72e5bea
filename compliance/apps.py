"""The app of compliance bundles."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Registers the models of this floor."""

    name = "compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        """Register the system checks."""
        from compliance import checks  # noqa: F401
