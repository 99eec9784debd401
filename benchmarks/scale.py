"""How long many resources at once take under AWS's limits on an account, beside the bound that those limits give."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from benchmarks import scale_page, stampede
from benchmarks.crowd import SETTLE_SECONDS, Crowd
from benchmarks.limits import LOOKS, bound
from benchmarks.rhythms import TERRAFORM_AT_ONCE, Peers, boto3_waiter, cdk, crhelper, terraform
from benchmarks.scale_page import MANY, Played

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.crowd import Run
    from benchmarks.report import Report

SEEDS = {1: 10, 10: 5, 100: 5, 500: 2, 1000: 1}
"""How many crowds of each size are played."""
LOOKS_EACH = 2
"""No request can do with fewer: one look whether the stream may be changed, one whether the change is over."""
PEERS = {
    "CDK framework (model)": (cdk, None, 1, LOOKS[:1]),
    "crhelper (model)": (crhelper, None, 1, LOOKS[:1]),
    "boto3 waiter (model)": (boto3_waiter, None, 1, LOOKS[1:]),
    "Terraform (model)": (terraform, TERRAFORM_AT_ONCE, 2, LOOKS[:1]),
}
"""Each peer's rhythm, how many it handles at once (None: all), how many looks it needs at least, and by which call."""


def measure() -> Report:
    """Play the crowds in virtual time, then send a crowd to kinesis-local."""
    logging.disable()  # Thousands of requests are played: nobody reads their logs.
    try:
        creates = {number: [_create(number, seed) for seed in range(1, seeds + 1)] for number, seeds in SEEDS.items()}
        lives = _lives(MANY, SEEDS[MANY] + 1)
        creates[MANY].append(lives["Create"])
        peers = {
            name: {
                number: [_peer(name, number, seed) for seed in range(1, seeds + 1)] for number, seeds in SEEDS.items()
            }
            for name in PEERS
        }
    finally:
        logging.disable(logging.NOTSET)
    _tell(f"up to {stampede.NUMBER} requests at once in real time, {stampede.RUNS} times")
    return scale_page.report(creates, lives, peers, stampede.run())


def _create(number: int, seed: int) -> Played:
    _tell(f"{number} Creates at once, seed {seed}")
    return _played(Crowd(number, seed).create(), SETTLE_SECONDS)


def _lives(number: int, seed: int) -> Mapping[str, Played]:
    """Creates, then key changes, then Deletes, all of the same resources."""
    _tell(f"{number} Creates, then their key changes, then their Deletes")
    crowd = Crowd(number, seed)
    return {
        "Create": _played(crowd.create(), SETTLE_SECONDS),
        "Key change": _played(crowd.change_key(), SETTLE_SECONDS),
        "Delete": _played(crowd.delete(), 0.0),
    }


def _played(run: Run, after: float) -> Played:
    return Played(run, bound(LOOKS_EACH, [one.update for one in run.answers], after))


def _peer(name: str, number: int, seed: int) -> Played:
    request, at_once, looks, actions = PEERS[name]
    run = Peers(number, seed).run(request, at_once)
    return Played(run, bound(looks, [one.update for one in run.answers], 0.0, actions))


def _tell(progress: str) -> None:
    print(f"  scale: {progress}", flush=True)
