"""The matrix: which player plays which format through the gateway. ``python -m tests.players.matrix`` plays all of it,
and writes the table of docs/players.md; it ends with 1 if something that does not play is our fault."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome

from tests.media import VOD
from tests.players.programs import AS_NOBODY, BACK, BACK_LIVE, PROGRAMS
from tests.players.site import states
from tests.players.stage import Stage, stage
from tests.players.viewing import Outcome, Viewing, watch
from tests.service import ROOT

LIVE = {
    "HLS, live": "/live/live.m3u8",
    "HLS, low latency": "/live/low-latency.m3u8",
    "DASH, live": "/live/dash.mpd",
}
FORMATS: Mapping[str, str] = {**VOD, **LIVE}
ENGINES = {"hls.js": "hls.js", "Shaka": "shaka", "dash.js": "dash.js", "video.js": "video.js", "Chromium": "native"}
PLAYERS = (*ENGINES, *PROGRAMS)
BY_GRANT = frozenset({"VLC", "GStreamer"})
"""The programs that are given an address with a grant; the others only for DASH, and otherwise one with a token."""

HANDED_ON = frozenset({"Shaka", "video.js"})
"""The players that hand MP4 to the browser, which sends no header for them: that takes an address with a grant too."""

NOT_MEANT = {
    "hls.js": ("DASH", "MP4"),
    "dash.js": ("HLS", "MP4"),
    "Chromium": ("DASH",),
    "FFmpeg 8": ("DASH",),
}
"""What a player is not made for: hls.js plays HLS alone, dash.js DASH alone, Chromium's own player no DASH; and the
FFmpeg inside `av` is built without a DASH demuxer."""

SIDE_BY_SIDE = 5
FASTER_IN_BROWSER = 2
"""Players in the browser at once, and how much faster than real time: what two processors can do, with time to look."""

DOCUMENT = ROOT / "docs" / "players.md"
_MARKED = re.compile(r"(?<=<!-- matrix -->\n).*(?=<!-- /matrix -->)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Cell:
    """One player, one format."""

    player: str
    format: str

    @property
    def meant(self) -> bool:
        """Whether the player claims to play such a format at all."""
        return not self.format.startswith(NOT_MEANT.get(self.player, ("-",)))

    @property
    def handed_on(self) -> bool:
        """Whether the player has the browser play it."""
        return self.player in HANDED_ON and self.format == "MP4"


@dataclass(frozen=True)
class Result:
    """What came of a cell: by the gateway, and, if that did not play, straight from the origin."""

    through: Outcome
    straight: Outcome | None = None

    @property
    def fault(self) -> str:
        """Whose fault it is that it does not play, or does not seek; empty if it does."""
        if self.through.played and self.through.sought:
            return ""
        better = self.straight and (self.straight.played, self.straight.sought)
        return "us" if not better or better > (self.through.played, self.through.sought) else "the player"

    @property
    def word(self) -> str:
        """The cell as the table has it."""
        if not self.fault:
            return "yes"
        return f"yes, no seek: {self.fault}" if self.through.played else f"no: {self.fault}"


_QUICKEN = """
for (const { players } of Array.from(frames)) {
  const media = players.media();
  if (media && media.playbackRate !== arguments[0]) media.playbackRate = arguments[0];
}
"""


class _Frame:
    """A player in a frame of the site's page."""

    def __init__(self, frames: _Frames, index: int) -> None:
        self._frames = frames
        self._index = index

    def _state(self) -> dict[str, Any]:
        return self._frames.states()[self._index]

    def time(self) -> float | None:
        state = self._state()
        return float(state["time"]) if state["ready"] > 1 and not state["seeking"] else None

    def seek(self, to: float) -> None:
        self._frames.browser.execute_script("frames[arguments[0]].players.seek(arguments[1])", self._index, to)

    def failure(self) -> str:
        fatal = [error["text"].strip() for error in self._state()["errors"] if error["fatal"]]
        return fatal[0] if fatal else ""


