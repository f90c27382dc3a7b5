"""What a grant does not open, asked over a raw socket; and how soon it opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.handlers.attacks import ATTACKS, Attack, Stage, hang_up, wait
from tests.service import HANG, Service


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.built(tmp_path_factory.mktemp("attacked")) as built:
        yield built


@pytest.mark.parametrize("grant", ["good", "alone"])
def test_what_the_grant_is_for_is_served(stage: Stage, grant: str) -> None:
    """Or all the others would be refused for nothing."""
    served = Attack("none", f"/play/{{{grant}}}/{{host}}/a/b/v.ts?{grant}")
    assert stage.answered(served) == ("200 video", 1)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nothing_else_is_and_no_origin_hears_of_it(stage: Stage, attack: Attack) -> None:
    assert stage.answered(attack) == (attack.refused, 0)


def test_no_two_attacks_have_one_name() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("how", [wait, hang_up])
def test_a_grant_dies_with_its_key_while_it_is_used(stage: Stage, how: Callable[[Service], None]) -> None:
    assert stage.seconds_to_die(how) < HANG
