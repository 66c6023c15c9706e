"""The specification, example by example, and the laws that hold whatever is told."""
