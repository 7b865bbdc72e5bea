"""Commands of the ``trustmark`` program that need the whole deployment."""
