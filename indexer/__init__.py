"""From files to units that can be found: scan, plan, decode, transcribe, encode, store."""
