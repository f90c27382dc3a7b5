"""Several workers on one machine: forked from one parent, which passes signals on and replaces those that die."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable

from gateway.service.systemd import notify, notify_reloading

RESTART_SECONDS = 1.0
MOST_DEATHS = 10
"""Deaths within `DEATHS_SECONDS` of each other after which the parent gives up, so that systemd learns of it."""

DEATHS_SECONDS = 20
_log = logging.getLogger("sluicegate.workers")


class Supervisor:
    """Keeps ``count`` workers alive; ``run`` is called in each with its number, before any event loop. ``look`` is
    called in the parent before each start and at a reload, so that a worker inherits the newest that is good."""

    def __init__(self, count: int, run: Callable[[int], None], look: Callable[[], None]) -> None:
        self._count = count
        self._run = run
        self._look = look
        self._workers: dict[int, int] = {}
        self._stopping = False
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)

    def supervise(self) -> None:
        """Return when all workers have ended after SIGTERM or SIGINT; exit with 1 if they cannot be kept alive."""
        for passed_on in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(passed_on, self._pass_on)
        for number in range(self._count):
            self._start(number)
        notify("READY=1")
        while self._workers:
            self._wait()

    def _start(self, number: int) -> None:
        self._look()
        pid = os.fork()
        if pid:
            self._workers[pid] = number
            return
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the worker listens to it
        os.environ.pop("NOTIFY_SOCKET", None)  # the parent speaks for all
        self._run(number)
        os._exit(0)

    def _wait(self) -> None:
        pid, status = os.wait()
        number = self._workers.pop(pid)
        if not self._stopping:
            _log.error("worker %d ended with status %d; starting another", number, os.waitstatus_to_exitcode(status))
            self._give_up_if_hopeless()
            time.sleep(RESTART_SECONDS)
            if not self._stopping:
                self._start(number)

    def _give_up_if_hopeless(self) -> None:
        self._deaths.append(time.monotonic())
        if len(self._deaths) == MOST_DEATHS and self._deaths[-1] - self._deaths[0] < DEATHS_SECONDS:
            _log.critical("workers die as soon as they are started; giving up")
            for pid in self._workers:
                os.kill(pid, signal.SIGTERM)
            sys.exit(1)

    def _pass_on(self, received: int, _frame: object) -> None:
        if received == signal.SIGHUP:
            notify_reloading()
            self._look()
        else:
            self._stopping = True
            notify("STOPPING=1")
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM if received == signal.SIGINT else received)
        if received == signal.SIGHUP:
            notify("READY=1")
