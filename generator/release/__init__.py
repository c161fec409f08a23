"""Site + parts → Release → object store: bundle, plan, publish, roll back.

release    the value: manifest, private objects, public files
bundle     how a build becomes one
store      what an object store promises; `folder`, `s3` keep it
public     where the site is shown; `site_folder`, `site_bucket`
history    the chain of pointers
probe      whether a store is fit
plan       what a publish would do
publish    upload, verify, switch
switch     the change of scene and the pointer
rollback   back to an earlier release, and the list of them
settings   the environment; `opening` makes stores of it
"""

from __future__ import annotations

from generator.release.bundle import bundle
from generator.release.listing import ReleaseRow, releases
from generator.release.opening import open_stores
from generator.release.plan import Plan, plan
from generator.release.publish import Published, publish
from generator.release.release import PrivateObject, PublicFile, Release
from generator.release.rollback import rollback
from generator.release.settings import ReleaseSettings
from generator.release.store import ConditionFailedError, ObjectStore, StoredObject
from generator.release.stores import Stores

__all__ = [
    "ConditionFailedError",
    "ObjectStore",
    "Plan",
    "PrivateObject",
    "PublicFile",
    "Published",
    "Release",
    "ReleaseRow",
    "ReleaseSettings",
    "StoredObject",
    "Stores",
    "bundle",
    "open_stores",
    "plan",
    "publish",
    "releases",
    "rollback",
]
