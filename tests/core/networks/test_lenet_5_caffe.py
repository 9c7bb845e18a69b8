from core.networks import build_network


def test_its_parameters_are_the_published_ones() -> None:
    shapes = {
        name: tuple(parameter.shape)
        for name, parameter in build_network("lenet_5_caffe").named_parameters()
    }
    assert shapes == {
        "conv1.weight": (20, 1, 5, 5),
        "conv1.bias": (20,),
        "conv2.weight": (50, 20, 5, 5),
        "conv2.bias": (50,),
        "hidden1.weight": (500, 800),
        "hidden1.bias": (500,),
        "output.weight": (10, 500),
        "output.bias": (10,),
    }
