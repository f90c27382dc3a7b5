"""For how long a manifest's references hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import HOUR, LONGEST_VOD
from gateway.manifests import Length
from gateway.playback.leases import Lease, Terms

NOW = 1_800_000_123.5
SIX_HOURS = 6 * HOUR
LIVE_IN_PLACE = Length(math.inf, read_in_place=True)
ANY_LENGTH = st.none() | st.just(math.inf) | st.floats(0, 10**9)


def granted(now: float = NOW, lifetime: int = SIX_HOURS) -> Lease:
    return Lease.starting(now, lifetime)


@pytest.mark.parametrize("seconds", [None, math.inf, 0.0, 1.0, 3 * HOUR * 0.87])
def test_what_a_manifest_names_is_opened_by_the_manifests_own_grant_while_that_is_new(seconds: float | None) -> None:
    assert Terms(NOW, SIX_HOURS, granted()).lease(Length(seconds)) == granted()


@pytest.mark.parametrize("seconds", [None, math.inf])
def test_a_live_manifest_and_a_multivariant_one_renew_as_soon_as_a_step_has_gone_by(seconds: float | None) -> None:
    step = SIX_HOURS // 8
    begin = int(NOW) // step * step
    last, first = Terms(begin + step - 0.001, SIX_HOURS, granted()), Terms(begin + step, SIX_HOURS, granted())
    assert last.lease(Length(seconds)) == granted()
    assert first.lease(Length(seconds)) == Lease(begin + step, SIX_HOURS)


@pytest.mark.parametrize("age", [0, SIX_HOURS - 1, SIX_HOURS, 20 * SIX_HOURS])
def test_a_live_manifest_that_is_to_stay_as_it_was_keeps_its_grant_even_beyond_its_end(age: int) -> None:
    own = granted()
    assert Terms(NOW + age, SIX_HOURS, own).lease(LIVE_IN_PLACE) == own
    assert Terms(NOW + age, SIX_HOURS, None).lease(LIVE_IN_PLACE) == Lease.starting(NOW + age, SIX_HOURS)


@pytest.mark.parametrize("seconds", [None, math.inf, 60.0])
def test_a_grant_that_has_expired_is_renewed(seconds: float | None) -> None:
    later = NOW + SIX_HOURS
    assert Terms(later, SIX_HOURS, granted()).lease(Length(seconds)) == Lease.starting(later, SIX_HOURS)


@pytest.mark.parametrize("age", [SIX_HOURS // 4, SIX_HOURS - 60, SIX_HOURS, 2 * SIX_HOURS])
def test_an_event_that_ends_keeps_the_grant_by_which_it_was_viewed(age: int) -> None:
    own = Lease(int(NOW), SIX_HOURS)
    assert Terms(NOW + age, SIX_HOURS, own).lease(Length(4.0 * HOUR, read_in_place=True)) == own


@pytest.mark.parametrize("lifetime", [60, HOUR, SIX_HOURS])
@pytest.mark.parametrize("late", [0, 1])
def test_an_event_that_has_ended_is_a_film_for_who_begins_to_view_it(lifetime: int, late: int) -> None:
    begin = int(NOW) // lifetime * lifetime
    own = granted(begin - late, lifetime)
    assert Terms(begin + 5, lifetime, own).lease(Length(4.0 * HOUR, read_in_place=True)).vod


def test_a_grant_that_was_signed_for_less_is_renewed_at_once_and_one_for_as_much_is_not() -> None:
    assert Terms(NOW, SIX_HOURS, Lease(int(NOW), 2 * HOUR)).lease(Length(math.inf)) == Lease.starting(NOW, SIX_HOURS)
    unaligned = Lease(int(NOW), SIX_HOURS)
    assert Terms(NOW + 60, SIX_HOURS, unaligned).lease(Length(math.inf)) == unaligned


def test_a_film_keeps_its_grant_as_long_as_that_holds_to_the_end_and_pauses() -> None:
    own, late = granted(), NOW + 4 * HOUR
    assert Terms(late, SIX_HOURS, own).lease(Length(1800)) == own
    assert Terms(late, SIX_HOURS, own).lease(Length(2 * HOUR)) == Lease.starting(late, SIX_HOURS)
    assert Terms(late, SIX_HOURS, own).lease(Length(4 * HOUR)).vod


def test_a_film_longer_than_any_other_grant_gets_one_of_whole_hours() -> None:
    lease = Terms(NOW, 60, granted(lifetime=60)).lease(Length(5400))
    assert (lease.vod, lease.lifetime) == (True, 4 * HOUR)
    assert lease.ends >= NOW + 2 * 5400


def test_a_film_longer_than_any_grant_to_an_end_has_the_operators_own_where_that_holds_longer() -> None:
    week = 7 * 24 * HOUR
    assert Terms(NOW, week, None).lease(Length(100 * HOUR)) == Lease.starting(NOW, week)
    assert Terms(NOW, week, granted(lifetime=week)).lease(Length(100 * HOUR)) == granted(lifetime=week)


@pytest.mark.parametrize("others", [5399.9, 5400.04, 5405.0])
def test_renditions_whose_lengths_differ_a_little_share_one_lease(others: float) -> None:
    terms = Terms(NOW, 600, granted(lifetime=600))
    assert terms.lease(Length(others)) == terms.lease(Length(5400))
    assert Terms(NOW + 60, 600, None).lease(Length(others)) == terms.lease(Length(5400))


@given(st.floats(0, 4 * 10**9), st.integers(1, 365 * 86400), ANY_LENGTH, st.integers(0, 365 * 86400))
def test_no_lease_is_longer_than_what_is_verified(now: float, lifetime: int, seconds: float | None, age: int) -> None:
    for own in (None, Lease(int(now) - age, lifetime)):
        lease = Terms(now, lifetime, own).lease(Length(seconds))
        assert lease.lifetime <= (LONGEST_VOD if lease.vod else lifetime)
        assert not lease.vod or lease.lifetime % HOUR == 0
        assert lease.lifetime > 0
        assert lease == own or lease.issued_at <= now
        assert lease.ends > now


@given(st.floats(0, 4 * 10**9), st.integers(60, 365 * 86400), st.floats(0, 10**6), st.integers(0, 365 * 86400))
def test_a_film_can_be_seen_to_its_end(now: float, lifetime: int, seconds: float, age: int) -> None:
    lease = Terms(now, lifetime, Lease(int(now) - age, lifetime)).lease(Length(seconds))
    assert lease.ends >= now + min(2 * seconds, LONGEST_VOD * 7 / 8) - 1
