"""The bench of the link says plainly which target is met."""

import pytest

from benchmarks.link import Row, percentile_99, table


@pytest.mark.parametrize(
    ("value", "target", "at_least", "is_met"),
    [
        (35, 35, False, True),
        (35.1, 35, False, False),
        (80, 80, True, True),
        (79.9, 80, True, False),
        (9, None, False, True),
    ],
)
def test_a_target_is_met_up_to_its_edge(value, target, at_least, is_met):
    row = Row(what="w", value=value, unit="ms", target=target, at_least=at_least)
    assert row.is_met == is_met
    assert ("**not met**" in table([row])) == (not is_met)


def test_a_percentile_is_the_value_that_99_of_100_do_not_exceed():
    assert percentile_99([*range(100), 1_000]) == 99
