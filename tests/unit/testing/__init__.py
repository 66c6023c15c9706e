"""What other teams' suites import."""
