"""Rate limits: each limit of the contract, across workers, and with the storage unreachable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import json_util
from limits.storage import MemoryStorage, MongoDBStorage
from pymongo.read_concern import ReadConcern

from halls.app import create_app
from halls.errors import RateLimited
from halls.http import rate_limits
from halls.http.rate_limits import Limit, RateLimiter
from halls.mongo.client import connect
from halls.server.startup import make_server_app
from tests.accounts.concurrency import allow_concurrent_hashing, at_once
from tests.api_client import ApiClient, ApiResponse
from tests.conftest import make_config, uri_of
from tests.factories import PASSWORD
from tests.http.limiters import close, close_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
NOWHERE = "mongodb://127.0.0.1:1/counters"
THREE = Limit("three", 3, 60)


@pytest.fixture(scope="session")
def workers(worker_uri: str) -> Iterator[list[Flask]]:
    """Two applications with limits on one database, like two workers."""
    apps = [make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on")) for _ in range(2)]
    yield apps
    for app in apps:
        close(app)


@pytest.fixture
def client(workers: list[Flask], db: Db) -> Callable[..., ApiClient]:
    """Return clients of a worker, at a network address."""
    db.rate_limit_counters.delete_many({})
    return lambda address=HOME, worker=0: client_at(workers[worker], address)


def client_at(app: Flask, address: str, forwarded: str | None = None) -> ApiClient:
    """Return a client whose requests come from `address`."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    if forwarded is not None:
        client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    return ApiClient(client)


def assert_limited(response: ApiResponse, amount: int, seconds: int) -> None:
    """Check that a rate-limit response has every required header."""
    assert (response.status, response.code, response.json["details"]) == (429, "rate_limited", [])
    assert 1 <= int(response.headers["Retry-After"]) <= seconds
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    assert [response.headers[name] for name in names] == [str(amount), "0", response.headers["Retry-After"]]


@pytest.mark.parametrize(
    ("path", "amount"),
    # The numbers of the contract, independent of the declarations.
    [("signup", 20), ("google", 20), ("forgot-password", 20), ("reset-password", 20)],
)
def test_an_address_has_a_limit_per_minute_across_all_workers(
    client: Callable[..., ApiClient], path: str, amount: int
) -> None:
    workers = [client(), client(worker=1)]
    for number in range(amount):
        response = workers[number % 2].post(f"/auth/{path}", {})
        assert response.status == 422
        assert response.headers["RateLimit-Limit"] == str(amount)
        assert response.headers["RateLimit-Remaining"] == str(amount - number - 1)
        assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    for worker in workers:
        assert_limited(worker.post(f"/auth/{path}", {}), amount, 60)
    assert client(ELSEWHERE).post(f"/auth/{path}", {}).status == 422


@pytest.mark.parametrize(
    ("path", "amount"), [("/bookings", 30), ("/uploads/sign-s3", 60), ("/uploads/sign-cloudinary", 60)]
)
def test_an_account_has_one_limit_for_all_addresses(client: Callable[..., ApiClient], path: str, amount: int) -> None:
    owner = client().owner()
    for number in range(amount):
        response = client((HOME, ELSEWHERE)[number % 2], number % 2).post(path, {"nonsense": 1}, token=owner)
        assert response.status == 422
        assert response.headers["RateLimit-Remaining"] == str(amount - number - 1)
    assert_limited(client("192.0.2.1", 1).post(path, {}, token=owner), amount, 60)
    assert client().post(path, {"nonsense": 1}, token=client().owner()).status == 422


def test_other_routes_have_no_limit(client: Callable[..., ApiClient], db: Db) -> None:
    api = client()
    token = api.owner()
    db.rate_limit_counters.delete_many({})
    responses = [
        api.get(path, token=token) for path in ("/health", "/auth/me", "/venues/mine", "/venues/search", "/bookings")
    ]
    assert {response.status for response in responses} == {200}
    assert not any("RateLimit-Limit" in response.headers for response in responses)
    assert db.rate_limit_counters.count_documents({}) == 0


def log_in(api: ApiClient, password: str, email: str = EMAIL) -> ApiResponse:
    """Log in."""
    return api.post("/auth/login", {"email": email, "password": password})


