"""DASH manifests (ISO/IEC 23009-1): DASH stays DASH; what leads elsewhere is rewritten in place, byte for byte.

The text is not parsed and written out again: a parser finds where each reference stands, and only those bytes change.
A relative reference beneath a BaseURL that was rewritten follows it by itself, and so stays as it is: a template at one
level is filled in beneath the BaseURL of a deeper one, which only the player can do. A manifest without a BaseURL at
its top is given one, where its relative references would not lead right by themselves; a live one without a Location
is given one, so that it goes on under a fresh grant when the one it was asked for by has expired.

Beside an MPD there are its patches, and what it has elsewhere by ``xlink:href``. A player reads either as a part of the
MPD: a relative reference in it stays, for it resolves against an MPD that is not at hand here. One that names a host,
or begins with a slash, is rewritten; where it names none, the fragment's own host is meant. A patch's PatchLocation and
Location are resolved against the patch's own address.
"""

from gateway.manifests.dash.rewriting import rewrite
from gateway.manifests.dash.tree import DEEPEST

__all__ = ["DEEPEST", "rewrite"]
