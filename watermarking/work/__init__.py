"""Mark jobs: taken in, admitted, marked stretch by stretch, joined, read back, released.

The database says what is done; queues and chords only say who does it next. So a killed worker, a broker that
forgot or a message that comes twice costs at most the stretch that was in hand.

Rooms: ``limits`` and ``estimates`` (how much at once), ``jobs`` (ask, cancel, end), ``admission`` (whose turn),
``slots`` (how many on this machine), ``space`` (working storage), ``marking`` (one stretch), ``joining``
(the whole), ``progress`` (what a person sees).
"""
