"""Decode pictures: one module for each decoding library, and the table of them."""
