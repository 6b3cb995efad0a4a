"""What every test may ask for: the recordings' folder, the slow tiers, hypothesis with one setting for all."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.house import REPO

pytest_plugins = ("evidence.collect",)  # --evidence, --requirements

# No deadline: on two shared cores a slow example says nothing. A failure prints how to play it again.
settings.register_profile("ordinary", deadline=None, print_blob=True, max_examples=100)
settings.register_profile("ci", settings.get_profile("ordinary"), derandomize=True)
settings.register_profile("all", settings.get_profile("ordinary"), max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also run the tests marked slow, with full counts")


def pytest_configure(config: pytest.Config) -> None:
    in_ci = os.environ.get("CI", "") not in ("", "0", "false")
    settings.load_profile("all" if config.getoption("--all") else "ci" if in_ci else "ordinary")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--all"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def gait_dir() -> Path:
    """Folder of the published recordings (*.npz), which never enter this repository."""
    folder = Path(os.environ.get("SWINGPHASE_GAIT_DIR") or REPO / "../shared/gait")
    if not any(folder.glob("*.npz")):
        pytest.skip(f"no recordings (*.npz) in {folder}; set SWINGPHASE_GAIT_DIR to their folder")
    return folder
