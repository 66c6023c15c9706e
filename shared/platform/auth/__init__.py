"""Who asks, and what they may do: bearer tokens, verified once and remembered; guards of routes."""
