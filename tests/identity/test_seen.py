"""What is remembered of tokens."""

from __future__ import annotations

import pytest

from gateway.identity.seen import KEPT, Seen
from gateway.problem import InvalidToken


def test_the_least_recently_used_is_forgotten_first_and_a_failure_is_never_kept() -> None:
    asked: list[str] = []

    def find(text: str) -> str:
        asked.append(text)
        if text == "bad":
            raise InvalidToken
        return text

    seen = Seen(find)
    for n in range(KEPT):
        seen[str(n)]
    seen["0"]
    seen["one more"]
    asked.clear()
    seen["0"]
    seen["1"]
    assert asked == ["1"]
    for _ in range(2):
        with pytest.raises(InvalidToken):
            seen["bad"]
    assert asked == ["1", "bad", "bad"]
