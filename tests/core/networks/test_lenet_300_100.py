from core.networks import build_network


def test_its_parameters_are_the_published_ones() -> None:
    shapes = {
        name: tuple(parameter.shape)
        for name, parameter in build_network("lenet_300_100").named_parameters()
    }
    assert shapes == {
        "hidden1.weight": (300, 784),
        "hidden1.bias": (300,),
        "hidden2.weight": (100, 300),
        "hidden2.bias": (100,),
        "output.weight": (10, 100),
        "output.bias": (10,),
    }
