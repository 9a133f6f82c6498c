"""The HTML documents of the pages: headers, settings, preloads, link previews, and WEB_PAGES=off."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from halls.app import create_app
from halls.uploads.s3 import sign_s3_put
from halls.web.assets import list_pages, read_assets
from halls.web.link_preview import cut_description, describe_venue, find_venue_preview
from halls.web.shell import DESCRIPTION, Preview, list_upload_origins, make_headers, render_document
from tests.api_client import ApiClient
from tests.conftest import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from halls.web.assets import Page

PAGES = list_pages()
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob: https:; "
    "media-src 'self' https:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)
WORDS = re.compile("/words/(.*)[.]js")
VENUE: dict[str, Any] = {
    "venue_name": "Pearl Hall",
    "type": "Hall",
    "capacity": 1200,
    "address": "1 Main Road, Karachi",
    "additional_description": None,
    "pictures": [],
}


class Head(HTMLParser):
    """Reads the meta elements, the links and the title of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a meta element or a link."""
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.meta[values.get("name") or values.get("property", "")] = values.get("content", "")
        if tag == "link":
            self.links.append((values["rel"], values["href"]))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data.strip())


@contextmanager
def serving(uri: str, **settings: Any) -> Iterator[ApiClient]:
    """Yield a client of an application with these settings."""
    app = create_app(make_config(mongo_uri=uri, **settings))
    with closing(app.extensions["halls"].db.client):
        yield ApiClient(app.test_client())


def policy_of(**settings: Any) -> dict[str, str]:
    """Return the directives of the policy with these settings."""
    policy = make_headers(make_config(**settings))["Content-Security-Policy"]
    return dict(rule.split(" ", 1) for rule in policy.split("; "))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_has_exactly_these_headers(api: ApiClient, page: Page) -> None:
    response = api.get(re.sub("<.*?>", "0123456789abcdef01234567", page.path))
    expected = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
    others = {"Content-Length", "ETag", "X-Request-ID", "Vary", "Date"}
    assert {name: value for name, value in response.headers.items() if name not in others} == expected


def test_an_unchanged_page_gets_a_304_response(api: ApiClient) -> None:
    etag = api.get("/find").headers["ETag"]
    assert api.get("/find", If_None_Match=etag).status == 304


def test_a_page_accepts_any_query(api: ApiClient) -> None:
    assert api.get("/find?place=a&place=b&utm_source=x").status == 200


def test_a_page_preloads_its_whole_import_graph(api: ApiClient) -> None:
    links = Head(api.get("/find").text).links
    assets = read_assets(follows_files=False)
    preloaded = [href for rel, href in links if rel == "modulepreload"]
    graph = dict.fromkeys([*assets.list_imports("app.js"), *assets.list_imports("results/page.js")])
    assert preloaded == [assets.address(name) for name in [*graph, "words/en.js"]]
    styles = [href for rel, href in links if rel == "stylesheet"]
    assert styles == [assets.address(f"styles/{name}.css") for name in ("base", "parts", "results")]
    for _, href in links:
        assert api.get(href).status == 200, href


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", None, "", "en"),
        ("", None, "en;q=0.8,ur-PK,ur;q=0.9", "ur"),
        ("", None, "en-GB,ur;q=0.9", "en"),
        ("", None, "de", "en"),
        ("", "en", "ur", "en"),
        ("?lang=ur", "en", "en", "ur"),
        ("?lang=xx", "ur", "en", "ur"),
        ("?lang=xx", "xx", "ur", "ur"),
    ],
)
def test_a_page_preloads_the_words_of_its_reader(
    api: ApiClient, query: str, cookie: str | None, accepted: str, language: str
) -> None:
    if cookie:
        api.client.set_cookie("halls_language", cookie)
    page = api.get(f"/find{query}", Accept_Language=accepted)
    direction = "rtl" if language == "ur" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page.text
    assert WORDS.findall(page.text) == [language]
    assert {"Cookie", "Accept-Language"} <= set(page.headers["Vary"].split(", "))


def test_the_settings_are_in_meta_elements() -> None:
    config = make_config(
        google_client_id="web.example other.example", map_tiles_url="https://{s}.tiles.example/{z}/{x}/{y}.png",
        map_credit="© Tiles", max_video_mb=12.5, public_url="https://halls.example",
    )  # fmt: skip
    meta = Head(render_document(config, read_assets(follows_files=False), PAGES[0], Preview(), "en")).meta
    assert {name: value for name, value in meta.items() if name.startswith("halls:")} == {
        "halls:google-client-id": "web.example",
        "halls:map-tiles": "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "halls:map-credit": "© Tiles",
        "halls:public-url": "https://halls.example",
        "halls:max-video-mb": "12.5",
    }


def test_the_policy_lets_in_the_tiles() -> None:
    policy = policy_of(map_tiles_url="https://{s}.tiles.example:8443/{z}/{x}/{y}.png")
    assert policy["img-src"] == "'self' data: blob: https: https://*.tiles.example:8443"


def test_own_pictures_only() -> None:
    policy = policy_of(
        web_image_sources="own", s3_bucket="b", s3_region="eu-west-1", s3_public_url="https://cdn.example/a"
    )
    origins = "https://b.s3.eu-west-1.amazonaws.com https://cdn.example"
    assert policy["img-src"] == f"'self' data: blob: {origins}"
    assert policy["media-src"] == f"'self' {origins}"
    assert policy_of(web_image_sources="own")["img-src"] == "'self' data: blob:"


def test_the_policy_lets_uploads_through_to_cloudinary() -> None:
    policy = policy_of(cloudinary_cloud_name="halls", web_image_sources="own")
    assert policy["connect-src"] == "'self' https://api.cloudinary.com"
    assert policy["img-src"] == "'self' data: blob: https://res.cloudinary.com"


def test_requests_go_only_where_files_are_sent() -> None:
    policy = policy_of(s3_bucket="b", s3_region="eu-west-1", s3_public_url="https://cdn.example/a")
    assert policy["connect-src"] == "'self' https://b.s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "settings",
    [
        {"s3_bucket": "halls", "s3_region": "eu-west-1"},
        {"s3_bucket": "halls", "s3_region": "us-east-1"},
        {"s3_bucket": "media.halls.example", "s3_region": "me-south-1"},
        {"s3_bucket": "halls", "s3_region": "auto", "s3_endpoint_url": "https://storage.example:9000"},
    ],
    ids=str,
)
def test_the_policy_names_the_origin_of_signed_uploads(settings: dict[str, str]) -> None:
    config = make_config(aws_access_key_id="key", aws_secret_access_key="secret", **settings)
    url = sign_s3_put(config, "a.webp", "image/webp", 10, seconds=60).upload_url
    assert list_upload_origins(config) == [re.match("https://[^/]+", url)[0]]  # type: ignore[index] # it matches


@pytest.mark.parametrize("settings", [{"web_pages": "off"}, {"public_url": "https://halls.example/api"}], ids=str)
@pytest.mark.parametrize("path", ["/", "/find", f"/assets/{read_assets(follows_files=False).version}/app.js"])
def test_without_pages_their_paths_do_not_exist(worker_uri: str, settings: dict[str, str], path: str) -> None:
    with serving(worker_uri, **settings) as api:
        response = api.get(path)
        assert (response.status, response.code) == (404, "not_found")
        assert api.get("/health").status == 200


def test_a_page_needs_no_database() -> None:
    with serving("mongodb://127.0.0.1:1/halls?serverSelectionTimeoutMS=100") as api:
        assert api.get("/find").status == 200


def test_the_preview_of_a_venue_is_escaped() -> None:
    name = '"><script>alert(1)</script>'
    preview = describe_venue(VENUE | {"venue_name": name, "pictures": ['https://a.example/?"><script>']})
    text = render_document(make_config(), read_assets(follows_files=False), PAGES[0], preview, "en")
    head = Head(text)
    assert "<script>alert" not in text
    assert head.meta["og:title"] == f"{name} · Halls"
    assert head.meta["og:image"] == 'https://a.example/?"><script>'
    assert f"{name} · Halls" in head.texts


def test_the_preview_describes_a_venue() -> None:
    assert describe_venue(VENUE) == Preview("Pearl Hall · Halls", "Hall for up to 1,200 guests. 1 Main Road, Karachi")
    bare = VENUE | {
        "type": None,
        "capacity": None,
        "address": "",
        "pictures": ["ftp://a.example", "http://b.example/1"],
    }
    assert describe_venue(bare) == Preview("Pearl Hall · Halls", "Venue", "http://b.example/1")


def test_a_long_description_ends_after_a_word() -> None:
    assert cut_description("word " * 60) == "word " * 38 + "word…"
    assert cut_description("short") == "short"


def test_a_venue_without_pictures_gets_the_general_one(api: ApiClient) -> None:
    image = Head(api.get("/").text).meta["og:image"]
    assert image.startswith("http://127.0.0.1:5000/assets/")
    picture = api.get(image.removeprefix("http://127.0.0.1:5000"))
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    assert Head(api.get("/").text).meta["description"] == DESCRIPTION


def test_the_preview_of_a_venue_comes_from_the_api(app: Flask, api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner(), venue_name="Pearl & Sons")
    with app.test_request_context(f"/hall/{venue_id}", headers={"X-Request-ID": "one"}):
        preview, status = find_venue_preview(venue_id)
    assert (preview.title, status) == ("Pearl & Sons · Halls", 200)


@pytest.mark.parametrize("venue_id", ["0123456789abcdef01234567", "search", "..", "x?y", "mine"])
def test_an_unknown_venue_has_the_general_preview_and_404(app: Flask, api: ApiClient, venue_id: str) -> None:
    assert api.get("/health").status == 200
    with app.test_request_context("/hall/x"):
        assert find_venue_preview(venue_id) == (Preview(), 404)


def test_the_page_of_a_venue_has_its_preview(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner(), venue_name="Pearl & Sons")
    page = api.get(f"/hall/{venue_id}")
    assert page.status == 200
    assert Head(page.text).meta["og:title"] == "Pearl & Sons · Halls"
    assert "Pearl &amp; Sons" in page.text


def test_the_page_of_an_unknown_venue_has_status_404(api: ApiClient) -> None:
    page = api.get("/hall/0123456789abcdef01234567")
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    assert Head(page.text).meta["og:title"] == "Halls"


def test_without_a_database_a_venue_has_the_general_preview() -> None:
    app = create_app(make_config(mongo_uri="mongodb://127.0.0.1:1/halls?serverSelectionTimeoutMS=100"))
    with closing(app.extensions["halls"].db.client), app.test_request_context("/hall/x"):
        assert find_venue_preview("0123456789abcdef01234567") == (Preview(), 200)