def test_an_address_may_send_ten_wrong_passwords_an_account(client: Callable[..., ApiClient]) -> None:
    client().sign_up(email=EMAIL)
    client().sign_up(email="bilal@example.com")
    for number in range(10):
        assert log_in(client(worker=number % 2), "wrong horse 7", EMAIL.upper()).code == "bad_credentials"
    for worker in (0, 1):
        assert_limited(log_in(client(worker=worker), PASSWORD), 10, 300)
    assert log_in(client(ELSEWHERE), PASSWORD).status == 200
    assert log_in(client(), PASSWORD, "bilal@example.com").status == 200
    # A success from another address must not reset the counter of this address.
    assert_limited(log_in(client(), PASSWORD), 10, 300)


def test_limited_wrong_logins_do_not_lock_out_the_owner(
    client: Callable[..., ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_concurrent_hashing(monkeypatch)
    client().sign_up(email=EMAIL)
    clients = [client(worker=number % 2) for number in range(50)]
    responses = at_once([lambda api=api: log_in(api, "wrong horse 7") for api in clients])  # type: ignore[misc] # bound early
    statuses = [response.status for response in responses]
    assert (statuses.count(401), statuses.count(429)) == (10, 40)
    assert log_in(client(ELSEWHERE), PASSWORD).status == 200


def test_an_unknown_email_address_has_the_same_limit(client: Callable[..., ApiClient]) -> None:
    statuses = [log_in(client(), "wrong horse 7", "nobody@example.com").status for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_the_right_password_resets_the_counter(client: Callable[..., ApiClient]) -> None:
    client().sign_up(email=EMAIL)
    for _ in range(2):
        assert {log_in(client(), "wrong horse 7").status for _ in range(9)} == {401}
        assert log_in(client(), PASSWORD).status == 200


def test_a_session_may_send_ten_wrong_passwords(client: Callable[..., ApiClient]) -> None:
    token, other_token = client().sign_up(email=EMAIL)["token"], client().guest()
    wrong, right = ({"password": password, "new_password": PASSWORD} for password in ("wrong horse 7", PASSWORD))
    for number in range(5):
        api = client((HOME, ELSEWHERE)[number % 2], number % 2)
        assert api.post("/auth/change-password", wrong, token=token).code == "bad_credentials"
        assert api.send("DELETE", "/auth/me", {"password": "x"}, token=token).code == "bad_credentials"
    assert_limited(client().post("/auth/change-password", right, token=token), 10, 300)
    assert_limited(client(worker=1).send("DELETE", "/auth/me", {"password": PASSWORD}, token=token), 10, 300)
    assert client().post("/auth/change-password", right, token=other_token).status == 200


def test_the_right_password_resets_the_counter_of_a_session(client: Callable[..., ApiClient]) -> None:
    token = client().sign_up(email=EMAIL)["token"]
    for _ in range(2):
        for _ in range(9):
            wrong = {"password": "wrong horse 7", "new_password": PASSWORD}
            assert client().post("/auth/change-password", wrong, token=token).status == 401
        right = {"password": PASSWORD, "new_password": PASSWORD}
        token = client().post("/auth/change-password", right, token=token).data["token"]


SAME_NETWORK = [
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("203.0.113.7", "203.0.113.8", False),
    ("203.0.113.7", "::ffff:203.0.113.7", True),
    ("::ffff:203.0.113.7", "::ffff:198.51.100.9", False),
    ("fe80::1%eth0", "fe80::2%eth0", True),
    ("", "not an address", True),
]


@pytest.mark.parametrize(("first", "second", "same"), SAME_NETWORK)
def test_limits_count_by_ipv4_address_or_ipv6_network(
    client: Callable[..., ApiClient], first: str, second: str, *, same: bool
) -> None:
    remaining = [client(address).post("/auth/signup", {}).headers["RateLimit-Remaining"] for address in (first, second)]
    assert remaining == (["19", "18"] if same else ["19", "19"])


# Trusted proxies, address of the peer, X-Forwarded-For, and the resulting client address.
FORWARDED = [
    (0, HOME, None, HOME),
    (0, HOME, ELSEWHERE, HOME),
    (0, HOME, f"{ELSEWHERE}, 10.0.0.1", HOME),
    (1, "10.0.0.1", HOME, HOME),
    (1, "10.0.0.1", f"{ELSEWHERE}, {HOME}", HOME),
    (1, "10.0.0.1", f"127.0.0.1, {ELSEWHERE}, {HOME}", HOME),
    (1, "10.0.0.1", None, "10.0.0.1"),
    (1, "10.0.0.1", "garbage", "unknown"),
    (2, "10.0.0.1", f"{HOME}, 10.0.0.2", HOME),
    (2, "10.0.0.1", f"{ELSEWHERE}, {HOME}, 10.0.0.2", HOME),
    (2, "10.0.0.1", HOME, "10.0.0.1"),
]


@pytest.mark.parametrize(("proxies", "peer", "header", "client_address"), FORWARDED)
def test_a_forwarded_address_counts_only_behind_trusted_proxies(
    worker_uri: str, monkeypatch: pytest.MonkeyPatch, proxies: int, peer: str, header: str | None, client_address: str
) -> None:
    app = create_app(make_config(mongo_uri=worker_uri, trusted_proxies=proxies))
    app.extensions["halls"].is_prepared = True
    addresses: list[str] = []

    def record_call(_limiter: RateLimiter, _limit: Limit, *key: str) -> dict[str, str]:
        addresses.extend(key)
        return {}

    monkeypatch.setattr(RateLimiter, "hit", record_call)
    client_at(app, peer, header).post("/auth/signup", {})
    app.extensions["halls"].db.client.close()
    # Once for each limit of the route.
    assert set(addresses) == {client_address}


def test_counters_contain_no_address_and_expire(client: Callable[..., ApiClient], db: Db) -> None:
    log_in(client(), "wrong horse 7")
    counters = db.rate_limit_counters.with_options(read_concern=ReadConcern("local"))
    documents = list(counters.find())
    assert len(documents) == 5
    assert "ayesha" not in json_util.dumps(documents)
    assert HOME not in json_util.dumps(documents)
    indexes = db.rate_limit_counters.index_information().values()
    assert [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index] == [0]


def test_concurrent_requests_are_all_counted(client: Callable[..., ApiClient]) -> None:
    clients = [client(worker=number % 2) for number in range(30)]
    responses = at_once([lambda api=api: api.post("/auth/signup", {}) for api in clients])  # type: ignore[misc] # bound early
    statuses = [response.status for response in responses]
    assert (statuses.count(422), statuses.count(429)) == (20, 10)


def make_limiter(**settings: Any) -> RateLimiter:
    """Return a limiter with limits on."""
    return RateLimiter(make_config(rate_limits="on", **settings))


def test_a_limit_starts_again_after_its_period() -> None:
    limiter, brief = make_limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://"), Limit("brief", 1, 1)
    assert limiter.hit(brief, "a") == {"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": "1"}
    with pytest.raises(RateLimited):
        limiter.hit(brief, "a")
    time.sleep(1.1)
    assert limiter.hit(brief, "a")["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize("expiry", [-10.0, 0.0, 30.0, 18_000.0])
def test_the_reset_time_is_at_most_the_period_of_the_limit(monkeypatch: pytest.MonkeyPatch, expiry: float) -> None:
    # The library returns the machine's local time for a counter that MongoDB has deleted meanwhile.
    monkeypatch.setattr(MemoryStorage, "get_expiry", lambda *_: time.time() + expiry)  # noqa: TID251 - library
    limiter = make_limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://")
    assert 1 <= int(limiter.hit(THREE, "a")["RateLimit-Reset"]) <= 60


def test_concurrent_first_hits_open_one_connection(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_uris: list[str] = []
    open_client = MongoDBStorage._init_mongo_client  # noqa: SLF001 - the library connects here

    def record_call(storage: MongoDBStorage, uri: str, **options: Any) -> Any:
        opened_uris.append(uri)
        time.sleep(0.05)
        return open_client(storage, uri, **options)

    monkeypatch.setattr(MongoDBStorage, "_init_mongo_client", record_call)
    limiter = make_limiter(mongo_uri=worker_uri)
    at_once([lambda: limiter.hit(Limit("many", 100, 60), "a")] * 8)
    close_storage(limiter)
    assert opened_uris == [worker_uri]


def test_without_limits_nothing_is_counted(app: Flask, db: Db) -> None:
    api = client_at(app, HOME)
    responses = [api.post("/auth/signup", {}) for _ in range(25)]
    assert {response.status for response in responses} == {422}
    assert not any("RateLimit-Limit" in response.headers for response in responses)
    assert db.rate_limit_counters.count_documents({}) == 0


def test_the_counters_can_use_another_database(mongo_uri: str, fresh_uri: str) -> None:
    limiter = make_limiter(mongo_uri=uri_of(mongo_uri, "unused"), rate_limit_storage_uri=fresh_uri)
    limiter.hit(THREE, "a")
    close_storage(limiter)
    db = connect(fresh_uri)
    assert len(list(db.rate_limit_counters.with_options(read_concern=ReadConcern("local")).find())) == 1
    assert "unused" not in db.client.list_database_names()
    db.client.close()


@pytest.fixture
def workers_without_storage(worker_uri: str, db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Flask]]:  # noqa: ARG001 - empty first
    """Two workers whose storage is unreachable."""
    monkeypatch.setattr(rate_limits, "STORAGE_SECONDS", 0.05)
    config = make_config(mongo_uri=worker_uri, rate_limits="on", rate_limit_storage_uri=NOWHERE)
    apps = [create_app(config) for _ in range(2)]
    for app in apps:
        app.extensions["halls"].is_prepared = True
    yield apps
    for app in apps:
        close(app)


def test_without_storage_each_process_counts_guesses_of_reset_tokens(workers_without_storage: list[Flask]) -> None:
    path, amount = "/auth/reset-password", 20
    assert [client_at(workers_without_storage[0], HOME).post(path, {}).status for _ in range(amount)] == [422] * amount
    assert_limited(client_at(workers_without_storage[0], HOME).post(path, {}), amount, 60)
    assert client_at(workers_without_storage[0], ELSEWHERE).post(path, {}).status == 422
    assert client_at(workers_without_storage[1], HOME).post(path, {}).status == 422


def test_without_storage_successful_logins_are_not_counted_as_guesses(workers_without_storage: list[Flask]) -> None:
    api = client_at(workers_without_storage[0], HOME)
    api.sign_up(email=EMAIL)
    assert {log_in(api, PASSWORD).status for _ in range(12)} == {200}
    assert [log_in(api, "wrong horse 7").status for _ in range(11)] == [401] * 10 + [429]
    assert log_in(client_at(workers_without_storage[0], ELSEWHERE), PASSWORD).status == 200


def test_without_storage_other_requests_continue_and_a_warning_is_logged(
    workers_without_storage: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, owner = client_at(workers_without_storage[0], HOME), client_at(workers_without_storage[0], HOME).owner()
    started_at = time.monotonic()
    with structlog.testing.capture_logs() as log_lines:
        for path in ("/auth/signup", "/auth/forgot-password", "/auth/google", "/bookings"):
            statuses = {api.post(path, {}, token=owner).status for _ in range(25)}
            assert statuses == {422}
    assert time.monotonic() - started_at < 5
    assert [entry["log_level"] for entry in log_lines if "counters" in entry["event"]] in ([], ["warning"])
    monkeypatch.setattr(rate_limits, "WARN_SECONDS", -1)
    monkeypatch.setattr(rate_limits, "AWAY_SECONDS", 0)
    workers_without_storage[1].extensions["halls"].rate_limiter.hit(THREE, "a")
    with structlog.testing.capture_logs() as log_lines:
        for _ in range(2):
            workers_without_storage[1].extensions["halls"].rate_limiter.hit(THREE, "a")
    assert [entry["event"] for entry in log_lines] == ["the counters of rate limits are out of reach"] * 2


def test_an_unreachable_storage_is_logged_once_a_minute(
    workers_without_storage: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "AWAY_SECONDS", 0)
    with structlog.testing.capture_logs() as log_lines:
        for _ in range(3):
            assert workers_without_storage[0].extensions["halls"].rate_limiter.hit(THREE, "a") == {}
    assert [entry["event"] for entry in log_lines] == ["the counters of rate limits are out of reach"]


def test_a_hit_is_one_query_of_mongodb(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = make_limiter(mongo_uri=worker_uri)
    monkeypatch.setattr(limiter._storage, "get_expiry", _raise_storage_error)  # noqa: SLF001 - a second query
    assert limiter.hit(THREE, "one query")["RateLimit-Remaining"] == "2"
    close_storage(limiter)


def test_a_restored_storage_counts_again(db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db.rate_limit_counters.delete_many({})
    limiter = make_limiter(mongo_uri=worker_uri)
    with monkeypatch.context() as patch:
        patch.setattr(limiter._storage, "increment", _raise_storage_error)  # noqa: SLF001 - the last call before the network
        assert [limiter.hit(THREE, "a") for _ in range(2)] == [{}, {}]
    assert limiter.hit(THREE, "a") == {}
    monkeypatch.setattr(limiter, "_away_until", 0.0)
    assert limiter.hit(THREE, "a")["RateLimit-Remaining"] == "2"
    close_storage(limiter)
    assert rate_limits.AWAY_SECONDS <= 10


def _raise_storage_error(*_: Any) -> None:
    raise rate_limits.StorageError(OSError("unreachable"))
