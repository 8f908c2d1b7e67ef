import numpy as np
from specimens import frozen, stored, texts

from signs.figures import preprocessing


def test_pixels_before_and_after_and_the_one_are_printed():
    image = stored(6, 6, 3)
    grey = stored(6, 6, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    shown = texts(preprocessing.before_and_after(image, grey, normalized, np.eye(43)[41], "End of no passing"))
    assert "\n".join(map(str, image[1, 1])) in shown
    assert "\n".join(map(str, image[4, 4])) in shown
    assert f"{normalized[2, 3, 0]:.4f}" in shown
    assert "\n".join(map(str, image[5, 5])) not in shown
    assert "[0. 0. 0. … 0. 1. 0.]" in shown
    assert shown.count("1") == 1
    assert any("43 numbers, the 1 at position 41" in text for text in shown)


def test_print_on_a_pixel_of_middle_grey_has_one_colour_wherever_the_pixel_lies_in_memory():
    memory = np.full(200, 127, dtype=np.uint8)
    colours = {preprocessing._is_bright(memory[start : start + 3]) for start in range(190)}
    assert colours == {False}
    assert preprocessing._is_bright(np.full(3, 128, dtype=np.uint8))
