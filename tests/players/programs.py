"""Players that are programs of their own: FFmpeg in two versions, VLC, mpv and GStreamer, played at an address."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import free_port
from tests.players.viewing import AFTER, WANTED, Outcome, Viewing, watch

HERE = Path(__file__).resolve().parent
FASTER = 4
"""How many times faster than real time recordings are played, where a player does not play as fast as it can."""

BACK, BACK_LIVE = 15.0, 6.0
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
"""What VLC is started by, since it does not run as root."""

Program = Callable[[str, bool, Path], Outcome]
"""Plays an address, of something live or not, with a folder of its own to work in."""


def ffmpeg(address: str, live: bool, _folder: Path) -> Outcome:
    """The system's: decodes from the start, and once more from further on; live in real time, and from further back."""
    first = ["-re", "-i", address] if live else ["-i", address]
    again = ["-live_start_index", "-8", "-i", address] if live else ["-ss", "6", "-i", address]
    if live and ".mpd" in address:
        again = first
    played, sought = (_decode([*part, "-t", str(seconds)]) for part, seconds in ((first, WANTED), (again, AFTER)))
    return Outcome(played.played, f"{played.seen}; then {sought.seen}", sought.played)


def _decode(arguments: list[str]) -> Outcome:
    at = arguments.index("-i") + 2
    line = ["ffmpeg", "-nostdin", "-v", "error", "-stats", *arguments[:at], "-map", "0:v:0", "-map", "0:a:0?"]
    run = subprocess.Popen([*line, *arguments[at:], "-f", "null", "-"], stderr=subprocess.PIPE, text=True)
    try:
        _, told = run.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        run.kill()  # it asks for the next segments on and on, whatever signal it is sent
        _, told = run.communicate()
    frames = re.findall(r"frame=\s*(\d+)", told)
    errors = [part for part in re.split(r"[\r\n]+", told) if part and not part.startswith("frame=")]
    seconds = float(arguments[-1])
    good = bool(frames) and int(frames[-1]) >= 24 * seconds - 2 and run.returncode == 0
    said = f": {errors[0]}" if errors and not good else ""
    return Outcome(good, f"{frames[-1] if frames else 0} frames of {seconds:.0f} s{said}")


def ffmpeg_8(address: str, live: bool, _folder: Path) -> Outcome:
    """The newest, in `av`: decodes, and seeks; live from further back instead."""
    line = [sys.executable, str(HERE / "pyav.py"), address, "live" if live else "recorded", str(WANTED), str(AFTER)]
    run = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        told, _ = run.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        run.kill()
        told, _ = run.communicate()
        told += "no end in 60 s"
    lines = told.strip().splitlines() or ["nothing"]
    return Outcome(run.returncode == 0, lines[-1])


@contextmanager
def _running(
    line: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended in the end, with what it started."""
    with log.open("wb") as told:
        process = subprocess.Popen(
            line, stdout=told, stderr=told, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Process:
    """What a remote knows of its player's process: that it has ended, and what it said last."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def failure(self) -> str:
        if self._process.poll() is None:
            return ""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f"it ended: {lines[-1].strip() if lines else self._process.returncode}"


class _Mpv(_Process):
    """By its JSON IPC."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, place: Path) -> None:
        super().__init__(process, log)
        self._place = place
        self._connection: socket.socket | None = None
        self._rest = b""

    def _ask(self, *command: object) -> object:
        try:
            if self._connection is None:
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(5)
                connection.connect(str(self._place))
                self._connection = connection
            self._connection.sendall(json.dumps({"command": command}).encode() + b"\n")
            while True:
                while b"\n" not in self._rest:
                    received = self._connection.recv(65536)
                    if not received:
                        return None
                    self._rest += received
                line, _, self._rest = self._rest.partition(b"\n")
                answer: Mapping[str, object] = json.loads(line)
                if "error" in answer:
                    return answer.get("data")
        except OSError:
            return None

    def time(self) -> float | None:
        at = self._ask("get_property", "time-pos")
        return float(at) if isinstance(at, float | int) else None

    def seek(self, to: float) -> None:
        self._ask("seek", to, "absolute")


def mpv(address: str, live: bool, folder: Path) -> Outcome:
    """mpv without a picture or a sound."""
    place, log = folder / "mpv", folder / "mpv.log"
    line = ["mpv", "--no-config", "--vo=null", "--ao=null", "--no-terminal", f"--log-file={folder}/mpv.full"]
    line += [f"--input-ipc-server={place}", f"--speed={1 if live else FASTER}"]
    line += ["--cache=no", "--demuxer-readahead-secs=0"] if live and ".mpd" in address else []
    with _running([*line, address], log) as process:
        return watch([Viewing(_Mpv(process, log, place), BACK_LIVE if live else BACK)])[0]


class _Vlc(_Process):
    """By its remote control interface."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        super().__init__(process, log)
        self._port = port

    def _ask(self, command: str) -> str:
        """What it answers, between its prompts; nothing to a command that needs no answer."""
        told = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 2) as connection:
            connection.settimeout(0.5)
            connection.sendall(f"{command}\n".encode())
            while not (found := re.search(rb"> (.*)\r\n> ", told)) and (received := connection.recv(4096)):
                told += received
            return found[1].decode() if found else ""
        return ""

    def time(self) -> float | None:
        at = self._ask("get_time")
        return float(at) if at.isdigit() else None

    def seek(self, to: float) -> None:
        self._ask(f"seek {int(to)}")


def vlc(address: str, live: bool, folder: Path) -> Outcome:
    """VLC without a picture or a sound."""
    folder.chmod(0o777)
    port, log = free_port(), folder / "vlc.log"
    line = [*AS_NOBODY, "vlc", "-I", "rc", "--rc-host", f"127.0.0.1:{port}"]
    line += ["--vout", "vdummy", "--aout", "adummy", "--no-interact"]
    line += ["--rate", str(1 if live else FASTER), "--play-and-exit", address]
    environment = os.environ | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with _running(line, log, environment) as process:
        return watch([Viewing(_Vlc(process, log, port), BACK_LIVE if live else BACK)])[0]


class _GStreamer:
    """By gstreamer.py's lines: it is told where to seek, and tells where it is."""

    def __init__(self, place: Path, process: subprocess.Popen[bytes]) -> None:
        self._place = place
        self._process = process

    def _lines(self) -> list[str]:
        return (self._place / "gst.log").read_text(errors="replace").splitlines()

    def time(self) -> float | None:
        found = [line for line in self._lines() if line.startswith("at ")]
        return float(found[-1].split()[1]) if found else None

    def seek(self, to: float) -> None:
        (self._place / "seek").write_text(str(to))

    def failure(self) -> str:
        found = [line for line in self._lines() if line.startswith(("error", "end"))]
        return found[-1] if found else "it ended" if self._process.poll() is not None else ""


def gstreamer(address: str, live: bool, folder: Path) -> Outcome:
    """GStreamer's playbin3."""
    line = [sys.executable, "-u", str(HERE / "gstreamer.py"), address, str(1 if live else FASTER), str(folder / "seek")]
    with _running(line, folder / "gst.log") as process:
        return watch([Viewing(_GStreamer(folder, process), BACK_LIVE if live else BACK)])[0]


PROGRAMS: Mapping[str, Program] = {
    "FFmpeg": ffmpeg,
    "FFmpeg 8": ffmpeg_8,
    "VLC": vlc,
    "mpv": mpv,
    "GStreamer": gstreamer,
}
