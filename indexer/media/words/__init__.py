"""What people wrote into files and beside them: one reader for each place where programs write it."""
