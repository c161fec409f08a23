"""Passkeys (WebAuthn): made on the account page, used on the sign-in page. They need the gatekeeper under a host name, not an IP address."""
