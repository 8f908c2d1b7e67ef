"""Files are written whole or not at all; folders likewise, which data sets are tested with."""

import pytest

from signs.core.files import replaced


def test_a_file_is_replaced_once_it_is_whole(tmp_path):
    target = tmp_path / "new" / "file.txt"
    with replaced(target) as partial:
        partial.write_text("first")
        assert not target.exists()
    with pytest.raises(FileNotFoundError), replaced(target) as partial:
        partial.with_name("no such folder").joinpath("file").touch()
    assert target.read_text() == "first"
    assert list(target.parent.iterdir()) == [target]
