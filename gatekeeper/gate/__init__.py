"""The hot path: token → entitlements → decision → signed URL. No database, no framework, no clock of its own (rule R7)."""
