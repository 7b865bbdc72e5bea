from django.apps import AppConfig


class TrustmarkConfig(AppConfig):
    name = "trustmark"
