"""boto3 clients for a school's account.

Signature Version 4 always, which boto3 does not choose everywhere by itself; path or virtual-hosted addresses; request checksums
only where they are required, since not every server knows the new ones. Trying again is left to `s3`, which is bounded in time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from generator.release.parallel import AT_ONCE
from generator.release.settings import S3Access

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 3
READ_SECONDS = 10


@lru_cache(maxsize=4)
def clients(access: S3Access) -> tuple[S3Client, S3Client]:
    """Signed and unsigned; both stores of a school share them, since they are safe in threads and slow to make."""
    session = boto3.session.Session(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        aws_session_token=access.session_token or None,
        region_name=access.region,
    )
    return _client(session, access, is_signed=True), _client(session, access, is_signed=False)


def _client(session: boto3.session.Session, access: S3Access, *, is_signed: bool) -> S3Client:
    return session.client(
        "s3",
        endpoint_url=access.endpoint or None,
        config=Config(
            signature_version="s3v4" if is_signed else UNSIGNED,
            s3={"addressing_style": "virtual" if access.is_virtual_hosted else "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=2 * AT_ONCE,
        ),
    )