class _Frames:
    """All frames of the page, asked at once; recordings are kept at their higher speed."""

    def __init__(self, browser: Chrome, live: bool) -> None:
        self.browser = browser
        self._live = live
        self._asked = 0.0
        self._states: list[dict[str, Any]] = []

    def states(self) -> list[dict[str, Any]]:
        if time.monotonic() - self._asked > 0.08:
            if not self._live:
                self.browser.execute_script(_QUICKEN, FASTER_IN_BROWSER)
            self._states = states(self.browser)
            self._asked = time.monotonic()
        return self._states


def play_in_browser(on: Stage, cells: Sequence[Cell], *, straight: bool) -> list[Outcome]:
    """Cells side by side, all recorded or all live, and none or all handed on."""
    live = cells[0].format in LIVE
    if straight:
        addresses = [on.origin.open_url + FORMATS[cell.format] for cell in cells]
    elif cells[0].handed_on:
        addresses = [on.by_grant("site", FORMATS[cell.format]) for cell in cells]
    else:
        addresses = [on.origin.url + FORMATS[cell.format] for cell in cells]
    wanted = [(ENGINES[cell.player], address) for cell, address in zip(cells, addresses, strict=True)]
    without_it = {"gateway": None} if straight or cells[0].handed_on else {}
    on.site.play_all(on.browser, wanted, **without_it)
    frames = _Frames(on.browser, live)
    outcomes = watch([Viewing(_Frame(frames, index), BACK_LIVE if live else BACK) for index in range(len(cells))])
    on.browser.get("about:blank")
    return outcomes


def play_program(on: Stage, cell: Cell, *, straight: bool) -> Outcome:
    """One cell of a program."""
    path = FORMATS[cell.format]
    if straight:
        address = on.origin.open_url + path
    else:
        grant = cell.player in BY_GRANT or cell.format.startswith("DASH")
        address = (on.by_grant if grant else on.by_token)(cell.player, path)
    with tempfile.TemporaryDirectory(dir=on.folder, ignore_cleanup_errors=True) as place:
        return PROGRAMS[cell.player](address, cell.format in LIVE, Path(place))


def play(on: Stage, cells: Iterable[Cell]) -> dict[Cell, Result]:
    """Play cells: recordings `SIDE_BY_SIDE` in the browser and programs beside it; live formats with all their players
    at once."""
    cells = [cell for cell in cells if cell.meant]
    live = [cell for cell in cells if cell.format in LIVE]
    outcomes = _play_round(on, [cell for cell in cells if cell not in live], at_once=2)
    few = sum(cell.player in ENGINES for cell in live) <= SIDE_BY_SIDE
    for part in [live] if few else [[cell for cell in live if cell.format == name] for name in LIVE]:
        outcomes |= _play_round(on, part, at_once=len(PROGRAMS))
    return {cell: _judge(on, cell, outcomes[cell]) for cell in cells}


def _play_round(on: Stage, cells: Sequence[Cell], at_once: int) -> dict[Cell, Outcome]:
    outcomes: dict[Cell, Outcome] = {}
    with ThreadPoolExecutor(at_once) as pool:
        pending = {
            cell: pool.submit(play_program, on, cell, straight=False) for cell in cells if cell.player in PROGRAMS
        }
        framed = [cell for cell in cells if cell.player in ENGINES]
        for group in ([cell for cell in framed if cell.handed_on is handed_on] for handed_on in (False, True)):
            for start in range(0, len(group), SIDE_BY_SIDE):
                part = group[start : start + SIDE_BY_SIDE]
                outcomes.update(zip(part, play_in_browser(on, part, straight=False), strict=True))
        outcomes.update({cell: done.result() for cell, done in pending.items()})
    return outcomes


