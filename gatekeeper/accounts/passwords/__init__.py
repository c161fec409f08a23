"""Optional passwords: what one may be, how it is hashed and kept, signing in with it, and changing it."""
