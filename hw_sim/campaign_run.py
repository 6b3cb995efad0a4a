"""Run the trials that have no result yet on any `concurrent.futures.Executor`: a process pool, or a dask cluster."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from typing import cast

from firmware_py.pi.console import UserError, version
from hw_sim.campaign import CampaignSettings, results_of_trials
from hw_sim.campaign_results import Results
from hw_sim.campaign_worker import end_with_parent

BATCH = 4  # trials per task: a second or more, far above what handing over costs
AHEAD = 3  # tasks per worker that wait; more would only take memory
PART_ROWS = 200
PART_S = 10.0  # so much work is lost at most when a campaign is killed


def run_campaign(
    settings: CampaignSettings,
    results: Results,
    executor: Executor,
    workers: int,
    progress: Callable[[int, int], None],
) -> None:
    """Run what is missing; write parts; `progress(done, all)` after each batch."""
    done = results.done()
    missing = [trial for trial in range(settings.walks) if trial not in done]
    batches = iter([missing[i : i + BATCH] for i in range(0, len(missing), BATCH)])
    running: set[Future] = set()
    rows: list[dict] = []
    written_s = -PART_S  # the first results are kept at once
    n_done = len(done)
    progress(n_done, settings.walks)
    try:
        while True:
            while len(running) < AHEAD * workers and (batch := next(batches, None)):
                running.add(executor.submit(results_of_trials, settings, batch))
            if not running:
                break
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                new = future.result()
                rows += new
                n_done += len(new)
            if len(rows) >= PART_ROWS or time.monotonic() - written_s >= PART_S:
                results.add(rows)
                rows, written_s = [], time.monotonic()
            progress(n_done, settings.walks)
    finally:
        if rows:  # also when somebody stops it
            results.add(rows)


@contextlib.contextmanager
def executor_for(scheduler: str | None, jobs: int) -> Iterator[tuple[Executor, int]]:
    """Give (executor, workers): a process pool of `jobs`, or the dask cluster at `scheduler` (tcp://host:port)."""
    if scheduler is None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["hw_sim.campaign"])  # imported once, not by every worker
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent) as pool:
            yield pool, jobs
        return
    from distributed import Client

    try:
        client = Client(scheduler, timeout=5)
    except (OSError, ValueError) as e:
        raise UserError(
            f"There is no dask scheduler at {scheduler} ({e}). Start `dask scheduler` and `dask worker` from this "
            "checkout, then give its address as tcp://host:port."
        ) from e
    with client:
        workers = cast(dict[str, str], client.run(version))
        others = sorted({v for v in workers.values() if v != version()})
        if not workers or others:
            found = f"another version ({', '.join(others)})" if others else "no workers"
            raise UserError(
                f"The cluster at {scheduler} has {found}; here is {version()}. Start its workers from this checkout."
            )
        yield client.get_executor(), len(workers)
