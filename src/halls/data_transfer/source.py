"""Opens an import file or a pipe as UTF-8 text. A byte order mark may name UTF-16 or UTF-32 instead."""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from halls.data_transfer.rows import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 1 << 16
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
SAVE_AS = "Save the file as UTF-8; in Excel, as “CSV UTF-8”."


class Source(io.RawIOBase):
    """The bytes of a file, converted to UTF-8. Reads each byte once and in order, so the file may be a pipe.

    `position` is the number of bytes read, `size` their total, which is None for a pipe.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = _size_of(file)
        self.position = 0
        self._lines = 0
        self._ready = self._read_bytes()
        self._decoder = codecs.getincrementaldecoder(_encoding_of(self._ready))()
        self._ready = self._convert(self._ready)

    def readable(self) -> bool:
        """Return True: the methods of io.RawIOBase need it."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # the types of typeshed are wider
        """Fill the buffer and return the number of bytes, 0 at the end. Raises UnreadableFile."""
        while not self._ready and (piece := self._read_bytes()):
            self._ready = self._convert(piece)
        if not self._ready:
            self._convert(b"", final=True)
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _read_bytes(self) -> bytes:
        try:
            piece = self.file.read(PIECE)
        except OSError as error:
            raise UnreadableFile(f"The file can't be read: {error.strerror}.") from error
        self.position += len(piece)
        return piece

    def _convert(self, piece: bytes, *, final: bool = False) -> bytes:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            line = self._lines + error.object[: error.start].decode(error.encoding, "ignore").count("\n") + 1
            name = "UTF-8" if error.encoding == "utf-8" else "valid UTF-16"
            hint = f"Older programs write Windows-1252. {SAVE_AS}" if name == "UTF-8" else SAVE_AS
            raise UnreadableFile(f"Line {line} is not in {name}. {hint}") from None
        self._lines += text.count("\n")
        return text.encode()


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Yield the content of a file, or of standard input for `-`. Raises UnreadableFile."""
    if str(path) == "-":
        yield Source(sys.stdin.buffer)
        return
    with path.open("rb") as file:
        yield Source(file)


def _encoding_of(start: bytes) -> str:
    """Return the codec of the file. Raises UnreadableFile if the file is certainly no text in UTF-8."""
    if start.startswith(WORKBOOKS):
        raise UnreadableFile("The file is a workbook. Save its sheet as CSV; in Excel, as “CSV UTF-8”.")
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" in start[:4]:
        raise UnreadableFile(f"The file seems to be in UTF-16 without a byte order mark. {SAVE_AS}")
    return "utf-8"


def _size_of(file: BinaryIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except OSError:  # io.UnsupportedOperation, for a stream in memory
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
