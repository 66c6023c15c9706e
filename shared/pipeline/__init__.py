"""Batch in, pure decision, set-based out: one transaction per batch."""
