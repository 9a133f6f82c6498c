"""Tests of uploaded pictures: stored upright, without metadata, in about the same size, or rejected."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps

from halls.errors import Invalid
from halls.uploads import pictures
from halls.uploads.media import HEIC_HELP
from halls.uploads.pictures import TooManyPictures, clean_picture
from tests.uploads.files import HEADS, path_of, put, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api_client import ApiClient

TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif"]
ORIENTATION, GPS = 0x0112, 0x8825
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CAMERA = "a camera that names its owner"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>31.5204 N</x:xmpmeta>"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def scene(width: int = 400, height: int = 300) -> Image.Image:
    """Return a picture whose four corners differ: red is in the first."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.paste((255, 0, 0), (0, 0, width // 4, height // 4))
    return picture


def write(picture: Image.Image, content_type: str, **options: Any) -> bytes:
    """Return a file of the picture."""
    file = io.BytesIO()
    picture.save(file, content_type.removeprefix("image/"), **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    """Return the EXIF data of a telephone, with the position."""
    data = Image.Exif()
    data[ORIENTATION], data[0x010F] = orientation, CAMERA
    data.get_ifd(GPS).update({1: "N", 2: (31.0, 31.0, 13.0)})
    return data


def read(file: bytes) -> Image.Image:
    """Return the picture in a file."""
    picture = Image.open(io.BytesIO(file))
    picture.load()
    return picture


def differ(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures of one size, from 0 to 255."""
    assert first.size == second.size
    grey = ImageChops.difference(first.convert("RGB"), second.convert("RGB")).convert("L")
    return sum(value * count for value, count in enumerate(grey.histogram())) / (grey.width * grey.height)


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_stored_upright_without_its_position(
    api: ApiClient, owner: str, content_type: str, orientation: int
) -> None:
    file = write(scene(), content_type, exif=exif(orientation), icc_profile=PROFILE, xmp=XMP)
    address = sign(api, owner, content_type, len(file))
    assert put(api, address["upload_url"], file, content_type).status == 200
    stored = api.get(path_of(address["public_url"])).content
    picture = read(stored)
    assert not picture.getexif()
    assert not any(text in stored for text in (CAMERA.encode(), b"31.5204", b"Exif"))
    assert picture.info["icc_profile"] == PROFILE
    assert len(stored) < 1.1 * len(file)
    assert differ(picture, ImageOps.exif_transpose(read(file))) < 3


@pytest.mark.parametrize("options", [{"comment": b"31.5204"}, {"progressive": True}, {"quality": 30}, {"quality": 100}])
def test_a_jpeg_keeps_its_quality_and_size(options: dict[str, Any]) -> None:
    noise = Image.effect_noise((800, 600), 30).convert("RGB")
    file = write(noise, "image/jpeg", **options)
    stored = clean_picture(file, "image/jpeg")
    assert len(stored) < 1.1 * len(file)
    assert b"31.5204" not in stored
    assert differ(read(stored), read(file)) < 1


def test_the_second_picture_of_a_jpeg_file_is_removed() -> None:
    # Telephones append a copy with its own EXIF data (CIPA DC-007), or a video.
    file = write(scene(), "image/mpo", save_all=True, append_images=[scene()], exif=exif(6).tobytes())
    stored = clean_picture(file + b"a video with 31.5204", "image/jpeg")
    assert (read(stored).size, read(stored).format) == ((300, 400), "JPEG")
    assert CAMERA.encode() not in stored
    assert b"31.5204" not in stored


@pytest.mark.parametrize("content_type", ["image/webp", "image/avif"])
def test_a_picture_without_metadata_is_stored_unchanged(content_type: str) -> None:
    file = write(scene(), content_type)
    assert clean_picture(file, content_type) == file


def test_a_lossless_webp_stays_lossless() -> None:
    file = write(scene(), "image/webp", lossless=True, exif=exif(1))
    assert differ(read(clean_picture(file, "image/webp")), scene()) == 0


@pytest.mark.parametrize(("content_type", "quality"), [("image/webp", 20), ("image/avif", 20)])
def test_the_quality_is_lowered_if_the_picture_grows(content_type: str, quality: int) -> None:
    noise = Image.effect_noise((400, 300), 60).convert("RGB")
    file = write(noise, content_type, quality=quality, exif=exif(1))
    stored = clean_picture(file, content_type)
    highest = write(read(file), content_type, quality=pictures.QUALITIES[content_type[6:].upper()][0])
    assert len(stored) < len(highest)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_keeps_its_colours_and_transparency(mode: str) -> None:
    picture = Image.new("I;16", (40, 30), 40_000) if mode == "I;16" else scene().convert(mode)
    if "A" in mode:
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    options = {"transparency": 3} if mode == "P" else {}
    stored = read(clean_picture(write(picture, "image/png", exif=exif(3), **options), "image/png"))
    assert (stored.mode, stored.info.get("transparency")) == (picture.mode, options.get("transparency"))
    turned = picture.transpose(Image.Transpose.ROTATE_180)
    assert stored.tobytes() == turned.tobytes()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_jpeg_keeps_its_colours(mode: str) -> None:
    picture = scene().convert(mode)
    stored = read(clean_picture(write(picture, "image/jpeg", quality=95), "image/jpeg"))
    assert stored.mode == mode
    assert differ(stored, picture) < 3


@pytest.mark.parametrize("content_type", ["image/png", "image/webp", "image/avif"])
def test_an_animation_keeps_its_pictures_and_times(content_type: str) -> None:
    frames = [Image.new("RGBA", (40, 20), (60 * number, 0, 0, 60 * number)) for number in range(1, 5)]
    # Pillow 12.3 crashes if it writes an AVIF animation with an orientation, which clean_picture never does.
    metadata: dict[str, Any] = {"xmp": XMP} if content_type == "image/avif" else {"exif": exif(6)}
    options = {"save_all": True, "append_images": frames[1:], "duration": [100, 200, 300, 400], "loop": 3}
    stored = clean_picture(write(frames[0], content_type, **options, **metadata), content_type)
    assert CAMERA.encode() not in stored
    assert b"31.5204" not in stored
    animation = read(stored)
    assert animation.size == ((40, 20) if content_type == "image/avif" else (20, 40))
    for number, frame in enumerate(frames):
        animation.seek(number)
        animation.load()
        assert animation.info["duration"] == 100 * (number + 1)
        shown: Any = animation.convert("RGBA").getpixel((5, 5))
        drawn: Any = frame.getpixel((5, 5))
        assert abs(shown[0] - drawn[0]) < 10
        assert abs(shown[3] - drawn[3]) < 10
    assert content_type == "image/avif" or animation.info["loop"] == 3


def damage(file: bytes) -> Iterator[bytes]:
    """Yield damaged copies of a file."""
    yield file[: len(file) // 2]
    yield file[:60]
    yield file[:100] + bytes(300) + file[400:]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_damaged_picture_is_rejected(api: ApiClient, owner: str, content_type: str) -> None:
    for file in damage(write(scene(), content_type)):
        address = sign(api, owner, content_type, len(file))
        answer = put(api, address["upload_url"], file, content_type)
        assert (answer.status, answer.fields) == (422, ["body"])
        assert "damaged" in answer.json["details"][0]["message"]
        assert api.get(path_of(address["public_url"])).status == 404


def test_an_orientation_that_is_no_number_does_not_reject_a_picture() -> None:
    # One entry of the type "text", as TIFF writes it.
    entry = struct.pack("<HHI4s", ORIENTATION, 2, 2, b"x")
    metadata = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    stored = read(clean_picture(write(scene(), "image/jpeg", exif=metadata), "image/jpeg"))
    assert stored.size == scene().size


def test_damaged_metadata_does_not_reject_a_picture() -> None:
    file = write(scene(), "image/jpeg", exif=b"Exif\0\0garbage")
    assert b"garbage" not in clean_picture(file, "image/jpeg")


def claim_size(file: bytes, width: int, height: int) -> bytes:
    """Return a JPEG or PNG file whose header claims another size."""
    if file.startswith(b"\xff\xd8"):
        at = file.index(b"\xff\xc0") + 5
        return file[:at] + struct.pack(">HH", height, width) + file[at + 4 :]
    at = file.index(b"IHDR")
    header = b"IHDR" + struct.pack(">II", width, height) + file[at + 12 : at + 17]
    return file[:at] + header + struct.pack(">I", zlib.crc32(header)) + file[at + 21 :]


@pytest.mark.parametrize(
    ("content_type", "size"),
    [("image/jpeg", (7_072, 7_072)), ("image/png", (5_001, 5_000)), ("image/png", (60_000, 50_000))],
)
def test_a_picture_with_too_many_pixels_is_rejected_before_it_is_read(content_type: str, size: tuple[int, int]) -> None:
    file = claim_size(write(Image.new("L", (16, 16)), content_type), *size)
    with pytest.raises(Invalid) as caught:
        clean_picture(file, content_type)
    assert "megapixels" in caught.value.details[0]["message"]


def test_many_frames_are_rejected() -> None:
    frames = [Image.new("1", (1, 1), number % 2) for number in range(501)]
    file = write(frames[0], "image/png", save_all=True, append_images=frames[1:])
    with pytest.raises(Invalid) as caught:
        clean_picture(file, "image/png")
    assert "animation" in caught.value.details[0]["message"]


def test_a_very_large_jpeg_is_halved() -> None:
    stored = clean_picture(write(Image.new("L", (8_000, 6_000)), "image/jpeg", exif=exif(6)), "image/jpeg")
    assert read(stored).size == (3_000, 4_000)


def test_one_picture_is_handled_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.05)
    file = write(scene(), "image/png")
    is_over = threading.Event()
    other = pictures.get_executor().submit(is_over.wait)
    with pytest.raises(TooManyPictures) as caught:
        clean_picture(file, "image/png")
    is_over.set()
    assert other.result()
    monkeypatch.undo()
    assert caught.value.headers["Retry-After"] == "5"
    assert clean_picture(file, "image/png")


def test_a_heic_file_gets_a_message_that_helps(api: ApiClient, owner: str) -> None:
    for upload in (
        {"content_type": "image/heic"},
        {"content_type": "image/heif"},
        {"content_type": "", "filename": "IMG_1.HEIC"},
        {"content_type": "application/octet-stream", "filename": "IMG_1.heif"},
    ):
        body = {"filename": "IMG_1.heic", "size_bytes": 1_000, **upload}
        answer = api.post("/uploads/sign-s3", body, token=owner)
        assert (answer.status, answer.fields) == (422, ["content_type"])
        assert "Most Compatible" in answer.json["details"][0]["message"]
    file = HEIC.ljust(1_000)
    answer = put(api, sign(api, owner)["upload_url"], file)
    assert (answer.status, answer.fields) == (422, ["body"])
    assert HEIC_HELP in answer.json["details"][0]["message"]


def test_image_jpg_is_read_as_image_jpeg(api: ApiClient, owner: str) -> None:
    file = write(scene(), "image/jpeg")
    address = sign(api, owner, "image/jpg", len(file))
    assert address["headers"] == {"Content-Type": "image/jpeg"}
    assert put(api, address["upload_url"], file, "image/jpg").status == 200
    assert api.get(path_of(address["public_url"])).headers["Content-Type"] == "image/jpeg"
    assert HEADS["image/jpeg"][:3] == file[:3]
