"""Media through PyAV and Pillow: files to numpy arrays and back, streaming. No torch here."""
