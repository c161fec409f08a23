"""The author's side of Lyceum: Markdown in git becomes a public site, private parts and a release.

The stages, in the order in which values flow (each is a function value in → value out):

    catalogue.read → access.split → site.build → site.leak_check → release.bundle → release.publish

`generator` imports `gatekeeper.contract` and nothing else of the service (rule R5).
"""
