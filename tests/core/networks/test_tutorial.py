from core.networks import build_network


def test_its_layers_have_the_parameters_that_the_tutorial_prints() -> None:
    network = build_network("tutorial")
    counts = {
        name: sum(parameter.numel() for parameter in module.parameters())
        for name, module in network.named_children()
    }
    assert {name: count for name, count in counts.items() if count} == {
        "conv1": 650,
        "conv2": 11_300,
        "hidden1": 625_500,
        "output": 5_010,
    }
