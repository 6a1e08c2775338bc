"""Sentences in other languages for the builtin model: multilingual-e5-small, mapped into its space."""
