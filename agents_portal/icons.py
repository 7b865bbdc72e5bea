"""The icons the portal uses: Lucide names, cut into one sprite by ``manage.py cutsprite``.

The ``icon`` tag refuses a name that is not listed here, so a page can never show an empty square.
"""

ICONS: tuple[str, ...] = (
    "arrow-left", "arrow-right", "ban", "banknote", "bell", "book-open", "building-2", "calendar-plus",
    "calendar-clock", "calendar-x", "check", "chevrons-up-down", "circle-alert", "circle-check", "circle-dashed",
    "circle-dot", "circle-minus", "circle-pause", "circle-question-mark", "circle-x", "clapperboard",
    "clock", "clock-alert", "copy", "download", "ellipsis", "eye", "eye-off", "file-check", "file-pen-line",
    "file-question-mark", "file-text", "film", "fingerprint", "gauge", "git-compare-arrows", "history",
    "hourglass", "house", "inbox", "info", "key-round", "keyboard", "list", "lock", "lock-open", "log-out", "mail",
    "menu", "message-circle", "mic", "octagon-x", "package", "package-check", "pencil", "plus", "replace",
    "reply", "rotate-cw", "scale", "scan-face", "scroll-text", "search", "search-check", "send", "settings", "shield-check",
    "shield-x", "signature", "sun-moon", "timer-off", "trending-down", "triangle-alert", "undo-2",
    "user-plus", "user-round-pen", "users", "webhook", "box", "image", "layers", "minus", "sparkles", "video", "workflow", "wifi-off", "x",
)  # fmt: skip
