"""Writes the HTML document around the modules of a page: settings, preloads, link preview, security headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from halls.web.assets import FOLDER

if TYPE_CHECKING:
    from halls.config import Config
    from halls.web.assets import Assets, Page

TEMPLATES = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
FONTS = ("fonts/figtree-latin.woff2", "fonts/yrsa-latin-500.woff2")
PICTURE = "art/preview.png"
FIXED_HEADERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
CLOUDINARY_UPLOADS, CLOUDINARY_FILES = "https://api.cloudinary.com", "https://res.cloudinary.com"
TITLE = "Halls"
DESCRIPTION = "Find a wedding hall, see its price for your day, and book it."


@dataclass(frozen=True)
class Preview:
    """What a messenger shows for a link (Open Graph). `image` is an absolute URL, or empty for the general one."""

    title: str = TITLE
    description: str = DESCRIPTION
    image: str = ""


def render_document(config: Config, assets: Assets, page: Page, preview: Preview, language: str) -> str:
    """Return the HTML document of a page, for a reader of `language`."""
    modules = list(dict.fromkeys([*assets.list_imports("app.js"), *assets.list_imports(page.module)]))
    image = preview.image or f"{config.own_url}{assets.address(PICTURE)}"
    return TEMPLATES.get_template("document.html").render(
        settings=list_settings(config),
        preview=Preview(preview.title, preview.description, image),
        fonts=FONTS,
        styles=["styles/base.css", *assets.list_styles(page.module)],
        modules=[*modules, *assets.list_words(modules, language)],
        language=language,
        direction="rtl" if language == "ur" else "ltr",
        address=assets.address,
    )


def list_settings(config: Config) -> dict[str, str]:
    """Return what the pages need to know of the settings. Everybody can read it."""
    clients = (config.google_client_id or "").replace(",", " ").split()
    return {
        "google-client-id": clients[0] if clients else "",
        "map-tiles": config.map_tiles_url or "",
        "map-credit": config.map_credit,
        "public-url": config.own_url,
        "max-video-mb": f"{config.max_video_mb:g}",
    }


def make_headers(config: Config) -> dict[str, str]:
    """Return the headers of each document. The policy lets in no script of others and no inline script."""
    storage = list_storage_origins(config)
    pictures = ["https:"] if config.web_image_sources == "any" else storage
    tiles = [tiles_origin(config.map_tiles_url)] if config.map_tiles_url else []
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", *pictures, *tiles],
        "media-src": ["'self'", *pictures],
        "connect-src": ["'self'", *list_upload_origins(config)],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
    text = "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items())
    return {"Content-Security-Policy": text, **FIXED_HEADERS}


def list_upload_origins(config: Config) -> list[str]:
    """Return the origins that uploads are sent to, except this server's own."""
    origins = []
    if config.s3_bucket:
        host = f"s3.{config.s3_region}.amazonaws.com"
        # The same rule as in uploads/s3.py: wildcard certificates do not cover dots in the name of a bucket.
        virtual_host = host if "." in config.s3_bucket else f"{config.s3_bucket}.{host}"
        origins.append(origin_of(config.s3_endpoint_url or f"https://{virtual_host}"))
    if config.cloudinary_cloud_name:
        origins.append(CLOUDINARY_UPLOADS)
    return origins


def list_storage_origins(config: Config) -> list[str]:
    """Return the origins that uploaded files are read from, except this server's own."""
    # Files from before S3_PUBLIC_URL was set have the address that they were sent to.
    origins = [origin for origin in list_upload_origins(config) if origin != CLOUDINARY_UPLOADS]
    if config.s3_public_url:
        origins.append(origin_of(config.s3_public_url))
    if config.cloudinary_cloud_name:
        origins.append(CLOUDINARY_FILES)
    return list(dict.fromkeys(origins))


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def tiles_origin(template: str) -> str:
    """Return the origin of a tile server. `{s}.` stands for one of several subdomains."""
    return origin_of(template.replace("{s}.", "*."))
