"""Our networks and their training in PyTorch, written as its documentation recommends."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from benchmarks.contenders import THREADS
from benchmarks.tasks import CLASSES, LEARNING_RATE, SIZE, TASKS, Task, images
from benchmarks.weights import Weights


class Standardize(nn.Module):
    """Standardizes each image, and adds a channel standardized by its neighbourhood, as our ConvNet does."""

    LEAST_DEVIATION, LEAST_CONTRAST = 0.04, 0.2

    def __init__(self, neighbourhood: int) -> None:
        super().__init__()
        margin = neighbourhood // 2
        self.mean = nn.AvgPool2d(neighbourhood, stride=1, padding=margin, count_include_pad=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns images of the same shape with one more channel."""
        variance, mean = torch.var_mean(images, dim=(1, 2, 3), correction=0, keepdim=True)
        images = (images - mean) / (variance.sqrt() + self.LEAST_DEVIATION)
        brightness = images.mean(dim=1, keepdim=True)
        mean, square = self.mean(brightness), self.mean(brightness**2)
        relative = (brightness - mean) / ((square - mean**2).clamp(min=0).sqrt() + self.LEAST_CONTRAST)
        return torch.cat([images, relative], dim=1)


def lenet(channels: int, *, depths: Sequence[int], dropout_keep_prob: float) -> nn.Sequential:
    """The twin of `signs.networks.lenet.LeNet`."""
    first, second, third, fourth = depths
    layers: list[nn.Module] = []
    for before, after in ((channels, first), (first, second)):
        layers += [nn.Conv2d(before, after, 5), nn.ReLU(), nn.MaxPool2d(2)]
    layers.append(nn.Flatten())
    side = ((SIZE - 4) // 2 - 4) // 2
    for before, after in pairwise((side * side * second, third, fourth)):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(1 - dropout_keep_prob)]
    return nn.Sequential(*layers, nn.Linear(fourth, CLASSES))


def convnet(
    channels: int, *, depths: Sequence[Sequence[int]], dropout_keep_prob: float, neighbourhood: int
) -> nn.Sequential:
    """The twin of `signs.networks.convnet.ConvNet`."""
    layers: list[nn.Module] = [Standardize(neighbourhood)]
    channels += 1
    for group in depths:
        for depth in group:
            convolution = nn.Conv2d(channels, depth, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(depth, eps=1e-3, momentum=0.02), nn.ReLU()]
            channels = depth
        layers.append(nn.MaxPool2d(2))
    size = (SIZE >> len(depths)) ** 2 * channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(1 - dropout_keep_prob), nn.Linear(size, CLASSES))


NETWORKS: dict[str, Callable[..., nn.Sequential]] = {"lenet": lenet, "convnet": convnet}


def load(model: nn.Sequential, held: Sequence[Weights]) -> None:
    """Copies the weights of our network to its twin."""
    weighted = [layer for layer in model if isinstance(layer, nn.Conv2d | nn.Linear)]
    normalizations = (layer for layer in model if isinstance(layer, nn.BatchNorm2d))
    with torch.no_grad():
        for layer, (kernel, bias, normalization) in zip(weighted, held, strict=True):
            layer.weight.copy_(torch.tensor(kernel))
            biased = next(normalizations) if normalization else layer
            biased.bias.copy_(torch.tensor(bias))
            if normalization:
                biased.weight.copy_(torch.tensor(normalization.gain))
                biased.running_mean.copy_(torch.tensor(normalization.mean))
                biased.running_var.copy_(torch.tensor(normalization.variance))


def logits(model: nn.Sequential, features: np.ndarray) -> np.ndarray:
    """Logits, (n, classes), for images (n, height, width, channels)."""
    model.eval()
    with torch.inference_mode():
        return model(torch.tensor(features).permute(0, 3, 1, 2)).numpy()


def trainer(network: str, count: int, batch_size: int, layout: str, dtype: str = "float32") -> Callable[[], None]:
    """Makes a function that trains for an epoch.

    Batches are indexed from one tensor, which is faster than a `DataLoader`; Adam is fused.

    Args:
        network: Name of a task.
        count: Images an epoch.
        batch_size: Images a step.
        layout: Name of a memory format.
        dtype: `float32`, or `bfloat16` by automatic mixed precision.
    """
    torch.set_num_threads(THREADS)
    task, memory_format = TASKS[network], getattr(torch, layout)
    features, labels = map(torch.tensor, images(task.channels, count))
    features = features.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
    model = NETWORKS[network](task.channels, **task.settings).to(memory_format=memory_format)
    optimizer = _optimizer(model, task)

    def run() -> None:
        model.train()
        for rows in torch.randperm(count).split(batch_size):
            optimizer.zero_grad()
            batch = features[rows].contiguous(memory_format=memory_format)
            with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
                loss = nn.functional.cross_entropy(model(batch), labels[rows])
            loss.backward()
            optimizer.step()

    return run


def _optimizer(model: nn.Module, task: Task) -> torch.optim.Optimizer:
    if not task.weight_decay:
        return torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim == 1]
    groups = [{"params": decayed, "weight_decay": task.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=LEARNING_RATE, fused=True)
