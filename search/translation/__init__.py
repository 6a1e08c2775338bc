"""Query translation by dictionary: questions in other languages, read as English for models of English."""
