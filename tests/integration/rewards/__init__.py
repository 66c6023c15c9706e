"""Rewards in a real database."""
