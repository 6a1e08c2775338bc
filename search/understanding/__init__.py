"""What of a question was understood, and what was not: the opposite of taking silence for an answer."""
