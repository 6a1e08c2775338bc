"""How well models find captioned pictures, and what they cost on this machine."""
