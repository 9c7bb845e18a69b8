import subprocess
import sys

CHECK = """
import torch
from core.runtime import use_one_thread
use_one_thread()
denormal = torch.full((1,), 1e-30) * 1e-10
print(torch.get_num_threads(), denormal.item())
"""


def test_a_process_gets_one_thread_and_no_denormal_numbers() -> None:
    done = subprocess.run((sys.executable, "-c", CHECK), capture_output=True, text=True, check=True)
    assert done.stdout == "1 0.0\n"
