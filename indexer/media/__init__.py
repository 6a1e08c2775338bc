"""Media decoding: files to pixels, audio samples and metadata, in worker processes with limits."""
