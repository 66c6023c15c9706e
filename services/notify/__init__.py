"""Notify promises that each member is told each thing once, in an inbox that never fails."""
