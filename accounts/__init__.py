"""Who is asking: organisations, people and their roles, API credentials, sign-in."""
