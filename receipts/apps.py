from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    name = "receipts"

    def ready(self) -> None:
        from receipts import checks  # noqa: F401  (registers the system checks)
