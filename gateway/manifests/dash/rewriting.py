"""Walks the elements of a manifest from the outermost in, and notes what is to be changed."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from gateway.manifests.dash.base import Base, Bases, Effort
from gateway.manifests.dash.change import Change, replaced
from gateway.manifests.dash.identifiers import FILLED, beneath, misleading, misled, names_place
from gateway.manifests.dash.leads import Leads, each
from gateway.manifests.dash.levels import LEVELS, SEGMENTS, bases_in, leaves, outer_of
from gateway.manifests.dash.operation import NAMES, Target
from gateway.manifests.dash.query import pinned
from gateway.manifests.dash.references import CALLBACK, ELEMENTS, QUERIES, Use, has_addresses, use_of
from gateway.manifests.dash.tree import Element, plain, read
from gateway.manifests.data_url import refused
from gateway.manifests.link import Link, MalformedManifest, counted, resolve

_KEPT = frozenset({"MPD", *LEVELS, "ProgramInformation", "Event", *QUERIES, *NAMES})

_QUOTES = {'"': "&quot;", "'": "&apos;"}
_SOON = b'"1"'
"""Seconds from its publication that a patch's PatchLocation holds when it is to be asked no more; 0 is none."""


def rewrite(text: bytes, base: str, link: Link, own: str = "", licence: Link | None = None) -> bytes:
    """Rewrite a manifest, a patch, or a fragment of a manifest that came from ``base``. A template's ``$...$`` parts
    reach ``link`` as they are. ``own`` is the gateway as the player reached it, ``scheme://host``, ``//host`` if the
    scheme is not known, or nothing; ``licence`` gives what to write for a licence server, that players ask by POST.

    Raises `MalformedManifest` for what is not well-formed XML in UTF-8, for any DTD, and for one too large or too deep.
    """
    text = plain(text)
    rewriting = _Rewriting(text, base, Leads(counted(link), counted(licence or link), own))
    for root in read(text, _is_wanted).children:
        rewriting.root(root)
    return replaced(text, rewriting.changes)


def _is_wanted(element: Element) -> bool:
    name = element.name
    return (
        name in ELEMENTS
        or name in _KEPT
        or any(use_of(name, attribute) for attribute in element.attributes)
        or has_addresses(name, element.attributes)
    )


@dataclass(frozen=True, slots=True)
class _Level:
    """What holds for the elements at one level: the ``bases`` of their references, and whether they are the events of a
    ``callback`` stream. What they tell of segments is for the representations further in, whose bases are ``inner``."""

    bases: Bases
    callback: bool = False
    inner: tuple[Bases, ...] = ()


