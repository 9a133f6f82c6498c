"""The literal peer with a login: a password hash of Werkzeug, and a token that is valid for three days."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
from flask import jsonify, request
from werkzeug.security import check_password_hash

from benchmarks.literal import SECRET, app, db, shown

__all__ = ["app"]


@app.post("/auth/login")
def login() -> Any:
    """Return a token and the profile for the right password, and 401 otherwise."""
    sent = request.get_json()
    user = db.users.find_one({"email": sent["email"]})
    if user is None or not check_password_hash(user["literal_hash"], sent["password"]):
        return jsonify(ok=False), 401
    expires = datetime.now(timezone.utc) + timedelta(hours=72)  # noqa: TID251 - a program of its own
    said = {"sub": str(user["_id"]), "email": user["email"], "exp": expires}
    profile = {key: value for key, value in shown(user).items() if "hash" not in key}
    return jsonify(ok=True, data={"token": jwt.encode(said, SECRET), "profile": profile})
