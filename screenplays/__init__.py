"""Scripts as protected works: versions, fingerprints, grants, every access, and marked copies."""
