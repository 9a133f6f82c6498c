"""Uploaded pictures: checks that they can be read, turns them upright, and removes their metadata."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import structlog

from halls.errors import Invalid, RateLimited, invalid

if TYPE_CHECKING:
    from PIL.Image import Image

log = structlog.get_logger()
# Reading and writing a picture needs, at its peak, 8 bytes for each pixel of a JPEG or PNG, 16 of a WebP and 28 of an
# AVIF: at most 400 MB with these limits. A JPEG above HALVED_PIXELS is read at half its width and height.
MAX_MEGAPIXELS = {"JPEG": 50, "PNG": 25, "WEBP": 25, "AVIF": 13}
HALVED_PIXELS = 25_000_000
# A frame of an animation counts as at least so many pixels. Otherwise a small file could contain millions of frames.
FRAME_PIXELS = 50_000
# The next quality is used if the picture grows. -1: a JPEG keeps its quantization tables, a PNG loses nothing.
QUALITIES = {"JPEG": (-1,), "PNG": (-1,), "WEBP": (80, 60), "AVIF": (70, 50)}
_METADATA = ("exif", "xmp")
_ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
# Each process handles one picture at a time: otherwise a few uploads would take all memory and all processors. In one
# thread: the C library would keep about 30 MB for each thread that handled one.
_EXECUTORS: dict[int, ThreadPoolExecutor] = {}
WAIT_SECONDS = 20.0


class TooManyPictures(RateLimited):
    """Too many pictures wait to be checked in this process."""

    message = "Too many pictures are being uploaded at once. Send this one again in a moment."
    headers = {"Retry-After": "5"}  # noqa: RUF012 - declared a ClassVar by ApiError


def clean_picture(data: bytes, content_type: str) -> bytes:
    """Return the picture upright and without metadata, in the same format. It keeps its colour profile.

    The result is the same for the same picture. Raises Invalid if the picture can't be read or has too many pixels,
    TooManyPictures.
    """
    future = get_executor().submit(_clean, data, content_type.removeprefix("image/").upper())
    wait([future], WAIT_SECONDS)
    if future.cancel():  # only possible before the start
        raise TooManyPictures
    try:
        return future.result()
    except Invalid:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises many types for damaged files
        log.info("picture not readable", error=type(error).__name__)
        raise invalid("body", f"The file is damaged, or it is not a picture of the type {content_type}.") from None


def get_executor() -> ThreadPoolExecutor:
    """Return the executor of this process. A fork does not copy threads, so each process needs its own."""
    return _EXECUTORS.setdefault(os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="pictures"))


def _clean(data: bytes, kind: str) -> bytes:
    # Imported here: the import takes 0.1 s and 8 MB, which a server without local storage does not need.
    from PIL import Image  # noqa: PLC0415

    count = _check(data, kind)
    with Image.open(BytesIO(data), formats=[kind]) as image:
        if kind == "JPEG" and image.width * image.height > HALVED_PIXELS:
            image.draft(None, (image.width // 2, image.height // 2))
        turn = TURNS.get(_read_orientation(image))
        frames, durations = _read_frames(image, turn, count)
        if kind in {"WEBP", "AVIF"} and turn is None and not any(image.info.get(name) for name in _METADATA):
            # Nothing to remove. Unlike a JPEG, these would lose quality if they were written again.
            return data
        options = _list_options(image, kind, data) | {"icc_profile": image.info.get("icc_profile")}
    if count > 1:
        options |= {"save_all": True, "append_images": frames[1:], "duration": durations}
        options["loop"] = image.info.get("loop", 0)
    # Frees the pixels before the upright copy is written.
    image.close()
    return _write(frames[0], kind, options, len(data))


def _check(data: bytes, kind: str) -> int:
    """Return the number of frames of the picture. Raises Invalid for too many pixels, before any is read."""
    from PIL import Image  # noqa: PLC0415 - as in _clean

    # Pillow's own limit is only a warning. _check_pixels is stricter.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(BytesIO(data), formats=[kind]) as image:
        count = 1 if kind == "JPEG" else getattr(image, "n_frames", 1)
        _check_pixels(image, kind, count)
        # Reading a PNG does not compare its checksums.
        image.verify()
    return count


def _check_pixels(image: Image, kind: str, count: int) -> None:
    limit = MAX_MEGAPIXELS[kind]
    if max(image.width * image.height, FRAME_PIXELS if count > 1 else 0) * count > limit * 1_000_000:
        message = f"The picture must have at most {limit} megapixels. The pictures of an animation count together."
        raise invalid("body", message)


def _read_orientation(image: Image) -> int:
    # A picture with damaged EXIF data can be shown, so it is not an error.
    with suppress(Exception):
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _read_frames(image: Image, turn: str | None, count: int) -> tuple[list[Image], list[float]]:
    """Return the pictures of an animation, or the only picture, upright and without metadata; and their durations."""
    from PIL.Image import Transpose  # noqa: PLC0415 - as in _clean

    frames, durations = [], []
    for index in range(count):
        if index > 0:
            image.seek(index)
        image.load()
        frame = image.transpose(Transpose[turn]) if turn else image.copy()
        # Otherwise Pillow writes the comment and other metadata again.
        frame.info = {name: value for name, value in image.info.items() if name == "transparency"}
        frames.append(frame)
        durations.append(image.info.get("duration", 0))
    return frames, durations


def _list_options(image: Image, kind: str, data: bytes) -> dict[str, Any]:
    """Return options of Pillow that write a picture of about the same quality and size."""
    if kind == "JPEG":
        from PIL.JpegImagePlugin import get_sampling  # noqa: PLC0415 - as in _clean

        # Pillow reserves one byte for each pixel if it optimizes. A larger picture would be an error.
        small = 2 * len(data) < image.width * image.height
        tables = {"qtables": image.quantization, "subsampling": get_sampling(image)}  # type: ignore[attr-defined] # a JpegImageFile
        return {**tables, "optimize": small, "progressive": small and "progressive" in image.info}
    if kind == "WEBP":
        return {"lossless": b"VP8L" in data and b"VP8 " not in data}
    if kind == "AVIF":
        # Other speeds take several times as long for files that are a tenth smaller.
        return {"speed": 10, "max_threads": 1}
    return {"default_image": image.info.get("default_image", False)}


def _write(frame: Image, kind: str, options: dict[str, Any], size: int) -> bytes:
    for quality in QUALITIES[kind]:
        output = BytesIO()
        frame.save(output, kind, quality=quality, **options)
        if output.tell() <= size:
            break
    return output.getvalue()
