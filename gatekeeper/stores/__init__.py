"""Object stores as the service sees them: where they are, and reading from them. Publishing is the generator's."""
