"""Settings → the stores that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.contract import signature
from gatekeeper.contract.address import StoreAddress
from generator.errors import SettingsError
from generator.release.folder import FolderStore
from generator.release.memory import Memory
from generator.release.settings import ReleaseSettings
from generator.release.signing import Signer, signer
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from generator.release.stores import Stores

if TYPE_CHECKING:
    from generator.release.s3 import S3Store


def open_stores(settings: ReleaseSettings, memory: Path | None = None) -> Stores:
    """Nothing is asked of the stores yet. memory: a folder of this machine for what may be remembered of them."""
    private = settings.store
    public = settings.public_store
    return Stores(
        private=FolderStore(private.folder) if private.folder is not None else _bucket(private, settings),
        public=FolderSite(public.folder, encodings=settings.precompress)
        if public.folder is not None
        else BucketSite(_bucket(public, settings), grace_seconds=settings.grace_seconds),
        signer=_signer(settings) if settings.release_key else None,
        memory=Memory(memory),
    )


def _signer(settings: ReleaseSettings) -> Signer:
    earlier = settings.release_public_keys
    return signer(
        signature.private_key(settings.release_key), signature.public_keys(earlier) if earlier else {}
    )


def _bucket(address: StoreAddress, settings: ReleaseSettings) -> S3Store:
    if settings.s3 is None:
        raise SettingsError("an s3:// store needs an account", hint="set AWS_ACCESS_KEY_ID and its secret")
    from generator.release.s3 import S3Store  # boto3 takes a third of a second to import

    return S3Store(settings.s3, bucket=address.bucket, prefix=address.prefix)
