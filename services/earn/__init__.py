"""Earn promises that every order, check-in and share told through Kafka is worth its points exactly once."""
