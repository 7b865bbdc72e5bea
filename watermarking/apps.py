from django.apps import AppConfig


class WatermarkingConfig(AppConfig):
    name = "watermarking"

    def ready(self) -> None:
        from watermarking import checks  # noqa: F401  (registers the system checks)
