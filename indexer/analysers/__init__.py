"""From decoded media to units: the frames of a film, the passages of what is said."""
