"""Which files beside a picture, film or recording belong to it, by their names."""
