"""The merchant's rules as one versioned document."""
