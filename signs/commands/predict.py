"""`signs predict`: names the signs on photos."""

import csv
import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image

from signs.core.errors import UserError
from signs.core.tables import safe
from signs.core.text import visible
from signs.data import reader
from signs.deployment import photos
from signs.deployment.models import default_model, load
from signs.deployment.photos import STANDARD_INPUT, Crop
from signs.deployment.predictor import BATCH_SIZE, Prediction, Predictor

UNKNOWN = "not a sign I know"


class Found(NamedTuple):
    """What the model says of a crop, with its likeliest classes; `fault` instead where it cannot be read."""

    crop: Crop
    prediction: Prediction | None
    top: list[tuple[str, float]]
    fault: str = ""


def main(
    source: str,
    *,
    model: Path | None,
    top: int,
    format: str,
    box: str | None,
    boxes: Path | None,
    copy_to: Path | None,
    where: Path | None,
) -> int:
    """Prints the name of the sign on each photo; returns 1 if a photo cannot be read."""
    path = model or default_model()
    predictor = load(path)
    print(f"model: {path} ({len(predictor.names)} classes)", file=sys.stderr)
    crops = photos.find(source, box, boxes)
    results = _progress(_predict(predictor, crops, top), len(crops))
    if copy_to:
        results = _copied(results, copy_to)
    if where:
        results = _drawn(results, predictor, path, where)
    faults = PRINTERS[format](results, sys.stdout)
    if faults:
        print(f"signs predict: {faults:,} of {len(crops):,} images cannot be read", file=sys.stderr)
    return int(bool(faults))


def _predict(predictor: Predictor, crops: list[Crop], top: int) -> Iterator[Found]:
    """Predicts in batches; memory holds one of them."""
    for start in range(0, len(crops), BATCH_SIZE):
        part = crops[start : start + BATCH_SIZE]
        images, faults = {}, {}
        for place, crop in enumerate(part):
            try:
                images[place] = reader.resize(crop.pixels(), *predictor.size)
            except UserError as error:
                faults[place] = str(error)
        found = dict(zip(images, predictor.predict(np.stack([*images.values()])) if images else [], strict=True))
        for place, crop in enumerate(part):
            if place in found:
                yield Found(crop, found[place], predictor.top(found[place], top))
            else:
                yield Found(crop, None, [], faults[place])


def _progress(results: Iterable[Found], count: int) -> Iterator[Found]:
    shows = count > BATCH_SIZE and sys.stderr.isatty()
    for number, result in enumerate(results, start=1):
        if shows and (number % BATCH_SIZE == 0 or number == count):
            print(f"\r{number:,} of {count:,}", end="\n" if number == count else "", file=sys.stderr, flush=True)
        yield result


def _copied(results: Iterable[Found], folder: Path) -> Iterator[Found]:
    """Copies each photo into a folder named after its class, beside whatever is there already."""
    for result in results:
        if result.prediction and result.crop.file != STANDARD_INPUT:
            name = result.prediction.name if result.prediction.known else UNKNOWN
            target = folder / (re.sub(r"[^\w ()-]", "_", name).strip() or "_")[:100]
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(result.crop.file, _free(target / Path(result.crop.file).name))
        yield result


def _drawn(results: Iterable[Found], predictor: Predictor, model: Path, folder: Path) -> Iterator[Found]:
    """Writes a picture of where the network looked on each photo."""
    try:
        from signs.deployment.where import Heatmapper, keras_folder  # noqa: PLC0415  # TensorFlow takes seconds
    except ModuleNotFoundError as error:
        raise UserError(f"--where needs {error.name}; make repro installs what the pipeline needs") from None
    heatmapper = Heatmapper(keras_folder(model))
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        if result.prediction:
            picture = heatmapper.picture(predictor.image(result.crop.pixels()))
            Image.fromarray(picture).save(_free(folder / f"{Path(result.crop.file).stem}.png"))
        yield result


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        found = path.with_name(f"{path.stem}_{number}{path.suffix}")
        number += 1
    return found


def _print_text(results: Iterable[Found], out: IO[str]) -> int:
    faults = 0
    for crop, prediction, top, fault in results:
        if prediction is None:
            faults += 1
            print(visible(fault), file=sys.stderr)
            continue
        first = f"{prediction.name}, {prediction.confidence:.1%}"
        said = first if prediction.known else f"{UNKNOWN} (closest: {first})"
        others = "".join(f"; {name}, {share:.1%}" for name, share in top[1:])
        print(visible(f"{crop}: {said}{others}"), file=out)
    return faults


def _record(found: Found) -> dict[str, Any]:
    place: dict[str, Any] = {"file": found.crop.file}
    if found.crop.box:
        place["box"] = list(found.crop.box)
    if found.prediction is None:
        return place | {"error": found.fault}
    said = found.prediction
    top = [{"name": name, "confidence": round(share, 6)} for name, share in found.top]
    told = {"name": said.name, "class_id": said.class_id, "confidence": round(said.confidence, 6), "known": said.known}
    return place | told | {"top": top}


def _print_json(results: Iterable[Found], out: IO[str]) -> int:
    faults, separator = 0, "["
    for found in results:
        faults += found.prediction is None
        out.write(f"{separator}\n  {json.dumps(_record(found), ensure_ascii=False)}")
        separator = ","
    out.write("\n]\n")
    return faults


def _print_csv(results: Iterable[Found], out: IO[str]) -> int:
    columns = ["file", "box", "name", "class_id", "confidence", "known", "error"]
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    faults = 0
    for found in results:
        faults += found.prediction is None
        record = _record(found)
        writer.writerow({key: safe(value) if isinstance(value, str) else value for key, value in record.items()})
    return faults


PRINTERS = {"text": _print_text, "json": _print_json, "csv": _print_csv}
