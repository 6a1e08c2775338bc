"""What is in a library, what it takes on disk, and what is wrong with it."""
