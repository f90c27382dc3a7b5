"""Manifests from public test suites, where the folder with them stands beside the checkout."""

from __future__ import annotations

from pathlib import Path

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"


def corpus(kind: str) -> list[bytes]:
    """The files of one kind; none where there is no corpus."""
    folder = CORPORA / kind
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []


def name_link(_reference: str, absolute: str) -> str:
    """A link that can be undone by eye."""
    return f"/play/G/{absolute}"


def no_link(_reference: str, _absolute: str) -> None:
    """Leaves everything as it is."""
