"""A reading of the sensors begins at "nothing was measured"."""

from safety import sample


def test_a_new_sample_says_that_nothing_was_measured():
    one = sample.Sample()
    assert (one.heel, one.has_imu, one.t_us) == (sample.HEEL_NONE, 0, 0)
    axes = [f"{kind}_{axis}_{unit}" for kind, unit in (("gyro", "cdps"), ("acc", "mg")) for axis in "xyz"]
    assert [getattr(one, name) for name in axes] == [0] * 6


def test_the_three_words_of_the_heel_switch_and_the_widest_readings():
    assert (sample.HEEL_NONE, sample.HEEL_UP, sample.HEEL_DOWN) == (-1, 0, 1)
    assert (sample.GYRO_MAX_CDPS, sample.ACC_MAX_MG) == (400_000, 32_000)
