"""The pipeline on real PostgreSQL: poison, trouble, the brake, parking, races."""
