"""Outputs and where they came from: marks, Content Credentials and release of what was rendered."""
