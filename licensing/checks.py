"""System checks of licensing."""
