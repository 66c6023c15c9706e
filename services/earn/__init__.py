"""Earn promises that each order, check-in and share told through Kafka counts exactly once."""
