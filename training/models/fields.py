"""Fields that the rows of this package share."""

from django.core.validators import RegexValidator

SHA256 = RegexValidator(r"^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")
