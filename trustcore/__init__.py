"""The pure core of the licence server: rules, tokens, receipts, the log and the offline verifier.

Nothing in this package knows Django, reads a clock or touches the network; times, keys and
randomness are arguments. Only :mod:`trustcore.cli` and :mod:`trustcore.bundle` open files, and
they only read them. An auditor installs this distribution alone to check a bundle.
"""

__version__ = "0.1.0"
