"""The quick part of the matrix: every format, every player in a browser, and both FFmpegs on all that is recorded.

``make players`` plays all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.media import VOD
from tests.players.matrix import LIVE, PLAYERS, Cell, Result, play, table, try_snippet
from tests.players.stage import Stage, stage
from tests.players.viewing import Outcome, Viewing

pytestmark = pytest.mark.timeout(400)
IN_BROWSER = (
    Cell("hls.js", "HLS, MPEG-TS"),
    Cell("video.js", "HLS, fMP4"),
    Cell("Chromium", "HLS, AES-128"),
    Cell("Shaka", "HLS, byte ranges"),
    Cell("hls.js", "HLS, audio and subtitles"),
    Cell("dash.js", "DASH, template"),
    Cell("video.js", "DASH, timeline"),
    Cell("dash.js", "DASH, list"),
    Cell("Shaka", "DASH, base"),
    Cell("Chromium", "MP4"),
    Cell("hls.js", "HLS, low latency"),
    Cell("video.js", "HLS, live"),
    Cell("dash.js", "DASH, live"),
)
BY_FFMPEG = tuple(Cell(player, name) for player in ("FFmpeg", "FFmpeg 8") for name in VOD)
NO_SEEK = frozenset({Cell("FFmpeg", "HLS, fMP4"), Cell("FFmpeg", "HLS, audio and subtitles")})
"""FFmpeg 5.1 decodes nothing after a seek in HLS with fMP4 segments, through the gateway or not; FFmpeg 8 does."""

QUICK = tuple(cell for cell in IN_BROWSER + BY_FFMPEG if cell.meant)


@dataclass(frozen=True)
class Played:
    """All of it, played once."""

    on: Stage
    results: dict[Cell, Result]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with stage(tmp_path_factory.mktemp("matrix"), ("FFmpeg", "FFmpeg 8")) as on:
        yield Played(on, play(on, QUICK))


@pytest.mark.parametrize("cell", QUICK, ids=lambda cell: f"{cell.player}, {cell.format}")
def test_it_plays_twenty_seconds_and_seeks(played: Played, cell: Cell) -> None:
    result = played.results[cell]
    assert result.word in ({"yes", "yes, no seek: the player"} if cell in NO_SEEK else {"yes"}), result


def test_the_origin_is_asked_by_the_gateway_alone(played: Played) -> None:
    assert played.on.origin.asked
    assert [agent for agent, via in played.on.origin.asked if "sluicegate-" not in via] == []
    assert {agent.partition("/")[0] for agent, _ in played.on.origin.asked} == {"Sluicegate"}


def test_no_request_of_a_player_is_refused(played: Played) -> None:
    assert played.on.refused() == []


def test_the_address_and_the_line_for_ffmpeg_work_as_they_are_written_down(played: Played) -> None:
    assert try_snippet(played.on, "ffmpeg", VOD["HLS, MPEG-TS"]) == ""


def test_every_format_and_every_player_of_the_browser_is_played_here() -> None:
    assert {cell.format for cell in QUICK} == {*VOD, *LIVE}
    assert {cell.player for cell in QUICK} >= {"hls.js", "Shaka", "dash.js", "video.js", "Chromium"}


class Scripted:
    """A player that is where the test says it is."""

    def __init__(self, times: list[float], failure: str = "") -> None:
        self.times = times
        self.sought: list[float] = []
        self.failed = failure

    def time(self) -> float | None:
        return self.times.pop(0) if self.times else None

    def seek(self, to: float) -> None:
        self.sought.append(to)

    def failure(self) -> str:
        return "" if self.times else self.failed


def outcome(player: Scripted) -> Outcome | None:
    viewing = Viewing(player, back=15)
    for _ in range(100):
        viewing.look()
    return viewing.outcome


def test_a_player_that_plays_seeks_and_plays_on_has_played() -> None:
    player = Scripted([*range(22), 21, 5, 6, 7, 8])
    assert outcome(player) == Outcome(True, "20 s, sought to 5.0 s, played on to 7.0 s")
    assert player.sought == [5.0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], "broken, after 0.0 s of media"),
        (list(range(10)), "broken, after 9.0 s of media"),
        ([0, 20, 20, 20], "broken, after 0.0 s of media"),
        ([*range(21), 20, 5, 5, 5], "broken, after 0.0 s of media, when it had been told to seek to 5 s"),
    ],
)
def test_a_player_that_stops_jumps_or_stands_has_not(times: list[float], said: str) -> None:
    assert outcome(Scripted(times, "broken")) == Outcome(False, said)


PLAYED, UNSOUGHT, FAILED = Outcome(True, ""), Outcome(True, "", sought=False), Outcome(False, "", sought=False)


@pytest.mark.parametrize(
    ("through", "straight", "word"),
    [
        (PLAYED, None, "yes"),
        (FAILED, FAILED, "no: the player"),
        (FAILED, PLAYED, "no: us"),
        (FAILED, UNSOUGHT, "no: us"),
        (UNSOUGHT, UNSOUGHT, "yes, no seek: the player"),
        (UNSOUGHT, PLAYED, "yes, no seek: us"),
        (UNSOUGHT, FAILED, "yes, no seek: the player"),
    ],
)
def test_it_is_our_fault_if_it_goes_better_without_us(through: Outcome, straight: Outcome | None, word: str) -> None:
    assert Result(through, straight).word == word


def test_the_table_has_a_row_for_each_format_and_a_column_for_each_player() -> None:
    lines = table({Cell("VLC", "MP4"): Result(FAILED, FAILED)}).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == [*VOD, *LIVE]
    assert all(row.count("|") == len(PLAYERS) + 2 for row in rows)
    assert "no: the player" in rows[-4]
