"""The payment providers that move real money. Each folder is one: how it signs, what it says, and what its library does not check."""
