from __future__ import annotations

from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.policy import OutOfCapacity
from gateway.tiers import PluginError, compile_tiers, discover
from tests.tiers.samples import REPOSITORY, request

TEN_LINES = """\
import asyncio
from dataclasses import dataclass
from gateway.policy import OutOfCapacity
SEAT = asyncio.Lock()
@dataclass(frozen=True)
class OneAtATime:
    detail: str
    async def admit(self, call):
        if SEAT.locked(): raise OutOfCapacity(self.detail)
        async with SEAT: yield
"""

HEAD = """\
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal
from gateway.policy import Call, Positive
"""
CLASS = "@dataclass(frozen=True)\nclass Mine:\n"
ADMIT = "    async def admit(self, call: Call) -> AsyncIterator[None]:\n        yield\n"


def plugin(folder: Path, text: str, name: str = "mine.py") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


async def test_ten_lines_dropped_into_a_folder_admit_refuse_and_clean_up(io_loop: IOLoop, tmp_path: Path) -> None:
    policies = discover(REPOSITORY / "policies", plugin(tmp_path / "own", TEN_LINES, "one_at_a_time.py"))
    text = b"tiers: {standard: {one_at_a_time: The seat is taken., streaming: true}}"
    tier = compile_tiers(text, policies).tiers["standard"]
    for _ in range(2):
        async with tier.admit(request()):
            with pytest.raises(OutOfCapacity, match="The seat is taken"):
                async with tier.admit(request()):
                    pass


def test_the_name_of_a_policy_is_its_file_name() -> None:
    assert {"rate_limit", "streaming"} <= set(discover(REPOSITORY / "policies"))


def test_files_that_begin_with_an_underscore_and_other_files_are_no_policies(tmp_path: Path) -> None:
    plugin(tmp_path, "1/0", "_shared.py")
    plugin(tmp_path, "not Python", "notes.txt")
    assert discover(tmp_path) == {}


def test_a_name_that_two_folders_have_is_refused(tmp_path: Path) -> None:
    first, second = plugin(tmp_path / "a", HEAD + CLASS + ADMIT), plugin(tmp_path / "b", HEAD + CLASS + ADMIT)
    with pytest.raises(PluginError) as refused:
        discover(first, second)
    assert str(refused.value) == f"{second}/mine.py: there is a policy mine already, {first}/mine.py; rename the file"


def test_files_of_one_name_in_two_gateways_do_not_become_one_module(tmp_path: Path) -> None:
    first, second = plugin(tmp_path / "a", HEAD + CLASS + ADMIT), plugin(tmp_path / "b", HEAD + CLASS + ADMIT)
    assert discover(first)["mine"].__module__ != discover(second)["mine"].__module__


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="nowhere is not a folder"):
        discover(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["extends.py", "open_key.py"])
def test_a_policy_cannot_have_the_name_of_a_tiers_own_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match=r"has a meaning of its own in tiers.yaml; rename the file"):
        discover(plugin(tmp_path, HEAD + CLASS + ADMIT, name))


def test_what_a_plugin_raises_at_import_is_told_with_its_line_and_cause(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as refused:
        discover(plugin(tmp_path, "x = {}\n\nx['y']\n"))
    assert str(refused.value) == f"{tmp_path}/mine.py:3: policy mine: KeyError: 'y'"
    assert isinstance(refused.value.__cause__, KeyError)


def test_a_plugin_that_is_not_python_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"mine.py:2: policy mine: SyntaxError"):
        discover(plugin(tmp_path, "x = 1\ndef (:\n"))


def test_a_plugin_of_a_relative_folder_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(tmp_path / "own", "\n1/0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError, match=r"own/mine.py:2: policy mine: ZeroDivisionError"):
        discover(Path("own"))


WRONG = {
    "no class": ("x = 1\n", "one class with a method admit; it defines none"),
    "two classes": (CLASS + ADMIT + CLASS.replace("Mine", "Yours") + ADMIT, "it defines Mine, Yours"),
    "imported class": ("from gateway.policy import Policy\n", "it defines none"),
    "no dataclass": ("class Mine:\n" + ADMIT, "Mine must be a @dataclass(frozen=True), its fields being its options"),
    "not frozen": ("@dataclass\nclass Mine:\n" + ADMIT, "Mine must be a @dataclass(frozen=True)"),
    "no yield": (CLASS + ADMIT.replace("yield", "return"), "admit of Mine must be async def admit(self, call: Call)"),
    "not async": (CLASS + ADMIT.replace("async ", ""), "with one yield in it"),
    "no call": (CLASS + ADMIT.replace(", call: Call", ""), "with one yield in it"),
    "int": (CLASS + "    limit: int\n" + ADMIT, "the field limit of policy mine: <class 'int'> cannot be read"),
    "dict": (CLASS + "    limit: dict[str, str]\n" + ADMIT, "use bool, Positive, Seconds, str, Literal"),
    "numbers": (CLASS + "    limit: Literal[1, 2]\n" + ADMIT, "typing.Literal[1, 2] cannot be read from tiers.yaml"),
    "union": (CLASS + "    limit: Positive | str\n" + ADMIT, "the field limit of policy mine"),
    "shadow": (CLASS + "    shadow: bool\n" + ADMIT, "every policy has shadow already; rename the field"),
    "unknown type": (CLASS + "    limit: 'Missing'\n" + ADMIT, "name 'Missing' is not defined; import it at run time"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_policy_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PluginError) as refused:
        discover(plugin(tmp_path, HEAD + text))
    assert str(refused.value).startswith(f"{tmp_path}/mine.py: ")
    assert words in str(refused.value)


def test_a_constant_of_the_class_is_no_option(tmp_path: Path) -> None:
    policies = discover(plugin(tmp_path, HEAD + CLASS + "    best: ClassVar[int] = 1\n    limit: Positive\n" + ADMIT))
    assert compile_tiers(b"tiers: {a: {mine: 5}}", policies).tiers["a"].describe() == {"mine": {"limit": 5}}


def test_a_policy_without_options_is_named_with_an_empty_mapping(tmp_path: Path) -> None:
    policies = discover(plugin(tmp_path, HEAD + CLASS + ADMIT))
    assert compile_tiers(b"tiers: {a: {mine: {}}}", policies).tiers["a"].describe() == {"mine": {}}
