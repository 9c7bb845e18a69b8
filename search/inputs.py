"""What a configuration names, loaded: the data on this process's device, with their metric."""

from core.data import Data, load_data
from core.device import choose_device
from core.metric import load_metric
from search.configuration import SoftshareConfig


def load_inputs(config: SoftshareConfig) -> Data:
    """Return the data of a configuration, on the device, judged by its metric.

    Raises:
        ConfigError: a factory is refused, or there is no such device.
        DataError: the data cannot be loaded.
    """
    metric = load_metric(config.metric, config.code)
    data = load_data(config.data, config.cache_dir, config.code, metric)
    return data.to(choose_device(config.device))
