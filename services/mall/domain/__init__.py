"""What a member sees, worked out of what the views say. Pure."""
