"""Files and pipes are read once and in order. Another encoding than UTF-8 is read, or reported with its line."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from halls.data_transfer import source as source_module
from halls.data_transfer.rows import UnreadableFile
from halls.data_transfer.source import Source, open_source


def read(raw: bytes) -> bytes:
    return io.BufferedReader(Source(io.BytesIO(raw))).read()


@pytest.mark.parametrize("piece", [4, 5, source_module.PIECE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_in_any_marked_encoding_is_read_as_utf8(
    monkeypatch: pytest.MonkeyPatch, encoding: str, piece: int
) -> None:
    monkeypatch.setattr(source_module, "PIECE", piece)
    text = "مہتاب \U0001f600\r\n" * 50
    assert read(text.encode(encoding)) == text.encode()


@pytest.mark.parametrize("mark", [b"\xfe\xff", b"\x00\x00\xfe\xff"], ids=["utf-16", "utf-32"])
def test_a_bom_names_the_byte_order(mark: bytes) -> None:
    assert read(mark + "ہال".encode("utf-16-be" if len(mark) == 2 else "utf-32-be")) == "ہال".encode()


@pytest.mark.parametrize("piece", [4, source_module.PIECE])
@pytest.mark.parametrize("raw", [b"a\nb\xff\n", b"a\nb\xd9", "a\nپ".encode("cp1256"), b"a\ncaf\xe9, 5\n"])
def test_invalid_utf8_is_reported_with_its_line(monkeypatch: pytest.MonkeyPatch, raw: bytes, piece: int) -> None:
    monkeypatch.setattr(source_module, "PIECE", piece)
    with pytest.raises(UnreadableFile, match=r"Line 2 is not in UTF-8\. .*Windows-1252.* “CSV UTF-8”"):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("a\nb".encode("utf-16") + b"\x00", "Line 2 is not in valid UTF-16"),
        ("a,b".encode("utf-16-le"), "in UTF-16 without a byte order mark. Save the file as UTF-8"),
        (b"PK\x03\x04rest", "The file is a workbook. Save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "The file is a workbook"),
    ],
)
def test_a_file_that_is_no_utf8_is_explained(raw: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read(raw)


def test_a_read_error_is_reported() -> None:
    with (
        pytest.raises(UnreadableFile, match="The file can't be read: Input/output error"),
        open_source(Path("/proc/self/mem")),
    ):
        pass


def test_a_hyphen_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"12345")))
    with open_source(Path("-")) as source:
        assert io.BufferedReader(source).read() == b"12345"


def test_a_pipe_has_no_size_and_a_file_has(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    with open_source(file) as source:
        assert source.size == 5
    reading, writing = os.pipe()
    os.write(writing, b"12345")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        source = Source(pipe)
        assert (source.size, io.BufferedReader(source).read(), source.position) == (None, b"12345", 5)