def _judge(on: Stage, cell: Cell, outcome: Outcome) -> Result:
    """What does not play is played again, alone, since the machine may have been busy; then without the gateway."""
    if outcome.played and outcome.sought:
        return Result(outcome)
    say(f"once more: {cell.player}, {cell.format}: {outcome.seen}")
    again = _play_one(on, cell, straight=False)
    if again.played and again.sought:
        return Result(again)
    return Result(again, _play_one(on, cell, straight=True))


def _play_one(on: Stage, cell: Cell, *, straight: bool) -> Outcome:
    if cell.player in ENGINES:
        return play_in_browser(on, [cell], straight=straight)[0]
    return play_program(on, cell, straight=straight)


def snippet(name: str) -> str:
    """The lines of shell that docs/players.md has under a name."""
    found = re.search(rf"^```sh {name}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def try_snippet(on: Stage, name: str, path: str) -> str:
    """Make an address as the document says, and play it as it says; what was said if it came to a bad end."""
    environment = os.environ | {
        "GATEWAY": f"http://127.0.0.1:{on.service.port}",
        "KEY": on.keys["site"],
        "URL": on.origin.url + path,
        "HOME": str(on.folder),
    }
    script = f"set -euo pipefail\n{snippet('grant')}{snippet(name)}"
    user = AS_NOBODY if name == "vlc" else []
    line = [*user, "bash", "-c", script]
    run = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=90, check=False)
    return f"{run.returncode}: {run.stdout[-300:]}{run.stderr[-300:]}" if run.returncode else ""


def table(results: Mapping[Cell, Result]) -> str:
    """The matrix in Markdown, and beneath it what was seen where something did not play."""
    rows = [f"| | {' | '.join(PLAYERS)} |", f"|---|{'---|' * len(PLAYERS)}"]
    for name in FORMATS:
        words = [results[cell].word if (cell := Cell(player, name)) in results else "—" for player in PLAYERS]
        rows.append(f"| {name} | {' | '.join(words)} |")
    notes = [
        f"- {cell.player}, {cell.format}: {result.through.seen}; straight from the origin: "
        f"{result.straight.seen if result.straight else 'not tried'}"
        for cell, result in sorted(results.items())
        if result.fault
    ]
    return "\n".join([*rows, "", *notes, ""])


def refusals(refused: Sequence[tuple[str, int, str]]) -> dict[tuple[str, int], list[str]]:
    """What was refused, by client and status: FFmpeg's DASH demuxer makes thousands of such requests."""
    found: dict[tuple[str, int], list[str]] = {}
    for client, status, target in refused:
        found.setdefault((client, status), []).append(target)
    return found


def main() -> int:
    """All cells."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, stage(Path(folder), (*PROGRAMS,)) as on:
        results = play(on, [Cell(player, name) for name in FORMATS for player in PLAYERS])
        refused, asked = on.refused(), on.origin.asked
        tried = {name: try_snippet(on, name, VOD["HLS, fMP4"]) for name in ("ffmpeg", "mpv", "vlc", "gstreamer")}
    for cell, result in sorted(results.items()):
        say(f"{cell.player:10} {cell.format:25} {result.word:25} {result.through.seen}")
    text = table(results)
    say(text)
    DOCUMENT.write_text(_MARKED.sub(lambda _: text, DOCUMENT.read_text()))
    played = sum(not result.fault for result in results.values())
    faults = [cell for cell, result in results.items() if result.fault == "us"]
    strangers = {agent for agent, via in asked if "sluicegate" not in via.lower()}
    say(f"{played} of {len(results)} played in {time.monotonic() - started:.0f} s; by our fault not: {len(faults)}")
    say(f"{len(asked)} requests came to the origin, past the gateway from: {strangers or 'nobody'}")
    for (client, status), targets in refusals(refused).items():
        say(f"refused: {client} {status}, {len(targets)} times, {targets[0]} first")
    bad = {name: said for name, said in tried.items() if said}
    say(f"snippets tried: {', '.join(tried)}; in vain: {bad or 'none'}")
    return int(bool(faults or strangers or bad))


def say(line: str) -> None:
    """To whoever runs it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
