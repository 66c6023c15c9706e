"""A database that is migrated under services that run, and services older or newer than it."""
