"""How a process of ours uses its processor; called once, at an entry point, before any training."""

import torch


def use_one_thread() -> None:
    """Give this process one compute thread and let denormal numbers flush to zero.

    One worker a core beats one worker on all cores: the networks are small, so the threads of one
    step would mostly wait for each other, and a sum's order, hence its rounding, would depend on
    the machine. Weights pulled towards zero and Adam's moments of dead weights decay through the
    denormal numbers, which processors handle tens of times slower than others.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
