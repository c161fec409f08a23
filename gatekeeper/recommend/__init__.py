"""What to read next, on the account page. The lists were worked out at the build and are the same for everybody who owns the same."""
