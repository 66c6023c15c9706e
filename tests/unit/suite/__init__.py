"""What the suite asks of itself as a whole."""
