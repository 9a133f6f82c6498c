"""If the database fails while the file is sent, the client sees that the file is not complete."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from halls.mongo.client import connect
from tests.servers import running_server
from tests.tcp_proxy import TcpProxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

# 20 MB: more than the buffers of the connection hold.
ROWS, NOTES = 10_000, "n" * 2_000


def test_a_file_that_breaks_off_does_not_look_complete(fresh_uri: str, tmp_path: Path) -> None:
    proxy = TcpProxy(fresh_uri)
    proxy.open()
    db = connect(fresh_uri)
    with running_server(mongo_uri=proxy.uri, folder=tmp_path, WEB_WORKERS="1") as server, db.client:
        api = server.api
        api.wait_until_ready()
        token = api.owner()
        booking = {"venue_id": ObjectId(api.list_venue(token)), "date": "2026-02-14", "status": "cancelled"}
        db.bookings.insert_many({**booking, "notes": NOTES} for _ in range(ROWS))
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            connection.request(
                "GET", "/exports/bookings.csv?from=2026-01-01", headers={"Authorization": f"Bearer {token}"}
            )
            response = connection.getresponse()
            assert response.status == 200
            assert response.read(100).startswith(b"\xef\xbb\xbfid,date")
            proxy.close()
            with pytest.raises(IncompleteRead):
                response.read()
        wait_until(lambda: "file not sent completely" in server.log_text())
        assert "Traceback" not in server.log_text()
        proxy.open()
        api.wait_until_ready()
        assert api.get("/statistics", token=token).status == 200
    proxy.close()
