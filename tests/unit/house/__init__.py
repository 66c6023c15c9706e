"""The house: what the documents say is there, and nothing is in them that should not be."""
