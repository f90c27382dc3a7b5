"""Whether a rewritten manifest is the same tree but for its references."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree as ET

LEAD = "/play/G/"
"""What `name_link` puts before an absolute URL."""


def same_tree(before: ET.Element, after: ET.Element) -> None:
    """Assert that nothing is other than it was but references, each the end of what it was, and that nothing is new
    but a BaseURL and a Location of the root's."""
    given = len(after) - len(before)
    children = list(after)
    if given:
        first = next(i for i, child in enumerate(children) if i >= len(before) or _is_given(child, before[i]))
        assert all((child.text or "").startswith(LEAD) for child in children[first : first + given])
        del children[first : first + given]
    assert [child.tag for child in before] == [child.tag for child in children]
    assert before.tag == after.tag
    assert before.attrib.keys() == after.attrib.keys()
    for name, value in before.attrib.items():
        _same(value, after.attrib[name])
    _same(before.text or "", after.text or "")
    for ours, theirs in zip(before, children, strict=True):
        assert (ours.tail or "").strip() == (theirs.tail or "").strip()
        same_tree(ours, theirs)


def _is_given(child: ET.Element, original: ET.Element) -> bool:
    return child.tag.rpartition("}")[2] in {"BaseURL", "Location"} and child.tag != original.tag


def _same(before: str, after: str) -> None:
    if before.strip() != after.strip():
        assert LEAD in after
        assert unquote(after).strip().endswith(unquote(before).strip().rpartition("./")[2])
