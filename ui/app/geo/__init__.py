"""Places in words and on maps that need no network."""
