"""How the detectors came about: real material from packages, what was made of it, training, calibration, measuring.

    python -m verification.detectors.training.train --clip FILM --out verification/detectors/cards
    python -m verification.detectors.training.measure --cards verification/detectors/cards --real CLIP...

Nothing on the way of a verification imports this room.
"""
