"""nginx sends, the gatekeeper decides: `X-Accel-Redirect` in the place of an object's bytes.

With LYCEUM_ACCEL_REDIRECT the gatekeeper signs its own `/store/…` URLs, whatever the store is, and answers them with an internal address of the
nginx in front of it (docs/deploy/nginx):

    <prefix>folder/<key>                 the store is a folder on nginx's machine
    <prefix>bucket<path>?<signature>     the store is a bucket; nginx fetches with a URL that no reader ever sees

So nobody holds an address of the bucket, ranges and slow readers are nginx's work, and everything else, pages and scripts included, stays as
it is. Without such an nginx the answer has no bytes; `gatekeeper doctor` notices.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from gatekeeper.gate.sign import FolderSigner, S3Signer
from gatekeeper.web.answer import STORE_POLICY, Answer, as_json

_UNSIGNED = as_json("403 Forbidden", {"reason": "signature"})


class Handover:
    """Answers `/store/<key>?<signature>` in the shelf's place. prefix: with a final slash. bucket: None for a folder."""

    def __init__(self, signer: FolderSigner, *, prefix: str, bucket: S3Signer | None) -> None:
        self._signer = signer
        self._prefix = prefix
        self._bucket = bucket

    def answer(self, key: str, query: str, *, wanted: str, condition: str, now: int) -> Answer:
        """wanted, condition: ranges are nginx's business."""
        labels = self._signer.opened(key, query, now)
        if labels is None:
            return _UNSIGNED
        if self._bucket is None:
            place = f"{self._prefix}folder/{quote(key)}"
        else:
            signed = self._bucket.sign(
                key, media_type=labels.media_type, disposition=labels.disposition, now=now
            )
            parts = urlsplit(signed.url)
            place = f"{self._prefix}bucket{parts.path}?{parts.query}"
        return Answer(
            status="200 OK",
            headers=(
                ("X-Accel-Redirect", place),
                ("Content-Type", labels.media_type),
                ("Content-Disposition", labels.disposition),
            ),
            policy=STORE_POLICY,
        )
