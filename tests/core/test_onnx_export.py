"""An ONNX graph does what the decoded network does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.codec import decode
from core.errors import ConfigError
from core.evaluation import load_compressed
from core.onnx_export import onnx_graph

BEST = Path(__file__).parents[2] / "results" / "lenet_300_100" / "best.sws"


def test_the_graph_gives_the_outputs_of_the_network() -> None:
    import onnx.reference  # noqa: PLC0415 loaded by this test alone

    network = decode(BEST.read_bytes())
    model = onnx.load_from_string(onnx_graph(network))
    onnx.checker.check_model(model)
    inputs = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    (outputs,) = onnx.reference.ReferenceEvaluator(model).run(None, {"inputs": inputs.numpy()})
    expected = load_compressed(network)(inputs).detach().numpy()
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)


def test_without_the_packages_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.onnx_export.find_spec", lambda package: None)
    with pytest.raises(ConfigError, match=r"no package onnx, .*install softshare\[onnx\]"):
        onnx_graph(decode(BEST.read_bytes()))
