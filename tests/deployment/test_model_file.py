import io
import zipfile

import numpy as np
import onnx
import pytest
from onnx import helper

from signs.core.errors import UserError
from signs.deployment import model_file


@pytest.fixture
def onnx_model(exported):
    return (exported / "model.onnx").read_bytes()


def test_images_of_another_size_or_type_are_refused(exported):
    model = model_file.read(exported / "model.onnx", threads=1)
    for wrong in (
        np.zeros((1, 16, 32, 3), np.uint8),
        np.zeros((1, 32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint8),
    ):
        with pytest.raises(UserError, match=r"expected uint8 \(n, 32, 32, 3\)"):
            model.probabilities(wrong)


def test_no_image_has_no_probabilities(exported):
    model = model_file.read(exported / "model.onnx", threads=1)
    assert model.probabilities(np.zeros((0, 32, 32, 3), np.uint8)).shape == (0, 5)


def test_more_images_than_a_batch_have_the_probabilities_of_each_alone(exported, images, monkeypatch):
    model = model_file.read(exported / "model.onnx", threads=1)
    alone = np.concatenate([model.probabilities(image[np.newaxis]) for image in images])
    monkeypatch.setattr(model_file, "BATCH_SIZE", 7)
    np.testing.assert_allclose(model.probabilities(images), alone, atol=1e-6)


@pytest.mark.parametrize("name", ["model.onnx", "model.tflite"])
@pytest.mark.parametrize("content", [None, b"", b"\0\1\2 no model", b"TFL3" * 1000, b"PK\5\6" + bytes(18)])
def test_a_file_that_is_no_model_is_named(tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=name):
        model_file.read(path, threads=1)


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"model\.keras is no model file; expected \.onnx or \.tflite"):
        model_file.read(tmp_path / "model.keras", threads=1)


def test_a_file_cut_off_is_refused(tmp_path, onnx_model):
    path = tmp_path / "model.onnx"
    for length in range(0, len(onnx_model), len(onnx_model) // 20):
        path.write_bytes(onnx_model[:length])
        with pytest.raises(UserError, match=r"model\.onnx"):
            model_file.read(path, threads=1)


def test_a_file_that_is_too_large_is_not_read(tmp_path, onnx_model, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(onnx_model)
    monkeypatch.setattr(model_file, "MAX_BYTES", len(onnx_model) - 1)
    with pytest.raises(UserError, match="at most"):
        model_file.read(tmp_path / "model.onnx", threads=1)


def test_a_model_of_another_program_is_refused(tmp_path, onnx_model):
    other = onnx.load_model_from_string(onnx_model)
    del other.metadata_props[:]
    (tmp_path / "model.onnx").write_bytes(other.SerializeToString())
    with pytest.raises(UserError, match="description must have classes"):
        model_file.read(tmp_path / "model.onnx", threads=1)


def test_a_description_of_another_model_is_refused(tmp_path, onnx_model):
    other = onnx.load_model_from_string(onnx_model)
    described = {entry.key: entry.value for entry in other.metadata_props}
    helper.set_model_props(other, described | {"classes": '[{"id": 1, "name": "Stop"}]'})
    (tmp_path / "model.onnx").write_bytes(other.SerializeToString())
    with pytest.raises(UserError, match="its description says"):
        model_file.read(tmp_path / "model.onnx", threads=1)


def test_weights_in_another_file_are_not_read(tmp_path, onnx_model):
    (tmp_path / "secret").write_bytes(bytes(10_000))
    other = onnx.load_model_from_string(onnx_model)
    for tensor in other.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=str(tmp_path / "secret"))
    (tmp_path / "model.onnx").write_bytes(other.SerializeToString())
    with pytest.raises(UserError, match="cannot be read as a model"):
        model_file.read(tmp_path / "model.onnx", threads=1)


def test_a_description_that_unpacks_to_too_much_is_refused(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", " " * (model_file.MAX_DESCRIPTION + 1))
    (tmp_path / "model.tflite").write_bytes(content.getvalue())
    with pytest.raises(UserError, match=r"model\.tflite: the model's description is not valid JSON"):
        model_file.read(tmp_path / "model.tflite", threads=1)