class _Rewriting:
    """One manifest being rewritten."""

    def __init__(self, text: bytes, base: str, leads: Leads) -> None:
        self._text = text
        self._base = base
        self._effort = Effort()
        self._leads = leads
        self._fragment = True
        self._steered = False
        self._misled = False
        self.changes: list[Change] = []

    def root(self, root: Element) -> None:
        """All that stands in a root element."""
        self._fragment = root.name != "MPD"
        self._misled = misled(root)
        if self._misled and self._fragment:
            raise misleading()
        if root.name == "MPD":
            self._give(root)
        elif root.name == "Patch":
            self._patch(root)
        else:
            self._element(root, _Level((self._outer(known=False),)))

    def _outer(self, carried: str = "", *, known: bool = True) -> Base:
        return Base(self._base, carried, known, self._steered, self._effort)

    # -- what an MPD is given -----------------------------------------------------------------------------------------

    def _give(self, mpd: Element) -> None:
        """Give it what it lacks, where the schema wants it: behind its own ProgramInformation and BaseURL."""
        periods = list(mpd.named("Period"))
        before = [
            child
            for child in mpd.named("ProgramInformation", "BaseURL")
            if not periods or child.start < periods[0].start
        ]
        at = before[-1].after(self._text) if before else mpd.content
        self._steered = any(mpd.named("ContentSteering"))
        base = self._outer() if not periods or any(mpd.named("BaseURL")) else self._give_base(mpd, at)
        is_live = mpd.attributes.get("type") == "dynamic"
        if is_live and not any(True for _ in mpd.named("Location")) and not mpd.is_bare:
            self._insert(mpd, at, "Location", self._leads.reload(self._base))
        self._inside(mpd, _Level((base,)))

    def _give_base(self, mpd: Element, at: int) -> Base:
        home = resolve("./", self._base)
        if home is None or self._leads.link("./", home) is None:
            return self._outer()
        self._insert(mpd, at, "BaseURL", self._base_written("./", _Level((self._outer(),))))
        return self._outer(home)

    def _insert(self, mpd: Element, at: int, name: str, content: str | None) -> None:
        if content is not None:
            given = f"<{mpd.prefix}{name}>{escape(content)}</{mpd.prefix}{name}>"
            self.changes.append(Change(at, at, given.encode()))

    # -- elements -----------------------------------------------------------------------------------------------------

    def _inside(self, element: Element, level: _Level) -> None:
        """What stands in an element, beneath its own BaseURL elements, wherever among the others they are."""
        inner = self._based(element, level.bases)
        callback = level.callback or element.attributes.get("schemeIdUri") == CALLBACK
        telling = any(True for _ in element.named(*SEGMENTS))
        used = tuple(dict.fromkeys(leaves(element, inner))) if telling else ()
        for child in element.children:
            if child.name != "BaseURL":
                own = used if child.name in SEGMENTS else level.inner
                self._element(child, _Level(inner, callback, own))

    def _element(self, element: Element, level: _Level) -> None:
        calls = level.callback and element.name == "Event" and "contentEncoding" not in element.attributes
        use = Use.WHOLE if calls else ELEMENTS.get(element.name)
        if use:
            self._change_text(element, self._written(element.text, level, use))
        self._attributes(element, level, calls=calls)
        if element.children:
            self._inside(element, level)

    def _based(self, element: Element, outer: Bases) -> Bases:
        """The bases within an element. Each of its BaseURL elements stands in for the first, and each of the outer ones
        for the first of those."""
        for child in element.named("BaseURL"):
            self._change_text(child, self._base_written(child.text, _Level(outer_of(child, outer))))
        return bases_in(element, outer)

    def _base_written(self, reference: str, level: _Level) -> str | None:
        """Whole, if the scheme is known: dash.js takes only one of several that are not, and FFmpeg forgets one that is
        a path when another stands further in."""
        replacement = self._written(reference, level, Use.MEDIA)
        is_whole = replacement is not None and self._leads.own.startswith("http")
        return self._written(reference, level, Use.WHOLE) if is_whole else replacement

    def _attributes(self, element: Element, level: _Level, *, calls: bool) -> None:
        if element.name in QUERIES and not self._fragment:
            self.changes += pinned(element, self._text, self._base)
        for name, start, end in element.values(self._text):
            value = element.attributes.get(name, "")
            if name == "value" and has_addresses(element.name, element.attributes):
                replacement = each(value, lambda one: self._written(one, level, Use.WHOLE))
            else:
                use = Use.WHOLE if calls and name == "messageData" else use_of(element.name, name)
                replacement = self._written(value, level, use) if use else None
            if replacement is not None:
                quote = chr(self._text[start])  # which stays
                content = escape(replacement, {quote: _QUOTES[quote]})
                self.changes.append(Change(start + 1, end - 1, content.encode()))

    # -- patches ------------------------------------------------------------------------------------------------------

    def _patch(self, patch: Element) -> None:
        """A patch renews no grant but those of what it brings. Once the one that it was asked for by is followed by a
        newer one, those in the player's manifest age too: then the next PatchLocation is over before it is asked, and
        so the player loads the manifest anew (section 5.15)."""
        home = resolve("./", self._base)
        ageing = home is not None and self._leads.link("./", home) is not None
        for operation in patch.named(*NAMES):
            self._operation(operation)
            for location in operation.named("PatchLocation") if ageing else ():
                self._end(location)

    def _end(self, location: Element) -> None:
        for name, start, end in location.values(self._text):
            if name == "ttl":
                self.changes.append(Change(start, end, _SOON))
                return
        at = location.start + 1 + len((location.prefix + location.name).encode())
        self.changes.append(Change(at, at, b" ttl=" + _SOON))

    def _operation(self, operation: Element) -> None:
        """One of a patch: elements that are put in, or text for an attribute or an element."""
        target = Target.of(operation.attributes)
        level = _Level((self._outer(known=False),), target.callback)
        use = target.use
        if target.element == "Representation" and target.attribute in FILLED and names_place(operation.text):
            raise misleading()
        if use and operation.text.strip():
            self._change_text(operation, each(operation.text, lambda one: self._written(one, level, use)))
        self._inside(operation, level)

    # -- references ---------------------------------------------------------------------------------------------------

    def _written(self, reference: str, level: _Level, use: Use) -> str | None:
        """What takes a reference's place, or None if it stays."""
        reference = reference.strip()
        if use is Use.RELOAD:
            absolute = resolve(reference, self._base)
            return self._leads.reload(absolute) if absolute else refused(reference, manifest=True)
        if use is Use.MEDIA:
            led = self._media(reference, level.inner or (level.bases,))
            return beneath(reference) if led is None and self._misled else led
        absolute = resolve(reference, level.bases[0].url)
        if absolute is None:
            return refused(reference)
        return self._leads.whole(absolute, self._leads.licence if use is Use.LICENCE else self._leads.link)

    def _media(self, reference: str, places: tuple[Bases, ...]) -> str | None:
        """It stays where each of the places in which it is used carries it, and where only some do and the others mean
        something else by it: there it is refused, which is better than another's segments."""
        self._effort.spend(sum(map(len, places)) - 1, reference)
        carried = [all(base.carries(reference) for base in bases) for bases in places]
        absolutes = {resolve(reference, bases[0].url) for bases in places} if not all(carried) else set()
        if not absolutes or (any(carried) and len(absolutes) > 1):
            return None
        base = places[0][0]
        absolute = resolve(reference, base.url)
        return self._leads.link(base.spelt(reference, absolute), absolute) if absolute else refused(reference)

    def _change_text(self, element: Element, replacement: str | None) -> None:
        raw = self._text[element.content : element.end]
        if element.has_elements and element.name in ELEMENTS:
            raise MalformedManifest(
                f"The origin's DASH manifest has elements in a {element.name}, whose text leads on."
            )
        if replacement is None and b"<" in raw:  # players do not agree on what text there is round a comment
            replacement = element.text.strip()
        if replacement is not None:
            start = element.content + len(raw) - len(raw.lstrip())
            self.changes.append(Change(start, start + len(raw.strip()), escape(replacement).encode()))
