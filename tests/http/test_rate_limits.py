"""Rate limits: each one of the reliability page, counted across workers, and with the counters' storage away."""

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
from tests.accounts.concurrency import at_once, let_all_hash
from tests.api_client import PASSWORD, Answer, Api
from tests.conftest import make_config, uri_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from halls.mongo.client import Db

EMAIL = "ayesha@example.com"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
NOWHERE = "mongodb://127.0.0.1:1/counters"
THREE = Limit("three", 3, 60)


def close(app: Flask) -> None:
    """Close what an application holds open."""
    app.extensions["halls"].db.client.close()
    close_storage(app.extensions["halls"].rate_limiter)


def close_storage(counting: RateLimiter) -> None:
    """Close a counters' connection, if there is one: the library has no way to do only that."""
    storage: Any = counting._storage  # noqa: SLF001 - see above
    if storage._storage:  # noqa: SLF001 - see above
        storage.storage.close()


@pytest.fixture(scope="session")
def workers(worker_uri: str) -> Iterator[list[Flask]]:
    """Two applications with limits on one database, as two workers have it."""
    apps = [make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on")) for _ in range(2)]
    yield apps
    for app in apps:
        close(app)


@pytest.fixture
def client(workers: list[Flask], db: Db) -> Callable[..., Api]:
    """What makes clients of a worker, at a network address."""
    db.rate_limit_counters.delete_many({})
    return lambda address=HOME, worker=0: at(workers[worker], address)


def at(app: Flask, address: str, forwarded: str | None = None) -> Api:
    """Return a client whose requests come from that address."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    if forwarded is not None:
        client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    return Api(client)


def assert_limited(answer: Answer, amount: int, seconds: int) -> None:
    """See that a refusal says all that a client must know."""
    assert (answer.status, answer.code, answer.json["details"]) == (429, "rate_limited", [])
    assert 1 <= int(answer.headers["Retry-After"]) <= seconds
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    assert [answer.headers[name] for name in names] == [str(amount), "0", answer.headers["Retry-After"]]


ROWS = [
    ("/auth/signup", 20),
    ("/auth/login", 30),
    ("/auth/google", 20),
    ("/auth/forgot-password", 20),
    ("/auth/reset-password", 20),
]


@pytest.mark.parametrize(("path", "amount"), ROWS)
def test_an_address_may_ask_so_often_a_minute_of_all_workers_together(
    client: Callable[..., Api], path: str, amount: int
) -> None:
    workers = [client(), client(worker=1)]
    for number in range(amount):
        answer = workers[number % 2].post(path, {})
        assert answer.status == 422
        assert answer.headers["RateLimit-Limit"] == str(amount)
        assert answer.headers["RateLimit-Remaining"] == str(amount - number - 1)
        assert 1 <= int(answer.headers["RateLimit-Reset"]) <= 60
    for worker in workers:
        assert_limited(worker.post(path, {}), amount, 60)
    assert client(ELSEWHERE).post(path, {}).status == 422


@pytest.mark.parametrize(
    ("path", "amount"), [("/bookings", 30), ("/uploads/sign-s3", 60), ("/uploads/sign-cloudinary", 60)]
)
def test_an_account_may_ask_so_often_a_minute_from_wherever(client: Callable[..., Api], path: str, amount: int) -> None:
    owner = client().owner()
    for number in range(amount):
        answer = client((HOME, ELSEWHERE)[number % 2], number % 2).post(path, {"nonsense": 1}, as_=owner)
        assert answer.status == 422
        assert answer.headers["RateLimit-Remaining"] == str(amount - number - 1)
    assert_limited(client("192.0.2.1", 1).post(path, {}, as_=owner), amount, 60)
    assert client().post(path, {"nonsense": 1}, as_=client().owner()).status == 422


def test_nothing_else_is_counted(client: Callable[..., Api], db: Db) -> None:
    api = client()
    token = api.owner()
    db.rate_limit_counters.delete_many({})
    answers = [
        api.get(path, as_=token) for path in ("/health", "/auth/me", "/venues/mine", "/venues/search", "/bookings")
    ]
    assert {answer.status for answer in answers} == {200}
    assert not any("RateLimit-Limit" in answer.headers for answer in answers)
    assert db.rate_limit_counters.count_documents({}) == 0


def log_in(api: Api, password: str, email: str = EMAIL) -> Answer:
    """Log in."""
    return api.post("/auth/login", {"email": email, "password": password})


def test_ten_wrong_passwords_are_enough_for_an_account_from_one_address(client: Callable[..., Api]) -> None:
    client().sign_up(email=EMAIL)
    client().sign_up(email="bilal@example.com")
    for number in range(10):
        assert log_in(client(worker=number % 2), "wrong horse 7", EMAIL.upper()).code == "bad_credentials"
    for worker in (0, 1):
        assert_limited(log_in(client(worker=worker), PASSWORD), 10, 300)
    assert log_in(client(ELSEWHERE), PASSWORD).status == 200
    assert log_in(client(), PASSWORD, "bilal@example.com").status == 200
    # That the owner got in elsewhere gives the guesser no new tries.
    assert_limited(log_in(client(), PASSWORD), 10, 300)


def test_fifty_wrong_logins_are_limited_while_the_owner_elsewhere_gets_in(
    client: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_all_hash(monkeypatch)
    client().sign_up(email=EMAIL)
    clients = [client(worker=number % 2) for number in range(50)]
    answers = at_once([lambda api=api: log_in(api, "wrong horse 7") for api in clients])  # type: ignore[misc] # bound early
    statuses = [answer.status for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 40)
    assert log_in(client(ELSEWHERE), PASSWORD).status == 200


def test_an_address_that_is_nobodys_is_limited_the_same(client: Callable[..., Api]) -> None:
    said = [log_in(client(), "wrong horse 7", "nobody@example.com").status for _ in range(11)]
    assert said == [401] * 10 + [429]


def test_the_right_password_forgives_the_wrong_ones(client: Callable[..., Api]) -> None:
    client().sign_up(email=EMAIL)
    for _ in range(2):
        assert {log_in(client(), "wrong horse 7").status for _ in range(9)} == {401}
        assert log_in(client(), PASSWORD).status == 200


def test_a_session_may_guess_its_own_password_ten_times(client: Callable[..., Api]) -> None:
    token, other = client().sign_up(email=EMAIL)["token"], client().guest()
    wrong, right = ({"password": password, "new_password": PASSWORD} for password in ("wrong horse 7", PASSWORD))
    for number in range(5):
        api = client((HOME, ELSEWHERE)[number % 2], number % 2)
        assert api.post("/auth/change-password", wrong, as_=token).code == "bad_credentials"
        assert api.send("DELETE", "/auth/me", {"password": "x"}, as_=token).code == "bad_credentials"
    assert_limited(client().post("/auth/change-password", right, as_=token), 10, 300)
    assert_limited(client(worker=1).send("DELETE", "/auth/me", {"password": PASSWORD}, as_=token), 10, 300)
    assert client().post("/auth/change-password", right, as_=other).status == 200


def test_a_right_password_forgives_a_sessions_guesses(client: Callable[..., Api]) -> None:
    token = client().sign_up(email=EMAIL)["token"]
    for _ in range(2):
        for _ in range(9):
            wrong = {"password": "wrong horse 7", "new_password": PASSWORD}
            assert client().post("/auth/change-password", wrong, as_=token).status == 401
        right = {"password": PASSWORD, "new_password": PASSWORD}
        token = client().post("/auth/change-password", right, as_=token).data["token"]


SAME_NETWORK = [
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("203.0.113.7", "203.0.113.8", False),
    ("203.0.113.7", "::ffff:203.0.113.7", True),
    ("::ffff:203.0.113.7", "::ffff:198.51.100.9", False),
    ("fe80::1%eth0", "fe80::2%eth0", True),
    ("", "not an address", True),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME_NETWORK)
def test_a_person_is_an_address_or_a_network_of_ipv6(
    client: Callable[..., Api], one: str, other: str, *, same: bool
) -> None:
    left = [client(address).post("/auth/signup", {}).headers["RateLimit-Remaining"] for address in (one, other)]
    assert left == (["19", "18"] if same else ["19", "19"])


# Proxies that are trusted, who connects, X-Forwarded-For, and who it is then.
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


@pytest.mark.parametrize(("proxies", "peer", "header", "who"), FORWARDED)
def test_a_forwarded_address_counts_only_behind_so_many_proxies(
    worker_uri: str, monkeypatch: pytest.MonkeyPatch, proxies: int, peer: str, header: str | None, who: str
) -> None:
    app = create_app(make_config(mongo_uri=worker_uri, trusted_proxies=proxies))
    app.extensions["halls"].is_prepared = True
    seen: list[str] = []

    def note(_limiter: RateLimiter, _limit: Limit, *who: str) -> dict[str, str]:
        seen.extend(who)
        return {}

    monkeypatch.setattr(RateLimiter, "hit", note)
    at(app, peer, header).post("/auth/signup", {})
    app.extensions["halls"].db.client.close()
    assert seen == [who]


def test_the_counters_hold_nobodys_address_and_are_swept_away(client: Callable[..., Api], db: Db) -> None:
    log_in(client(), "wrong horse 7")
    counters = db.rate_limit_counters.with_options(read_concern=ReadConcern("local"))
    kept = list(counters.find())
    assert len(kept) == 2
    assert "ayesha" not in json_util.dumps(kept)
    assert HOME not in json_util.dumps(kept)
    indexes = db.rate_limit_counters.index_information().values()
    assert [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index] == [0]


def test_requests_at_once_are_counted_each(client: Callable[..., Api]) -> None:
    clients = [client(worker=number % 2) for number in range(30)]
    answers = at_once([lambda api=api: api.post("/auth/signup", {}) for api in clients])  # type: ignore[misc] # bound early
    statuses = [answer.status for answer in answers]
    assert (statuses.count(422), statuses.count(429)) == (20, 10)


def limiter(**settings: Any) -> RateLimiter:
    """Return a limiter that counts."""
    return RateLimiter(make_config(rate_limits="on", **settings))


def test_after_its_time_everybody_begins_anew() -> None:
    counting, brief = limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://"), Limit("brief", 1, 1)
    assert counting.hit(brief, "a") == {"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": "1"}
    with pytest.raises(RateLimited):
        counting.hit(brief, "a")
    time.sleep(1.1)
    assert counting.hit(brief, "a")["RateLimit-Remaining"] == "0"


@pytest.mark.parametrize("expiry", [-10.0, 0.0, 30.0, 18_000.0])
def test_nobody_is_told_to_wait_longer_than_the_limit_lasts(monkeypatch: pytest.MonkeyPatch, expiry: float) -> None:
    # The library takes the local time of the machine for a counter that was swept away meanwhile.
    monkeypatch.setattr(MemoryStorage, "get_expiry", lambda *_: time.time() + expiry)  # noqa: TID251 - as the library
    counting = limiter(mongo_uri=NOWHERE, rate_limit_storage_uri="memory://")
    assert 1 <= int(counting.hit(THREE, "a")["RateLimit-Reset"]) <= 60


def test_threads_that_count_first_at_once_open_one_connection(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    open_client = MongoDBStorage._init_mongo_client  # noqa: SLF001 - where the library connects

    def note(storage: MongoDBStorage, uri: str, **options: Any) -> Any:
        opened.append(uri)
        time.sleep(0.05)
        return open_client(storage, uri, **options)

    monkeypatch.setattr(MongoDBStorage, "_init_mongo_client", note)
    counting = limiter(mongo_uri=worker_uri)
    at_once([lambda: counting.hit(Limit("many", 100, 60), "a")] * 8)
    close_storage(counting)
    assert opened == [worker_uri]


def test_off_counts_nothing(app: Flask, db: Db) -> None:
    api = at(app, HOME)
    answers = [api.post("/auth/signup", {}) for _ in range(25)]
    assert {answer.status for answer in answers} == {422}
    assert not any("RateLimit-Limit" in answer.headers for answer in answers)
    assert db.rate_limit_counters.count_documents({}) == 0


def test_the_counters_can_have_a_database_of_their_own(mongo_uri: str, fresh_uri: str) -> None:
    counting = limiter(mongo_uri=uri_of(mongo_uri, "unused"), rate_limit_storage_uri=fresh_uri)
    counting.hit(THREE, "a")
    close_storage(counting)
    db = connect(fresh_uri)
    assert len(list(db.rate_limit_counters.with_options(read_concern=ReadConcern("local")).find())) == 1
    assert "unused" not in db.client.list_database_names()
    db.client.close()


@pytest.fixture
def dead(worker_uri: str, db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Flask]]:  # noqa: ARG001 - empty first
    """Two workers whose counters' storage is not there."""
    monkeypatch.setattr(rate_limits, "STORAGE_SECONDS", 0.05)
    config = make_config(mongo_uri=worker_uri, rate_limits="on", rate_limit_storage_uri=NOWHERE)
    apps = [create_app(config) for _ in range(2)]
    for app in apps:
        app.extensions["halls"].is_prepared = True
    yield apps
    for app in apps:
        close(app)


@pytest.mark.parametrize(("path", "amount"), [("/auth/login", 30), ("/auth/reset-password", 20)])
def test_without_storage_guessing_is_counted_by_each_process(dead: list[Flask], path: str, amount: int) -> None:
    assert [at(dead[0], HOME).post(path, {}).status for _ in range(amount)] == [422] * amount
    assert_limited(at(dead[0], HOME).post(path, {}), amount, 60)
    assert at(dead[0], ELSEWHERE).post(path, {}).status == 422
    assert at(dead[1], HOME).post(path, {}).status == 422


def test_without_storage_a_person_who_logs_in_often_is_no_guesser(dead: list[Flask]) -> None:
    api = at(dead[0], HOME)
    api.sign_up(email=EMAIL)
    assert {log_in(api, PASSWORD).status for _ in range(12)} == {200}
    assert [log_in(api, "wrong horse 7").status for _ in range(11)] == [401] * 10 + [429]
    assert log_in(at(dead[0], ELSEWHERE), PASSWORD).status == 200


def test_without_storage_everything_else_goes_on_and_one_warning_a_minute_says_so(
    dead: list[Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, owner = at(dead[0], HOME), at(dead[0], HOME).owner()
    began = time.monotonic()
    with structlog.testing.capture_logs() as lines:
        for path in ("/auth/signup", "/auth/forgot-password", "/auth/google", "/bookings"):
            statuses = {api.post(path, {}, as_=owner).status for _ in range(25)}
            assert statuses == {422}
    assert time.monotonic() - began < 5
    assert [line["log_level"] for line in lines if "counters" in line["event"]] in ([], ["warning"])
    monkeypatch.setattr(rate_limits, "WARN_SECONDS", -1)
    monkeypatch.setattr(rate_limits, "AWAY_SECONDS", 0)
    dead[1].extensions["halls"].rate_limiter.hit(THREE, "a")
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            dead[1].extensions["halls"].rate_limiter.hit(THREE, "a")
    assert [line["event"] for line in lines] == ["the counters of rate limits are out of reach"] * 2


def test_a_storage_that_stays_away_is_told_of_once_a_minute(dead: list[Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "AWAY_SECONDS", 0)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            assert dead[0].extensions["halls"].rate_limiter.hit(THREE, "a") == {}
    assert [line["event"] for line in lines] == ["the counters of rate limits are out of reach"]


def test_a_storage_that_is_back_counts_again(db: Db, worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db.rate_limit_counters.delete_many({})
    counting = limiter(mongo_uri=worker_uri)
    with monkeypatch.context() as away:
        away.setattr(counting._storage, "incr", _raise_storage_error)  # noqa: SLF001 - the wire's end
        assert counting.hit(THREE, "a") == {}
        assert counting.hit(THREE, "a") == {}
    assert counting.hit(THREE, "a") == {}
    monkeypatch.setattr(counting, "_away_until", 0.0)
    assert counting.hit(THREE, "a")["RateLimit-Remaining"] == "2"
    close_storage(counting)
    assert rate_limits.AWAY_SECONDS <= 10


def _raise_storage_error(*_: Any) -> None:
    raise rate_limits.StorageError(OSError("away"))
