"""A small shop that tells Jifen of its orders."""
