"""Files to pixels, samples and facts, in worker processes with limits."""
