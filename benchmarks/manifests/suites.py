"""The manifests of public test suites, rewritten: does each reference lead to the gateway, and can all be undone?"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.manifests.viewing import GATEWAY, Rewritten, Viewing, strays, undone
from gateway.identity import Scope
from gateway.manifests import Kind, MalformedManifest

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
BASES = {Kind.HLS: "https://o.example/a/b/list.m3u8?s=1", Kind.DASH: "https://o.example/a/b/manifest.mpd?s=1"}
SCOPES = (None, Scope("https://o.example", "/a/b/"), Scope("https://o.example", "/a/"))
"""By /api, and by grants for the manifest's directory and for its parent."""

_ATTRIBUTE = re.compile(r'[,:]((?:[A-Z]+-)*(?:URI|LIST))="([^"]*)"')
_TEMPLATE = re.compile(r"\$[A-Za-z]*(?:%0[0-9]+d)?\$")
_ELEMENTS = {"BaseURL", "Location", "PatchLocation", "ContentSteering", "Laurl"}
_ATTRIBUTES = {"media", "initialization", "index", "sourceURL", "bitstreamSwitching"}
_ADDED = {"BaseURL", "Location"}


def playlist_references(text: bytes) -> Iterator[str]:
    """What a player of HLS may fetch: lines that are no comments, and attributes named like references."""
    for line in text.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        if not line.strip().startswith("#"):
            yield line
        elif line.startswith("#EXT-X-"):
            yield from (reference for _, reference in _ATTRIBUTE.findall(line))


def presentation_references(text: bytes) -> Iterator[str]:
    """What a player of DASH may fetch: each reference beneath the base, the first of each level, that it inherits; with
    templates filled in."""
    yield from (_TEMPLATE.sub("1", reference) for reference in _references(ET.fromstring(text), ""))


def _references(element: ET.Element, base: str) -> Iterator[str]:
    bases = [(child.text or "").strip() for child in element if _name(child) == "BaseURL"]
    yield from (_joined(base, one) for one in bases)
    own = _joined(base, bases[0]) if bases else base
    for name, value in element.attrib.items():
        if name in _ATTRIBUTES or name.endswith("}href"):
            yield _joined(own, value)
    if _name(element) == "UTCTiming" and ":http-" in element.get("schemeIdUri", ""):
        yield from element.get("value", "").split()
    for child in element:
        if _name(child) in _ELEMENTS - {"BaseURL"}:
            yield _joined(own, (child.text or "").strip())
        yield from _references(child, own)


def _joined(base: str, reference: str) -> str:
    """As far as can be told without the address of the manifest."""
    directory = base.partition("?")[0].rpartition("/")[0]
    return f"{directory}/{reference}" if directory and not re.match(r"[a-z]+:|/", reference) else reference


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def same_tree(seen: Rewritten) -> bool:
    """Whether a DASH manifest is, but for references that were written and what was given to its outermost element,
    what it was."""
    meant = dict(seen.written)
    return _is_same(ET.fromstring(seen.before), ET.fromstring(seen.after), meant, outermost=True)


def _is_same(before: ET.Element, after: ET.Element, meant: dict[str, str], *, outermost: bool = False) -> bool:
    children, kept = list(before), list(after)
    if outermost:
        added = len(kept) - len(children)
        extra = [child for child in kept if _name(child) in _ADDED][-added:] if added > 0 else []
        kept = [child for child in kept if not any(child is one for one in extra)]
    values = before.attrib.keys() == after.attrib.keys() and all(
        _is_meant(before.attrib[name], after.attrib[name], meant) for name in before.attrib
    )
    texts = _is_meant(before.text or "", after.text or "", meant)
    if before.tag != after.tag or not values or not texts or len(children) != len(kept):
        return False
    return all(_is_same(one, other, meant) for one, other in zip(children, kept, strict=True))


def _is_meant(before: str, after: str, meant: dict[str, str]) -> bool:
    was, now = before.split(), after.split()
    return after == before or (len(was) == len(now) and all(map(_stood, was, (meant.get(_path(one)) for one in now))))


def _path(address: str) -> str:
    return address.removeprefix(GATEWAY)


def _stood(before: str, meant: str | None) -> bool:
    """Whether what was rewritten is what stood there, or the address that it resolves to."""
    return meant is not None and (before == meant or meant.endswith(before.lstrip("./")))


def measure(_scale: Scale) -> Report:
    """Each manifest three times: by /api, and by two grants."""
    viewing, references, stray, changed, refused, files = Viewing.start(), 0, 0, 0, 0, 0
    spent = 0.0
    for kind, base in BASES.items():
        for file in sorted((CORPORA / kind.value).glob("*")):
            files += 1
            for scope in SCOPES:
                started = time.process_time()
                try:
                    seen = viewing.rewritten(kind, file.read_bytes(), base, scope)
                except MalformedManifest:
                    refused += 1
                    continue
                spent += time.process_time() - started
                references += len(seen.written)
                found = playlist_references if kind is Kind.HLS else presentation_references
                stray += len(strays(viewing, seen, found(seen.after)))
                changed += not (undone(seen) == seen.before if kind is Kind.HLS else same_tree(seen))
    return Report(
        [
            Line("files, each by /api and by two grants", str(files), "some", kept=files > 0),
            Line("refused", str(refused), "0", kept=not refused),
            Line("references rewritten", f"{references:,}"),
            Line("references that do not lead to the gateway", str(stray), "0", kept=not stray),
            Line("manifests that cannot be undone", str(changed), "0", kept=not changed),
            Line("processor seconds for all", f"{spent:.2f}"),
        ]
    )


FIGURE = Figure("suites", (__doc__ or "").strip(), Scale(1, 1), measure)

if __name__ == "__main__":
    FIGURE.main()
