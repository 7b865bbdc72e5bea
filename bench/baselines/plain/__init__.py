"""A render check and a receipt in plain DRF with django-simple-history: what a studio writes in a day."""
