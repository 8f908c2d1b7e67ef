"""Stage `export`: writes a model in the formats that other programs run."""

from pathlib import Path

from signs.core import documents, params
from signs.data import pixels, shards
from signs.data.datasets import DataSet, read
from signs.deployment.export import describe, export
from signs.deployment.framing import framed
from signs.deployment.parity import measure
from signs.evaluation import metrics
from signs.evaluation.measured import read_metrics
from signs.networks import store
from signs.networks.backend import make_deterministic
from signs.preparation.merging import merge


def main(original: Path, added: Path, model: Path, measured: Path, out: Path, compared: Path) -> None:
    """Exports `model` with its metrics `measured`; compares the files with Keras on the stored images of `original`.

    Where the model knows the synthetic classes too, `added` is their data set, else `original` once more.
    """
    threads = params.load("predict")["threads"]
    make_deterministic(intra_op_threads=threads)
    stored, trained = _in_colour(original), store.read(model)
    if added != original:
        stored = merge(stored, _in_colour(added), **params.load("merge")).gathered()
    settings = params.load("evaluate"), params.load("export")
    trained, found = framed(trained, read_metrics(measured), stored, settings[0], **settings[1])
    described = describe(trained, found, params.load("fetch")["source"])
    export(out, trained, described, stored.train)
    formats = measure(out, trained, stored.test, threads=threads)
    documents.write(compared, formats | {"calibration": metrics.calibration(trained.metadata["temperature"], found)})
    accuracies = f"int8 accuracy {formats['litert_int8']['accuracy']:.4f}, Keras {formats['keras']['accuracy']:.4f}"
    print(f"{model.name}: {accuracies} on {' and '.join(trained.classes.counts.values())}")


def _in_colour(folder: Path) -> DataSet:
    return read(folder).map(lambda split: split._replace(features=shards.mapped(split.features, pixels.colour)))
