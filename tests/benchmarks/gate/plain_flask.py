"""What one would write first: a Flask view, PyJWT and boto3. The answer is the gate's.

It is given everything that makes it fast without changing what it is: one client, made once, and gunicorn's threads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
import jwt
from botocore.config import Config
from flask import Flask, Response, jsonify, request

from gatekeeper.contract import manifest
from gatekeeper.contract.access import Allowed, Entitlements, decide
from gatekeeper.secrets import token_keys_from_text

URL_SECONDS = 120


def create() -> Flask:
    app = Flask(__name__)
    parts = manifest.loads(Path(os.environ["BENCH_MANIFEST"]).read_bytes()).parts
    public = token_keys_from_text(os.environ["BENCH_KEYS"])[-1].public()
    store: Any = boto3.client("s3", config=Config(signature_version="s3v4"))

    @app.get("/gate/parts/<path:lesson>")
    def part(lesson: str) -> tuple[Response, int]:
        entry = parts.get(lesson)
        if entry is None:
            return jsonify(reason="unknown"), 404
        try:
            claims = jwt.decode(
                request.cookies.get(os.environ["BENCH_COOKIE"], ""),
                public,
                algorithms=["EdDSA"],
                audience=os.environ["BENCH_AUDIENCE"],
                issuer=os.environ["BENCH_ISSUER"],
            )
        except jwt.InvalidTokenError:
            return jsonify(reason="anonymous"), 401
        owned = Entitlements(reader=claims["sub"], products=claims["products"])
        if not isinstance(decide(entry.access, owned, claims["iat"]), Allowed):
            return jsonify(reason="no-access"), 403
        url = store.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": "private",
                "Key": entry.key,
                "ResponseContentType": entry.media_type,
                "ResponseContentDisposition": 'attachment; filename="part.html"',
            },
            ExpiresIn=URL_SECONDS,
        )
        answer = jsonify(url=url, expires_at=claims["iat"] + URL_SECONDS, media_type=entry.media_type)
        answer.headers["Cache-Control"] = "private, no-store"
        return answer, 200

    return app
