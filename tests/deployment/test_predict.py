"""`signs predict` on real files, in a process of its own."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from signs.deployment.models import load


@pytest.fixture
def photos(tmp_path):
    """Photos of other sizes and kinds, a hidden file and one that is no image."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(3)
    for name, size in (("a.png", (32, 32)), ("b.webp", (90, 70)), ("more/c.jpg", (400, 300))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / name)
    (folder / ".hidden.png").write_bytes(b"no image")
    return folder


def predict(*arguments, folder=None, stdin=b"", code=0):
    """What the command prints on standard output and on standard error."""
    command = [sys.executable, "-m", "signs", "predict", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


def test_each_photo_of_a_folder_gets_the_name_that_the_library_gives_it(photos, exported):
    printed, said = predict(photos, "--model", exported)
    files = [photos / "a.png", photos / "b.webp", photos / "more/c.jpg"]
    lines = printed.splitlines()
    for line, file, found in zip(lines, files, load(exported).predict(files), strict=True):
        first = f"{found.name}, {found.confidence:.1%}"
        assert line == f"{file}: {first if found.known else f'not a sign I know (closest: {first})'}"
    assert str(exported) in said


def test_json_and_csv_hold_the_same(photos, exported):
    told = json.loads(predict(photos, "--model", exported, "--json", "--top", "2")[0])
    rows = list(csv.DictReader(io.StringIO(predict(photos, "--model", exported, "--csv")[0])))
    assert [row["file"] for row in rows] == [one["file"] for one in told]
    for row, one in zip(rows, told, strict=True):
        assert (row["name"], int(row["class_id"])) == (one["name"], one["class_id"])
        assert float(row["confidence"]) == pytest.approx(one["confidence"])
        assert one["top"][0]["name"] == one["name"]
        assert len(one["top"]) == 2


def test_unreadable_files_are_named_and_the_others_predicted(photos, exported):
    (photos / "broken.png").write_bytes(b"no image")
    printed, said = predict(photos, "--model", exported, code=1)
    assert len(printed.splitlines()) == 3
    assert "broken.png cannot be read as" in said
    assert "1 of 4 images cannot be read" in said
    told = json.loads(predict(photos, "--model", exported, "--json", code=1)[0])
    assert ["error" in one for one in told] == [False, False, True, False]


def test_a_pattern_standard_input_and_a_box_name_what_to_look_at(photos, exported):
    assert len(predict("*/*.jpg", "--model", exported, folder=photos)[0].splitlines()) == 1
    assert predict("-", "--model", exported, stdin=(photos / "a.png").read_bytes())[0].startswith("-: ")
    picture = np.asarray(Image.open(photos / "b.webp").convert("RGB"))[20:52, 10:50]
    (expected,) = load(exported).predict([picture])
    told = json.loads(predict(photos / "b.webp", "--model", exported, "--box", "10,20,40,32", "--json")[0])
    assert told[0]["confidence"] == pytest.approx(expected.confidence, abs=1e-5)
    assert told[0]["box"] == [10, 20, 40, 32]


def test_a_table_of_boxes_gives_an_answer_for_each(photos, exported, tmp_path):
    (tmp_path / "boxes.csv").write_text(
        "file,x,y,width,height\nb.webp,0,0,30,30\nb.webp,20,30,40,40\nc.jpg,5,5,99,99\n"
    )
    told = json.loads(predict(photos, "--model", exported, "--boxes", tmp_path / "boxes.csv", "--json")[0])
    assert [one["box"] for one in told] == [[0, 0, 30, 30], [20, 30, 40, 40], [5, 5, 99, 99]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.png"], "absent.png is no file or folder; give a photo, a folder, a pattern"),
        (["*.tiff"], "no file matches *.tiff"),
        (["empty"], "empty holds no file; give a folder with photos"),
        (["a.png", "--box", "1,2,3"], "box '1,2,3' is not x,y,width,height in whole pixels"),
        (["a.png", "--box", "0,0,0,9"], "box '0,0,0,9' is empty"),
        (["a.png", "--boxes", "a.png"], "a.png cannot be read as CSV in UTF-8"),
        (["a.png", "--model", "a.png"], "a.png is no model file; expected .onnx or .tflite"),
        (["a.png", "--model", "absent.onnx"], "absent.onnx cannot be read"),
    ],
)
def test_a_mistake_ends_in_one_line(photos, exported, arguments, message):
    (photos / "empty").mkdir()
    if "--model" not in arguments:
        arguments = [*arguments, "--model", exported]
    _, said = predict(*arguments, folder=photos, code=1)
    last = said.splitlines()[-1]
    assert last.startswith("signs predict: ")
    assert message in last
    assert "Traceback" not in said


def test_a_box_that_leaves_its_photo_is_named(photos, exported):
    _, said = predict(photos / "a.png", "--model", exported, "--box", "0,0,33,10", code=1)
    assert "the box leaves the image of 32x32 pixels" in said


def test_photos_are_copied_into_folders_of_their_class_and_none_is_overwritten(photos, exported, tmp_path):
    for _ in range(2):
        predict(photos, "--model", exported, "--copy-to", tmp_path / "sorted")
    copies = sorted(path for path in (tmp_path / "sorted").rglob("*") if path.is_file())
    assert len(copies) == 6
    names = {
        found.name if found.known else "not a sign I know"
        for found in load(exported).predict([*photos.rglob("[abc].*")])
    }
    assert {path.parent.name for path in copies} <= {name.replace("/", "_") for name in names}


def test_the_model_that_was_exported_last_is_the_default(photos, exported, tmp_path):
    target = tmp_path / "project/models/exported/original"
    shutil.copytree(exported, target)
    _, said = predict(photos, folder=tmp_path / "project")
    assert "models/exported/original/model.onnx" in said


def test_it_loads_neither_tensorflow_nor_dvc_nor_opencv(photos, exported):
    program = (
        "import sys; from signs.cli import main; "
        f"code = main(['predict', {str(photos)!r}, '--model', {str(exported)!r}]); "
        "sys.exit(code or bool({'tensorflow', 'keras', 'dvc', 'cv2', 'scipy', 'pydantic', 'yaml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
