"""Chooses by the settings how granted objects leave, and puts the delivery routes behind the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.delivery.accel import Handover
from gatekeeper.delivery.cloudfront import CourseCookies
from gatekeeper.delivery.desk import Desk
from gatekeeper.delivery.policy import CloudFrontUrls, PolicySigner
from gatekeeper.delivery.wsgi import Delivery
from gatekeeper.gate.lock import Lock
from gatekeeper.gate.sign import FolderSigner, S3Signer, UrlSigner
from gatekeeper.secrets import derive
from gatekeeper.settings import CloudFront, Settings
from gatekeeper.stores.reader import FolderReader
from gatekeeper.stores.shelf import Shelf
from gatekeeper.web.answer import Dress

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from gatekeeper.gate.wsgi import Doors

STORE_URLS = "store urls"  # the purpose under which the key of the gatekeeper's own signed URLs is derived
COURSE_SEALS = "cloudfront course seals"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """signer: of the URLs that readers get. shelf: answers `/store/…`. pictures: where composed pages may load them from, beside this service."""

    signer: UrlSigner
    shelf: Shelf | Handover | None
    pictures: str


def way_out(settings: Settings) -> WayOut:
    """nginx's internal locations where the settings name them, else CloudFront, else the bucket itself, else this service for a folder."""
    own = FolderSigner(
        derive(settings.secret_key, STORE_URLS),
        origin=settings.gatekeeper_url,
        lifetime_seconds=settings.url_seconds,
    )
    bucket = None
    if settings.store.folder is None:
        if settings.s3 is None:
            raise ValueError("an S3 store needs an account")
        bucket = S3Signer(
            settings.s3,
            bucket=settings.store.bucket,
            prefix=settings.store.prefix,
            lifetime_seconds=settings.url_seconds,
        )
    prefix = settings.delivery.accel_prefix
    if prefix:
        return WayOut(signer=own, shelf=Handover(own, prefix=prefix, bucket=bucket), pictures="")
    cloudfront = settings.delivery.cloudfront
    if cloudfront is not None:
        urls = CloudFrontUrls(_policies(cloudfront, settings), origin=cloudfront.origin)
        return WayOut(signer=urls, shelf=None, pictures=cloudfront.origin)
    if bucket is not None:
        return WayOut(signer=bucket, shelf=None, pictures=bucket.origin)
    if settings.store.folder is None:
        raise ValueError("a store is a folder or a bucket")
    return WayOut(signer=own, shelf=Shelf(FolderReader(settings.store.folder), own), pictures="")


def delivery(settings: Settings, doors: Doors, next_app: WSGIApplication) -> Delivery:
    """The delivery routes in front of `next_app`, deciding by the gate's own lock."""
    cloudfront = settings.delivery.cloudfront
    courses = None
    if cloudfront is not None:
        courses = CourseCookies(
            _policies(cloudfront, settings),
            origin=cloudfront.origin,
            domain=cloudfront.domain,
            seal_key=derive(settings.secret_key, COURSE_SEALS),
        )
    return Delivery(
        Desk(
            library=doors.library,
            lock=Lock(doors.verifier, doors.revoked, cookie=doors.entitlement_cookie),
            signer=doors.signer,
        ),
        next_app,
        dress=Dress(site_origin=doors.site_origin, is_secure=doors.is_secure),
        clock=doors.clock,
        store=doors.signer if isinstance(doors.signer, FolderSigner) else None,
        courses=courses,
    )


def _policies(cloudfront: CloudFront, settings: Settings) -> PolicySigner:
    return PolicySigner(
        cloudfront.private_key, key_id=cloudfront.key_id, lifetime_seconds=settings.url_seconds
    )
