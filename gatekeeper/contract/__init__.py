"""The vocabulary that the generator and the gatekeeper share: access rules, manifest, object keys, routes.

Standard library only (`signature` and `trust` need `cryptography` too), no I/O, no clock. Whatever the generator writes with
this package the gatekeeper reads with it, so a change here is a change of the contract: bump `manifest.FORMAT` and
renew the golden files.
"""
