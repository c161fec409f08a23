"""The life of an account after the first sign-in: another address, two accounts made one, guests, export, deletion."""
