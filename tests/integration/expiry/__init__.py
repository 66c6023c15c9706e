"""Expiry on a real database: the sweep, the reminders, and what operators ask for."""
