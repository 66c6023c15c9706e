"""The audit on a real database: what it finds, how it goes on, and what it may not do."""
