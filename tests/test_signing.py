"""The recipes of docs/signing.md, as a provider copies them, against a real gateway."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.scripted_origin import Origin, answer
from tests.service import HANG, ROOT, Service

DOCUMENT = (ROOT / "docs/signing.md").read_text()


@dataclass(frozen=True)
class Language:
    """How a recipe is run, and what is put behind it to give it a key ring and arguments, and to print its address."""

    name: str
    suffix: str
    command: tuple[str, ...]
    begin: str
    end: str


PYTHON = Language(
    "python",
    ".py",
    (sys.executable,),
    "",
    "import sys\n*who, gateway = sys.argv[2:]\nprint(playback_url(*who, json.load(open(sys.argv[1])), gateway))",
)
NODE = Language(
    "js",
    ".mjs",
    ("node",),
    "",
    'import { readFileSync } from "node:fs";\nconst [ring, url, key, tier, gateway] = process.argv.slice(2);\n'
    "console.log(playbackUrl(url, key, tier, JSON.parse(readFileSync(ring)), gateway));",
)
PHP = Language(
    "php",
    ".php",
    ("php",),
    "<?php\n",
    "[, $ring, $url, $key, $tier, $gateway] = $argv;\n"
    "echo playback_url($url, $key, $tier, json_decode(file_get_contents($ring), true), $gateway), PHP_EOL;",
)


def recipe(language: Language) -> str:
    (found,) = re.findall(rf"^```{language.name}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("language", [PYTHON, NODE, PHP], ids=lambda language: language.name)
def test_a_recipe_makes_addresses_that_play(
    service: Service, origin: Origin, tmp_path: Path, language: Language
) -> None:
    """Of a film alone, and of a manifest with what lies beside it; by a query that is the origin's."""
    origin.scripts["/a/b/film.mp4"] = answer(b"video")
    origin.scripts["/a/b/Show.M3U8"] = answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n#EXT-X-ENDLIST\n")
    origin.scripts["/a/b/v.ts"] = answer(b"segment")
    key_id = service.add_key("acme", "standard")[3:11]
    program = tmp_path / f"recipe{language.suffix}"
    program.write_text(f"{language.begin}{recipe(language)}\n{language.end}\n")

    def address(url: str) -> str:
        command = [
            *language.command,
            str(program),
            str(service.keyring),
            url,
            key_id,
            "standard",
            "https://gw.example.com",
        ]
        made = subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=True)
        assert made.stdout.startswith("https://gw.example.com/play/"), made.stderr
        asked = urlsplit(made.stdout.strip())
        return f"{asked.path}?{asked.query}"

    film = address(f"{origin.url}/a/b/film.mp4?x=1&y=%2F#t=5")
    assert service.get(film).body == b"video"
    assert origin.asked[-1][1] == "/a/b/film.mp4?x=1&y=%2F"
    assert service.get(film.replace("/a/b/film.mp4", "/a/b/v.ts")).status == 403
    show = address(f"{origin.url}/a/b/Show.M3U8")
    assert service.get(show).body.decode().splitlines()[2] == "v.ts"
    assert service.get(show.replace("/a/b/Show.M3U8", "/a/b/v.ts")).body == b"segment"
    assert service.get(show.replace("/a/b/Show.M3U8", "/a/v.ts")).status == 403
    service.key_file().revoke("acme")
    service.reload()
    assert service.get(film).status == 401


@pytest.mark.parametrize("language", [PYTHON, NODE, PHP], ids=lambda language: language.name)
def test_a_recipe_has_ten_lines(language: Language) -> None:
    lines = [line for line in recipe(language).splitlines() if line.startswith(" ")]
    assert len(lines) <= 10
    assert max(map(len, recipe(language).splitlines())) <= 128
