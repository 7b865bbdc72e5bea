"""The app of outputs: their release, their Content Credentials, their history."""

from django.apps import AppConfig


class ProvenanceConfig(AppConfig):
    """Registers the models of this floor."""

    name = "provenance"
    verbose_name = "Provenance"
