"""What a studio could use instead, written as it would be written: the other side of every ratio."""
