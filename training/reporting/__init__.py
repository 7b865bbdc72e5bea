"""The four questions answered up to a moment: nothing here reads what may move later without saying when it moved."""
