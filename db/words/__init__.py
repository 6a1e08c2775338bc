"""Text analysis: what a word is in any language, its stem, and where a text has the words asked for."""
