"""Expiry: which reminders a day asks for, and what would go; for the service and the command."""
