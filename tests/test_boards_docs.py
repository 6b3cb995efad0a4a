"""The wiring tables of docs/boards.md are those of the pins files, and its figures are those that tests hold."""

import re

import pytest

from firmware_py.boards import pins_esp32, pins_rp2
from firmware_py.pi.board.deploy import HEAP_MIN_N
from tests.house import REPO

TEXT = (REPO / "docs/boards.md").read_text(encoding="utf-8")


def wired(heading: str) -> dict[str, tuple[int, str]]:
    """Return line -> (GPIO, next cell) of the table below a heading."""
    part = TEXT.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| ([A-Z0-9_]+) \| (\d+) \| ([^|]*) \|", part, re.MULTILINE)
    return {name: (int(gpio), cell.strip()) for name, gpio, cell in rows}


def pins_of(module) -> dict[str, int]:
    return {name: value for name, value in vars(module).items() if name.isupper() and type(value) is int}


@pytest.mark.parametrize(
    ("heading", "module"), [("Wiring: Pico W and Pico 2 W", pins_rp2), ("Wiring: ESP32", pins_esp32)]
)
def test_the_wiring_table_is_that_of_the_program(heading, module):
    assert {name: gpio for name, (gpio, _) in wired(heading).items()} == pins_of(module)


def test_every_gpio_of_a_pico_is_at_the_pin_that_the_table_says():
    for name, (gpio, pin) in wired("Wiring: Pico W and Pico 2 W").items():
        expected = gpio + 1 + (gpio + 2) // 4 if gpio <= 22 else gpio + 5
        assert int(pin) == expected, name


def test_the_page_names_what_was_not_met_and_what_was_never_run():
    assert "Not a medical device" in TEXT
    assert TEXT.count("**Not met:**") + TEXT.count("not met with the code") == 2
    assert "### Never run on hardware" in TEXT
    assert "cannot bond" in TEXT


def test_the_memory_that_a_board_needs_is_the_one_that_deploy_asks_for():
    assert HEAP_MIN_N["esp32"] == 300_000
    assert "ESP32 with 300 KB" in TEXT
