"""The whole pipeline on images that are no signs."""

import csv
import hashlib
import io
import pickle
import zipfile

import cv2
import numpy as np
from projects import change, made, metrics, run
from sklearn.datasets import load_digits

from signs.data import classes
from signs.deployment import model_file

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'single' and \"double\"",
    "🚦 lights",
    "עצור",
    "قف $x^2$",
    "{{ 7 * 7 }}",
    "</script><b>",
    "a\nb",
    "x" * 300,
]


def digits_zip(path, channels, label_of):
    """scikit-learn's digits, scaled up to 32x32 pixels, as a release zip.

    In three channels, with names that no page should take for markup; validation lacks one digit, test another.
    """
    digits = load_digits()
    pixels = [cv2.resize(image / 16 * 255, (32, 32), interpolation=cv2.INTER_CUBIC) for image in digits.images]
    features = np.rint(pixels).clip(0, 255).astype(np.uint8)
    if channels == 3:
        features = np.stack([features] * 3, axis=-1)
    order = np.random.default_rng(0).permutation(len(features))
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in zip(("train", "valid", "test"), np.split(order, [1200, 1400]), strict=True):
            lacking = {"valid": 3, "test": 7}.get(name) if channels == 3 else None
            kept = rows[digits.target[rows] != lacking]
            split = {"features": features[kept], "labels": label_of(digits.target[kept])}
            archive.writestr(f"{name}.p", pickle.dumps(split))
        if channels == 3:
            table = io.StringIO()
            names = ((label_of(digit), name) for digit, name in enumerate(HOSTILE))
            csv.writer(table).writerows([("ClassId", "SignName"), *names])
            archive.writestr("signnames.csv", table.getvalue())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def project_of(folder, channels, label_of):
    project = made(folder)
    sha256 = digits_zip(project / "digits.zip", channels, label_of)
    change(project, "fetch", source="signs", url="digits.zip", sha256=sha256)
    change(project, "train", epochs=7, batch_size=32, learning_rate=0.003)
    change(project, "networks.lenet", dropout_keep_prob=0.7)
    return project


def known_ids(project):
    rows = classes.read(project / "models/augmented/signnames.csv").rows
    assert (rows[-1].name, rows[-1].origin) == ("Pedestrian zone", "synthetic")
    return [row.id for row in rows]


def test_images_in_three_channels_of_ids_with_gaps_go_the_same_way(tmp_path):
    project = project_of(tmp_path / "project", 3, lambda digit: 3 * digit + 5)
    # The augmented model learns the validation images, too.
    change(project, "train", keep="last")
    carried = {"temperature": 1.5, "threshold": 0.25, "exported_temperature": 1.2, "exported_threshold": 0.35}
    change(project, "train.refit.augmented", **carried)
    change(project, "export", framings=[0.9, 1.1])
    run(project, "dvc", "repro", "report", "card@augmented", "export@augmented")
    assert metrics(project, "original")["test"]["accuracy"] >= 0.95
    assert metrics(project, "augmented")["test"]["original"]["accuracy"] >= 0.95
    assert "valid" in metrics(project, "original")
    assert "valid" not in metrics(project, "augmented")
    assert metrics(project, "augmented")["calibration"] == {"temperature": 1.5, "threshold": 0.25}
    exported = model_file.read(project / "models/exported/augmented/model.onnx", threads=1).description
    assert (exported.temperature, exported.threshold) == (1.2, 0.35)
    assert "none for validation (temperature and threshold" in (project / "models/augmented.md").read_text()
    run(project, "dvc", "plots", "show", "--out", "plots")
    assert known_ids(project) == [*range(5, 33, 3), *range(33, 38)]
    assert {row.name for row in classes.read(project / "models/augmented/signnames.csv").rows} >= {*HOSTILE}
    page = (project / "reports/index.html").read_text()
    assert page.count("Training learned the validation images, too") == 1
    assert not any(markup in page for markup in ("<script>alert", "<img src=x", "</script><b>", ">49<"))
    assert "עצור" in page


def test_images_in_one_channel_go_the_same_way(tmp_path):
    project = project_of(tmp_path / "project", 1, lambda digit: digit)
    run(project, "dvc", "repro", "evaluate@augmented")
    assert metrics(project, "augmented")["test"]["original"]["accuracy"] >= 0.95
    assert known_ids(project) == [*range(15)]
