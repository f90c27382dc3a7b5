"""What is wrong with a file, each mistake with its place, and all of them told in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class ConfigError(Exception):
    """What is wrong at one place of a file, and what would be right. Lines and columns count from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.column = column
        self.what = what

    def told(self, name: str) -> str:
        """``NAME:LINE:COLUMN: what is wrong; what would be right``."""
        return f"{name}:{self.line}:{self.column}: {self.what}"


class ConfigErrors(Exception):  # noqa: N818 - it is several errors
    """All that is wrong with a file, in the file's order."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        told = {(error.line, error.column, error.what): error for error in errors}
        self.errors = tuple(told[place] for place in sorted(told))
        super().__init__("; ".join(error.told("line") for error in self.errors))

    def lines(self, name: str) -> list[str]:
        """One line for each error."""
        return [error.told(name) for error in self.errors]


class Findings:
    """Mistakes found on the way, so that the first does not hide the others."""

    def __init__(self) -> None:
        self._errors: list[ConfigError] = []

    def add(self, *errors: ConfigError) -> None:
        """Remember mistakes and go on."""
        self._errors.extend(errors)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Remember the mistakes that the block raises, and go on after it."""
        try:
            yield
        except ConfigError as error:
            self.add(error)
        except ConfigErrors as several:
            self.add(*several.errors)

    def settle(self) -> None:
        """Raise `ConfigErrors` if anything was found."""
        if self._errors:
            raise ConfigErrors(self._errors)
