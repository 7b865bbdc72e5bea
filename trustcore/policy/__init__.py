"""What may be done with a likeness: the words, the terms, and the decision."""
