"""What signing in costs the others, and what its time tells."""
