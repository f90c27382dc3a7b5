"""HLS written such that all players read it alike: the parser of each is lenient in another way, and what one takes for
a reference, while the gateway does not, would lead past it."""

from __future__ import annotations

import re

BLANKS = " \t\v\f\xa0\ufeff\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What JavaScript strips from the edges of a line, but for its end."""

_JS_LINE_ENDS = re.compile("[\u2028\u2029]")
_LATER_TAG = re.compile(r"#EXT(?=INF:|-X-)")
_LIKE_TAG = "#%45XT"

_PAIR = r'[\w.-]++=(?:"(?:[^"\\]|\\(?!"))*+"|[^"\',\s\\]*+)'
_PLAIN = re.compile(rf"#EXT[A-Z0-9-]*+:(?:[ \t]*+{_PAIR}(?:,(?=[ \t]*[^\s,])|,?\Z))*+\Z")
_LOOSE = re.compile(
    r'(?<![^,:;\s"\'])(?P<name>[^\s=,:;"\']++)[^\S\r\n]*+=[^\S\r\n]*+(?:"(?P<quoted>[^"]*)"|(?P<bare>[^",]*))'
)

_DURATION = re.compile(r"(\s*#EXTINF:\s*(?:\d+(?:\.\d*)?|\.\d+)?)(?!,)(.*)", re.DOTALL)
_UNENDED_TITLE = re.compile(r"\s*#EXTINF:[^\r\n]*\s\S")
_ELSEWHERE = re.compile(r"[a-z0-9+.-]*:|[/\\]|.*\{\$", re.IGNORECASE)


def whole_lines(text: str) -> str:
    """A playlist without what ends a line for some and not for others: FFmpeg ends one at NUL, and hls.js goes on in
    the title of one that nothing ends."""
    text = text.replace("\0", "")
    return f"{text}\n" if _UNENDED_TITLE.match(text, max(text.rfind("\n"), text.rfind("\r")) + 1) else text


def line(text: str) -> str:
    """A line that begins with a tag or a comment, without its end. Where hls.js would go on to read a reference in it,
    at JavaScript's own line ends or behind a duration without a comma, that is a part of the line again."""
    text = _JS_LINE_ENDS.sub(" ", text)
    unended = _DURATION.fullmatch(text)
    return f"{unended[1]},{unended[2]}" if unended and _ELSEWHERE.match(unended[2].strip(BLANKS)) else text


def one_tag(text: str) -> str:
    """A line in which no tag begins but at its start: hls.js finds them in comments, values and fragments."""
    if "#EXT" not in text[1:]:
        return text
    start = len(text) - len(text.lstrip(BLANKS)) + 1
    return text[:start] + _LATER_TAG.sub(_LIKE_TAG, text[start:])


def attributes(text: str) -> str:
    """A tag with its attributes as the standard writes them, where they are not: parsers differ in what a space, a
    backslash, a lone quote or a name between them means."""
    content = text.strip(BLANKS)
    if _PLAIN.match(content):
        return text
    tag, colon, listed = content.partition(":")
    plainly = ",".join(f"{found['name']}={_value(found)}" for found in _LOOSE.finditer(listed))
    return text.replace(content, tag + colon + plainly, 1)


def _value(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return '"' + found["quoted"].replace("\\", "/") + '"'
    bare = found["bare"].replace("\\", "/").strip(f"'{BLANKS}")
    return f'"{bare}"' if re.search(r"[\s']", bare) else bare
