"""What services show of themselves, on a real database."""
