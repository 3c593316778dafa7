"""The encoding of a text file, and its bytes as UTF-8.

UTF-8 and UTF-16 are proved, not guessed. An encoding of single bytes cannot be: Windows-1252 is taken where
its text looks like words of Western Europe, otherwise charset-normalizer decides or the analyst is asked:
alone it reads Czech Windows-1250 as Arabic letters, and the degree sign of a Mac as an exclamation mark.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rare_event.errors import TableError
from rare_event.read.source import Opened
from rare_event.read.table import Choice, Question, Remark
from rare_event.read.values import shown

HEAD_BYTES = 1 << 20
BLOCK_BYTES = 1 << 22
SURE = 0.5  # how well the letters of a language fit, from which a guess is not asked
MARK = "\ufeff".encode()
# How a byte that is no UTF-8 is carried on: a lone surrogate in the text, these in `utf8_blocks`.
DAMAGED = (b"\xed\xb2", b"\xed\xb3")
_ESCAPED = re.compile("[\udc80-\udcff]")
_FOREIGN_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_STRANGE = re.compile(
    r"[^\x00-\x7fÀ-ÖØ-öù-ÿøŒœ°µ²³¹·±×÷§€£–—‘’“”„…•¼½¾®©ªº«»´‰\xa0ù]"  # seldom written in Western Europe
    r"|[À-ÖØ-öø-ÿ]{3}"  # three accents in a row
    r"|(?<=[A-Za-z])[°µ²³¹±×§€£“”„…•¼½¾®©ªº«»‰](?=[a-z])"  # a sign inside a word
    r"|[øØ]C\b"  # the degree sign of DOS
)


@dataclass(frozen=True)
class Encoding:
    """An encoding as Python names it, and what is wrong with the file's bytes.

    Parameters
    ----------
    name
        For example ``utf-8``.
    cut
        Whether the file ends within a character.
    damaged
        Whether single bytes are no UTF-8 although the others are.
    """

    name: str
    cut: bool = False
    damaged: bool = False


def find_encoding(
    opened: Opened, head: bytes, name: str, said: str | None
) -> tuple[Encoding, tuple[Remark, ...], tuple[Question, ...]]:
    """Find the encoding of a whole file.

    Parameters
    ----------
    opened
        The file.
    head
        Its first `HEAD_BYTES`.
    name
        Name of the file for error messages.
    said
        The encoding that the analyst names; None finds it out.

    Raises
    ------
    TableError
        If the file cannot be decoded.
    """
    wide = utf16(head)
    if said is not None and not (wide and said.startswith("utf-16")):
        return _as_said(opened, name, said), (), ()
    if wide:
        decodes, cut = _decodes(opened, wide)
        if not decodes:
            raise TableError(f"{name} begins like UTF-16 but cannot be read. Save it as CSV UTF-8.")
        return Encoding(wide, cut), (), ()
    escaped, foreign, cut = _count_utf8(opened)
    if not escaped:
        return Encoding("utf-8", cut), (), ()
    if foreign > 10 * escaped:
        return Encoding("utf-8", cut, damaged=True), (), ()
    return _single_bytes(opened, name)


def utf16(head: bytes) -> str | None:
    """Return the UTF-16 variant of a file; None for any other encoding."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: every second byte of Latin text is zero.
    low, high = head[0:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if low == 0 and high > 0.9 * half:
        return "utf-16-le"
    return "utf-16-be" if high == 0 and low > 0.9 * half else None


def utf8_blocks(opened: Opened, encoding: Encoding) -> Iterator[bytes]:
    """Yield the text of a file as UTF-8 without byte order marks, every line break as one line feed."""
    wide = encoding.name != "utf-8" or encoding.damaged
    decoder = codecs.getincrementaldecoder(encoding.name)("surrogateescape" if encoding.damaged else "strict")
    first, held = True, b""
    with opened.open() as file:
        while block := file.read(BLOCK_BYTES):
            if wide:
                block = decoder.decode(block).encode("utf-8", "surrogatepass")
            block, held = held + block, b""
            while first and block.startswith(MARK):
                block = block[len(MARK) :]
            if block.endswith(b"\r"):  # the line feed may follow in the next block
                block, held = block[:-1], b"\r"
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if block:
                first = False
                yield block
    if held:
        yield b"\n"
    if wide and decoder.getstate()[0]:  # the line of a character that is cut is no whole line
        yield "\ufffd".encode()


def _as_said(opened: Opened, name: str, said: str) -> Encoding:
    try:
        known = codecs.lookup(said).name
        decodes, cut = _decodes(opened, known)
    except LookupError as error:
        raise TableError(
            f"{shown(said)} is not a known encoding. Write one such as utf-8 or cp1252."
        ) from error
    if decodes:
        return Encoding("utf-8" if known == "utf-8-sig" else known, cut)
    raise TableError(f"{name} cannot be read as {known}. Choose another encoding.")


def _blocks(opened: Opened) -> Iterator[bytes]:
    with opened.open() as file:
        while block := file.read(HEAD_BYTES):
            yield block


def _decodes(opened: Opened, encoding: str) -> tuple[bool, bool]:
    """Whether a whole file can be decoded, and whether it ends within a character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(opened):
            decoder.decode(block)
    except UnicodeDecodeError:
        return False, False
    return True, bool(decoder.getstate()[0])


def _count_utf8(opened: Opened) -> tuple[int, int, bool]:
    """Count the bytes that are no UTF-8 and the characters beyond ASCII; whether a last one is cut."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    escaped = foreign = 0
    for block in _blocks(opened):
        if block.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(block)
        escaped += len(_ESCAPED.findall(text))
        foreign += len(text) - len(text.encode("ascii", "ignore"))
    return escaped, foreign - escaped, bool(decoder.getstate()[0])


def _single_bytes(opened: Opened, name: str) -> tuple[Encoding, tuple[Remark, ...], tuple[Question, ...]]:
    from charset_normalizer import from_bytes

    lines: dict[bytes, None] = {}
    for block in _blocks(opened):
        lines |= dict.fromkeys(_FOREIGN_LINE.findall(block)[:200])
        if len(lines) > 500:
            break
    sample = b"\n".join(lines)
    sure, guesses = _looks_western(sample), ["cp1252"]
    if not sure:
        matches = list(from_bytes(sample, threshold=0.3))
        sure = bool(matches) and matches[0].coherence >= SURE
        guesses = [match.encoding for match in matches[:4]] + ["cp1252", "cp850", "mac_roman"]
    guesses = [guess for guess in dict.fromkeys(guesses) if _decodes(opened, guess)[0]]
    if not guesses:
        raise TableError(
            f"{name} is written in an encoding that cannot be determined (UTF-8, UTF-16 and Windows-1252 do "
            "not fit). Save it as CSV UTF-8, or name its encoding."
        )
    words = {guess: _strange_word(next(iter(lines)), guess) for guess in guesses}
    found = Encoding(guesses[0])
    if sure:
        word = shown(words[found.name])
        what = f"The file is not UTF-8: its text is read as {found.name}, for example {word}."
        return found, (Remark("note", None, what, "encoding"),), ()
    asked = f"{name} is not UTF-8, and its encoding is not certain. Which of these words is spelt correctly?"
    choices = tuple(Choice(guess, guess, shown(word)) for guess, word in words.items())
    return found, (), (Question("encoding", None, asked, choices, "--encoding NAME"),)


def _strange_word(line: bytes, encoding: str) -> str:
    """Return the first cell beyond ASCII, which shows whether it is read right."""
    text = line.decode(encoding, "replace")
    return next((word for word in re.split(r"[,;\t|\"]", text) if not word.isascii()), text)


def _looks_western(sample: bytes) -> bool:
    try:
        return not _STRANGE.search(sample.decode("cp1252"))
    except UnicodeDecodeError:
        return False
