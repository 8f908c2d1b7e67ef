import re

import pytest

from signs.core import processor
from signs.training.settings import of_model
from tests.stripes import NO_EARLIER, section, settings

CARRIED = {"temperature": 0.9, "threshold": 0.4, "exported_temperature": None, "exported_threshold": None}
REFIT = {model: dict.fromkeys(CARRIED) for model in ("original", "augmented")}
EARLIER = {"path": "earlier/model.keras", "sha256": "0" * 64, "body_rate": 0.1}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 0}, "params.yaml: train.epochs is 0; Input should be greater than or equal to 1"),
        ({"epochs": "many"}, "train.epochs is 'many'; Input should be a valid integer"),
        ({"epoch": 25}, "train.epoch is unknown; train takes augmentation, batch_size, class_balance_power"),
        ({"l1": True}, "train.l1 is True; a number is expected, not a bool"),
        ({"l2": -1}, "train.l2 is -1; Input should be greater than or equal to 0"),
        ({"learning_rate": 0}, "train.learning_rate is 0; Input should be greater than 0"),
        ({"ema_decay": 1}, "train.ema_decay is 1; Input should be less than 1"),
        ({"keep": "first"}, "train.keep is 'first'; Input should be 'best' or 'last'"),
        ({"refit": REFIT | {"original": CARRIED | {"temperature": None}}}, "train.refit.original.temperature is None"),
        ({"refit": REFIT | {"original": CARRIED | {"temperature": [1]}}}, "train.refit.original.temperature is [1]"),
        ({"refit": REFIT | {"original": CARRIED | {"temp": 1}}}, "train.refit.original.temp is unknown"),
        ({"refit": REFIT | {"mine": CARRIED}}, "train.refit.mine is unknown; train.refit takes augmented, original"),
        ({"refit": REFIT | {"original": CARRIED}}, "train.refit learns the validation images, so none choose an epoch"),
        ({"refit": REFIT | {"original": CARRIED}, "keep": "last", "patience": 3}, "leave train.patience empty"),
        ({"dtype": "float16"}, "train.dtype is 'float16'; Input should be 'float32' or 'bfloat16'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(changed, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        settings(**changed)


@pytest.mark.parametrize(
    ("earlier", "message"),
    [
        ("earlier", "params.yaml: load_from.original is 'earlier'"),
        ({"path": "model.keras"}, "load_from.original.sha256 is missing"),
        (EARLIER | {"sha": 1}, "load_from.original.sha is unknown; load_from.original takes body_rate, path, sha256"),
    ],
)
def test_a_wrong_earlier_model_is_named(earlier, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        of_model("original", section(), {"original": earlier}, 300)


def test_each_model_has_its_own_earlier_one():
    both = {"original": EARLIER, "augmented": EARLIER | {"path": None, "sha256": None}}
    assert of_model("original", section(), both, 300).load_from.sha256 == EARLIER["sha256"]
    assert of_model("augmented", section(), both, 300).load_from is None


def test_each_model_has_its_own_calibration_of_a_refit():
    train, nothing = section(keep="last", refit=REFIT | {"augmented": CARRIED}), NO_EARLIER["original"]
    assert of_model("augmented", train, {"augmented": nothing}, 300).recorded["refit"] == CARRIED
    assert of_model("original", train, {"original": nothing}, 300).refit is None


def test_the_record_has_the_chosen_alternatives_and_no_path():
    recorded = of_model("original", section(), {"original": EARLIER}, 300).recorded
    assert recorded["network"]["name"] == "lenet"
    assert "convnet" not in str(recorded)
    assert recorded["load_from"] == {"sha256": EARLIER["sha256"], "body_rate": 0.1}
    assert "earlier" not in str(recorded)


@pytest.mark.parametrize(
    ("images", "batch_size", "epochs"),
    [(1, 16, 200), (350, 16, 143), (640, 32, 79), (2_559, 64, 20), (2_560, 128, 20), (10**7, 128, 20)],
)
def test_automatic_settings_follow_from_the_number_of_images(images, batch_size, epochs):
    found = of_model("original", section(batch_size="auto", epochs="auto"), NO_EARLIER, images)
    assert (found.batch_size, found.epochs) == (batch_size, epochs)
    fixed = of_model("original", section(batch_size=7, epochs="auto"), NO_EARLIER, images)
    assert (fixed.batch_size, fixed.epochs) == (7, epochs)


@pytest.mark.parametrize(
    ("native", "flags", "message"),
    [
        ("0", "avx2 avx512_bf16", "train.dtype is 'bfloat16'; bfloat16 needs native: true; set it, or train.dtype to"),
        ("1", "avx2 avx512f", "this processor does not compute in bfloat16; set train.dtype to float32"),
        ("1", "avx2 avx512_bf16", None),
        ("1", "avx2 amx_bf16", None),
    ],
)
def test_bfloat16_needs_native_instructions_and_a_processor_that_has_it(tmp_path, monkeypatch, native, flags, message):
    (tmp_path / "cpuinfo").write_text(f"flags : fpu {flags}\n")
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setenv(processor.NATIVE, native)
    assert settings().dtype == "float32"
    if message is None:
        assert settings(dtype="bfloat16").dtype == "bfloat16"
    else:
        with pytest.raises(ValueError, match=re.escape(message)):
            settings(dtype="bfloat16")
