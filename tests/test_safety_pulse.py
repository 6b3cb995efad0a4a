"""Requests and results: plain records that begin at "nothing" and copy whole."""

from safety.pulse import OFF_UA, PulseRequest, PulseResult

FIELDS = ("sequence", "channel", "fire_at_us", "current_ua", "width_us", "gap_us", "shape")


def test_off_is_no_current():
    assert OFF_UA == 0


def test_a_new_request_asks_for_nothing_and_a_new_result_grants_nothing():
    assert [getattr(PulseRequest(), name) for name in FIELDS] == [0] * 6 + [1], (
        "and its shape is the plain one"
    )
    names = ("sequence", "channel", "t_us", "asked_ua", "granted_ua", "width_us", "reason")
    assert [getattr(PulseResult(), name) for name in names] == [0] * 7


def test_a_copy_takes_over_every_field():
    one, other = PulseRequest(), PulseRequest()
    for value, name in enumerate(FIELDS, 1):
        setattr(other, name, value)
    one.copy_from(other)
    assert [getattr(one, name) for name in FIELDS] == [1, 2, 3, 4, 5, 6, 7]
    other.current_ua = 99
    assert one.current_ua == 4
