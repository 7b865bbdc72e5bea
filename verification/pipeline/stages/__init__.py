"""What each stage does, inside the confined process: JSON values in, JSON values out."""
