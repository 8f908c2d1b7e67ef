"""Small results of the real stages, for the tests of the page that is built from them."""

import numpy as np

from signs.core import params
from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.evaluation import rejection
from signs.evaluation.corruption import CORRUPTIONS
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.metrics import evaluate
from signs.evaluation.predictions import Predictions
from signs.exploration.preview import preview
from signs.exploration.summary import explore
from signs.report import page
from signs.report.inputs import Diagnosed, Explored, augmented

PLAIN = {3: "Stop", 8: "Yield", 20: "Parking", 21: "No entry"}
NEW = {0: "Bus lane", 1: "Bus stop"}
SETTINGS = {
    "fetch": {"source": "sample", "url": "https://example.org/signs.zip", "sample": {"seed": 1}},
    "preview": {"sample_every": 3, "brightness_steps": 4, "nearest": 2},
    "merge": {"hide_photographs_of": []},
    "synthesize": {"recipe": {"name": "article"}},
    "train": {
        "seed": 1,
        "epochs": 2,
        "network": {"name": "lenet"},
        "augmentation": {"name": "none"},
        "keep": "best",
    },
    "native": False,
    "stress": params.load("stress"),
}
LIMITS = {"correct_per_class": 2, "max_changed": 100}


def dataset(named, origin, counts=(6, 3, 9), shape=(16, 16, 3), seed=0, absent=()):
    """Noise; each count is of images a class. Classes that are absent have images in training alone."""
    rng = np.random.default_rng(seed)
    splits = []
    for number, count in enumerate(counts):
        labels = np.tile([id for id in named if not (number and id in absent)], count)
        splits.append(Split(rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8), labels))
    return DataSet(*splits, Classes(tuple(SignClass(id, name, origin) for id, name in named.items())))


def explored(name, data, **changes):
    found = explore(data, **{"seed": 1, "max_images": 1000, "similarity": 0.99} | changes).found
    return Explored(name, data, "0123456789abcdef" * 4, found)


def diagnosed(name, data, seed=0, surely_right=0.0, mistakes=1000):
    """Results of a model that predicts at random, the true class a little more often."""
    rng = np.random.default_rng(seed)
    labels = {split: images.labels for split, images in data.splits.items()}
    logits = {}
    for split, ids in labels.items():
        logits[split] = rng.normal(0, 1.5, (len(ids), len(data.classes))).astype(np.float32)
        logits[split][np.arange(len(ids)), np.searchsorted(data.classes.ids, ids)] += 1 + surely_right
    metrics = evaluate(logits, labels, data.classes, calibration_bins=5, target_accuracy=0.9)
    judged = ("valid", "test")
    predictions = Predictions(
        data.classes.ids,
        {split: softmax(logits[split]) for split in judged},
        {split: labels[split] for split in judged},
    )
    found = diagnose(predictions, data.classes, bins=5, mistakes=mistakes)
    heatmaps = rng.random((len(found.mistakes), 3, 2), dtype=np.float32)
    history = [
        {"epoch": epoch, "train_accuracy": 0.1, "train_loss": 2.0, "valid_accuracy": accuracy, "valid_loss": 2.0}
        for epoch, accuracy in enumerate((0.1, 0.6, 0.5))
    ]
    right = np.searchsorted(data.classes.ids, labels["test"])
    acceptance = rejection.acceptance(*rejection.answers(logits["test"], right))
    corruptions = [{"severity": severity} | dict.fromkeys(CORRUPTIONS, 0.9 - severity / 10) for severity in range(6)]
    stressed = {"corrupted": dict.fromkeys([*CORRUPTIONS, "mean"], 0.6), "turned_away": {"noise": 0.5}}
    return Diagnosed(name, data, metrics, history, predictions, found, heatmaps, acceptance, corruptions, stressed)


def context_of(plain=PLAIN, new=NEW, models=("original", "augmented"), settings=SETTINGS, **limits):
    original, synthetic = dataset(plain, "photographs", absent=[21]), dataset(new, "synthetic", seed=1)
    original.valid.features[0] = original.train.features[0]
    drawings = {name: [np.full((300, 200, 4), 255, np.uint8)] for name in new.values()}
    data = {"original": original, "augmented": augmented(original, synthetic)}
    names = dict(zip(("original", "augmented"), models, strict=False))
    return page.build(
        [explored("original", original), explored("synthetic", synthetic)],
        preview(synthetic, original, drawings, **settings["preview"]),
        [diagnosed(name, data[kind], seed) for seed, (kind, name) in enumerate(names.items())],
        settings,
        **LIMITS | limits,
    )
