"""A crew on this machine: threads that each drive one worker process."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from convergent.cases.errors import BackendUnavailable
from convergent.harness.budget import Budget, Turn
from convergent.harness.crew import Desk, Spent
from convergent.harness.drive import Driver
from convergent.harness.plan import Work
from convergent.harness.referee import Referee
from convergent.harness.share import Shared


class Threads:
    """As many workers at once as the options' ``jobs``, within their budget."""

    def __init__(self) -> None:
        self._referee = Referee()
        self._drivers: list[Driver] = []

    def work(self, left: Mapping[str, list[Work]], desk: Desk) -> Spent:
        """Run what is left."""
        allowed, jobs = desk.options.budget, desk.options.jobs
        shared = Shared(dict(left), None if allowed is None else Budget(allowed, jobs))
        interrupted = False
        with ThreadPoolExecutor(jobs) as pool:
            try:
                futures = [pool.submit(self._drive, shared, desk) for _ in range(jobs)]
                for future in futures:
                    future.result()
            except KeyboardInterrupt:
                interrupted = True
                desk.stop.set()
                for driver in self._drivers:
                    driver.interrupt()
        times = [driver.times for driver in self._drivers]
        return Spent(times=times, left=shared.left, interrupted=interrupted)

    def _driver(self, turn: Turn, desk: Desk) -> Driver:
        driver = Driver(
            turn.variant,
            referee=self._referee,
            emit=desk.emit,
            announce=desk.announce,
            timeout=desk.options.timeout,
            repeat=desk.options.repeat,
            stop=turn,
            crowded=desk.options.jobs > 1,
            most_memory=desk.options.most_memory,
        )
        self._drivers.append(driver)
        return driver

    def _drive(self, shared: Shared, desk: Desk) -> None:
        """Take one variant after another until nothing is left; what one thread does."""
        while not desk.stop.is_set() and (turn := shared.next_turn()) is not None:
            driver, rest = self._driver(turn, desk), None
            try:
                with turn.limit(desk.stop, driver.interrupt):
                    driver.run(shared.works(turn.variant))
                rest = driver.rest
            except BackendUnavailable:
                shared.drop(turn.variant)  # recorded as the variant's error; the others go on
            except BaseException:
                desk.stop.set()
                raise
            finally:
                shared.end(turn, rest)
