"""``trustmark clearance``: is every likeness in this cut licensed for where, when and as what it shall be shown?

``cut`` reads and marks a cut (OpenTimelineIO), ``report`` holds it against the licences, ``cli`` is the command.
"""
