"""WebVTT: subtitles name no media, but cues of thumbnails are a reference each, to an image or a part of one
(``#xywh=``); those are rewritten, and every other byte stays as it is."""

from __future__ import annotations

import re

from gateway.manifests.link import Link, counted, written

_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")
_IMAGE = re.compile(r"#xywh=|\.(?:jpe?g|png|webp|avif|gif|bmp)(?=[?#]|\Z)", re.IGNORECASE)
_BLANK = re.compile(r"\s")
_ENDS = " \t\r\n"


def rewrite(text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a file that came from ``base``: each cue whose text is one line that is an image's address. Raises
    `MalformedManifest` for one too large to work through."""
    link = counted(link)
    lines = _LINE.findall(text.decode("utf-8", "surrogateescape"))
    for number in range(len(lines) - 1):
        if "-->" in lines[number] and _is_alone(lines, number + 1):
            lines[number + 1] = _line(lines[number + 1], base, link)
    return "".join(lines).encode("utf-8", "surrogateescape")


def _is_alone(lines: list[str], at: int) -> bool:
    """Whether a line is all of its cue's text."""
    return at + 1 >= len(lines) or not lines[at + 1].strip(_ENDS)


def _line(line: str, base: str, link: Link) -> str:
    content = line.strip(_ENDS)
    if _BLANK.search(content) or not _IMAGE.search(content):
        return line
    readable = content.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    replacement = written(readable, base, link)
    return line if replacement is None else line.replace(content, replacement, 1)
