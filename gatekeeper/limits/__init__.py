"""How much one reader and one address may ask, and the alarm when one reader is read from many networks."""
