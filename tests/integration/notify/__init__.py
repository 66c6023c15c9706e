"""Notify on real servers: each thing told once, whatever dies or answers late."""
