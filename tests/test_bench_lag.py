"""The benchmark of the settling lag: what it draws, and what it models, is what its page says."""

from itertools import islice

import pytest

from benchmarks.lag import DRAWS, Sample, drawn
from benchmarks.peers import crhelper, terraform


@pytest.mark.parametrize("nominal", DRAWS)
def test_lengths_are_drawn_near_the_nominal_one_and_each_but_once(nominal: float) -> None:
    """Issue 5: a length is spread a little around its nominal one; and no two are the same."""
    lengths = drawn(nominal)
    assert len(set(lengths)) == len(lengths)
    assert sum(lengths) / len(lengths) == pytest.approx(nominal)
    assert all(0.75 * nominal <= length <= 1.25 * nominal for length in lengths)


@pytest.mark.parametrize("rhythm", [3, 5])
@pytest.mark.parametrize("nominal", [15, 60])
def test_the_peers_rhythms_have_no_luck_with_the_lengths_drawn(nominal: float, rhythm: float) -> None:
    """Issue 5: a fair chance, and no more: what a look every few seconds misses is half of that on average."""
    late = [-length % rhythm for length in drawn(nominal)]
    assert sum(late) / len(late) == pytest.approx(rhythm / 2, rel=0.15)


def test_crhelper_answers_when_the_schedule_comes_round_after_the_update() -> None:
    """Its real code, in virtual time: it looks once a minute, and not once it has answered."""
    assert crhelper.lags(0.5, [0.25, 10.0, 59.5]) == [59.75, 9.5, 59.0]
    assert crhelper.lags(60.0, [10.0, 60.0]) == [10.0, 0.0]


def test_terraform_looks_as_its_code_does_and_in_the_other_rhythm_as_its_constants_read() -> None:
    """The model's source: twice the pause before, at least 3 s and at most 10 s, after a delay of 10 s."""
    assert list(islice(terraform.as_coded(), 5)) == [10, 3, 6, 10, 10]
    assert list(islice(terraform.as_published(), 3)) == [10, 3, 3]


def test_the_share_is_of_the_update_s_own_length_beyond_what_any_is_allowed() -> None:
    """The goal: at most 10 % of the update's own length plus 0.15 s."""
    assert Sample("x", 5.0, 4.0, 0.55).share == pytest.approx(0.10)
