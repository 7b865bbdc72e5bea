"""Copies on paper that know for whom they were made: how they are set, marked, and read again."""
