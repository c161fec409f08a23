"""A lesson as one page, for readers without JavaScript: the public page with its part, or with the way to get it."""
