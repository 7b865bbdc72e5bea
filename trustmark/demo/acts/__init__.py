"""The nine acts of the main job; each takes the stage and answers what it saw."""
