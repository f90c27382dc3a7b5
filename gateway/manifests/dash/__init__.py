"""DASH manifests (ISO/IEC 23009-1): DASH stays DASH; what leads elsewhere is rewritten in place, byte for byte.

The text is not parsed and written out again: a parser finds where each reference stands, and only those bytes change.
A relative reference beneath a BaseURL that was rewritten follows it by itself, and so stays as it is: a template at one
level is filled in beneath the BaseURL of a deeper one, which only the player can do. A manifest without a BaseURL at
its top is given one, where its relative references would not lead right by themselves.
"""

from gateway.manifests.dash.reader import DEEPEST, rewrite

__all__ = ["DEEPEST", "rewrite"]
