from signs import tables


def test_a_table_is_written_as_csv_to_six_digits(tmp_path):
    tables.write(tmp_path / "table.csv", [{"severity": 0, "blur": 1.0}, {"severity": 1, "blur": 1 / 3}])
    assert (tmp_path / "table.csv").read_text() == "severity,blur\n0,1\n1,0.333333\n"
