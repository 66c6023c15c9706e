"""The operator's commands against a real database and a real broker."""
