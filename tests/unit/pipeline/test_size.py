"""The cap of a batch follows the duration it is allowed, between bounds."""

from shared.pipeline.size import LARGEST, SMALLEST, BatchSize


def test_quick_full_batches_grow_to_the_ceiling() -> None:
    size = BatchSize(target_seconds=0.05)
    for _ in range(50):
        size.took(size.current, 0.01)
    assert size.current == LARGEST


def test_slow_batches_shrink_to_what_still_pays() -> None:
    size = BatchSize(target_seconds=0.05, start=2_000)
    for _ in range(50):
        size.took(size.current, 1.0)
    assert size.current == SMALLEST


def test_a_batch_that_was_not_full_says_nothing() -> None:
    size = BatchSize(target_seconds=0.05)
    size.took(3, 1.0)
    size.took(3, 0.001)
    assert size.current == 500


def test_time_outs_halve_below_the_bound_and_quick_batches_come_back() -> None:
    size = BatchSize(target_seconds=0.05)
    for _ in range(20):
        size.timed_out()
    assert size.current == 1
    size.took(1, 0.2)
    assert size.current == 1
    for _ in range(60):
        size.took(size.current, 0.01)
    assert size.current == LARGEST
