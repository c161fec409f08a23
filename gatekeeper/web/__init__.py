"""What all pages of the service share: language and texts, look, cookies, form protection, headers, error pages."""
