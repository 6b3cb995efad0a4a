"""How far one change may raise stimulation, to the microampere and the nanocoulomb."""

import pytest

from safety.changes import is_gentle
from tests.test_safety_changes import Setting


@pytest.mark.parametrize(
    ("old", "new", "gentle"),
    [
        (Setting(0, 100, 40), Setting(5_000, 100, 40), True),
        (Setting(0, 100, 40), Setting(5_001, 100, 40), False),
        (Setting(10_000, 100, 40), Setting(10_000, 250, 40), True),  # 1.0 to 2.5 uC
        (Setting(10_000, 100, 40), Setting(10_001, 250, 40), False),  # 2500.25 nC
        (Setting(10_000, 100, 40), Setting(10_004, 250, 40), False),  # 2501 nC
        (Setting(2_500, 100, 40), Setting(6_917, 253, 40), False),  # 1750.001 nC
        (Setting(40_000, 300, 40), Setting(44_700, 302, 40), True),  # 12.0 to 13.4994 uC
        (Setting(40_000, 300, 40), Setting(44_720, 302, 40), False),  # 13.50544 uC
    ],
)
def test_a_rise_is_measured_to_the_last_unit(old, new, gentle):
    assert is_gentle(old, new) is gentle
