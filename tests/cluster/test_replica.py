"""Workers of a training in threads of this process, connected by TCP: whether they learn what one process does."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from signs.networks.backend import tf
from signs.networks.convnet import ConvNet
from signs.training import parts
from signs.training.exchange import Exchange
from signs.training.loop import train
from signs.training.replica import Replica
from signs.training.step import Examples
from tests.stripes import settings, small, stripes

NETWORKS = {
    "lenet": small,
    "convnet": lambda: ConvNet(3, depths=((4,), (6, 6)), dropout_keep_prob=0.7),
}
EVERYTHING = {"weight_decay": 0.01, "label_smoothing": 0.1, "ema_decay": 0.9, "class_balance_power": 0.5, "l2": 1e-3}


def add_noise(images, indices, seed):
    return images + tf.random.stateless_normal(tf.shape(images), seed), indices


def weights_of(network):
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def trained(make, examples, chosen, elsewhere=None):
    network = make()
    history = train(network, examples, None, chosen, augment=add_noise, elsewhere=elsewhere)
    return history, weights_of(network)


class Team:
    """Workers in threads."""

    def __init__(self, make, examples, chosen, exchanges):
        workers = len(exchanges)
        addresses = [exchange.address for exchange in exchanges]
        self.pool = ThreadPoolExecutor(workers)
        list(self.pool.map(lambda rank: exchanges[rank].connect(rank, addresses), range(workers)))
        made = [parts.build(make(), examples, chosen, add_noise) for _ in range(workers)]
        self.replicas = [
            Replica(each, examples, chosen, rank, workers, exchanges[rank]) for rank, each in enumerate(made)
        ]

    def epoch(self, number, variables):
        found = list(self.pool.map(lambda replica: replica.epoch(number, variables), self.replicas))
        assert all(all(map(np.array_equal, each, found[0])) for each in found)
        return found[0]


@pytest.fixture
def opened():
    """Makes exchanges, which are closed in the end."""
    made = []

    def make(*secrets):
        made.extend(Exchange("127.0.0.1", secret) for secret in secrets)
        return made[len(made) - len(secrets) :]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("network", "numbers"), [pytest.param("lenet", (1, 2, 4), marks=pytest.mark.cluster), ("convnet", (2,))]
)
def test_workers_learn_to_the_byte_what_one_process_does(opened, network, numbers):
    make, examples = NETWORKS[network], Examples(*stripes())
    chosen = settings(shards=4, epochs=2, **EVERYTHING)
    expected = trained(make, examples, chosen)
    for workers in numbers:
        team = Team(make, examples, chosen, opened(*[b"secret"] * workers))
        history, weights = trained(make, examples, chosen, team.epoch)
        assert history == expected[0]
        assert np.array_equal(weights, expected[1])


def test_who_does_not_know_the_secret_is_not_connected(opened):
    exchanges = opened(b"secret", b"terces", b"secret")
    addresses = [exchange.address for exchange in exchanges]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(exchanges[0].connect, 0, [addresses[0], addresses[2]])
        exchanges[1].connect(1, addresses[:2])
        assert not first.done()
        exchanges[2].connect(1, [addresses[0], addresses[2]])
        first.result(10)
    sent, received = np.arange(3, dtype=np.float32), np.empty(3, np.float32)
    exchanges[0].swap({1: sent}, {})
    exchanges[2].swap({}, {0: received})
    assert received.tolist() == [0, 1, 2]


def test_a_worker_that_ends_is_noticed_by_the_others(opened):
    exchanges = opened(b"secret", b"secret")
    addresses = [exchange.address for exchange in exchanges]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(exchanges[0].connect, 0, addresses)
        exchanges[1].connect(1, addresses)
        first.result(10)
    exchanges[1].peers[0].close()
    with pytest.raises(ConnectionError, match="another worker of this training ended"):
        exchanges[0].swap({}, {1: np.empty(3, np.float32)})
