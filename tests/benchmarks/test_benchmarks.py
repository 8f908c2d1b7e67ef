import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import bench_pipeline, bench_preprocess, bench_synthesize, growth, plain_keras, results, tasks, weights
from benchmarks import whole_pipeline as whole
from benchmarks.article import Article
from benchmarks.contenders import Contender, rounds
from benchmarks.contests import Contest, described, held, ratio
from benchmarks.ours import built
from benchmarks.project import change
from signs.core import processor
from signs.data import pixels
from tests.stripes import stripes

ROOT = Path(__file__).parents[2]
OURS = Contender("ours", "benchmarks.bench_preprocess:ours_once", {"count": 10})
QUICK = Contender("quick", "benchmarks.bench_preprocess:floor_once", {"count": 10})
ABSENT = Contender("absent", "benchmarks.bench_preprocess:floor_once", needs=("no_such_module",))


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def tables(text):
    """The tables in a text, each a list of rows of cells."""
    found, previous = [], ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not previous.startswith("|"):
                found.append([])
            found[-1].append(cells(line))
        previous = line
    return found


def assert_well_formed(text):
    found = tables(text)
    assert found
    for table in found:
        assert len(table) >= 3
        assert len({len(row) for row in table}) == 1
        assert set(table[1]) <= {"---", "---:"}


def test_a_ratio_is_the_median_of_those_of_the_rounds():
    assert ratio([1, 2, 4], [3, 2, 8]) == (2, 1, 3)


def test_what_slows_both_down_does_not_change_a_ratio():
    assert ratio([1, 10, 100], [2, 20, 200]) == (2, 2, 2)


def test_a_table_tells_speed_and_ratios_and_names_the_fastest_peer():
    slow = Contender("slow", "")
    contest = Contest("Title", 100, OURS, peers=(slow, QUICK), alone=(Contender("beside", ""),))
    text = described(contest, {"ours": [1, 1], "slow": [4, 4], "quick": [2, 3], "beside": [5, 5]})
    assert_well_formed(text)
    rows = {row[0]: row[1:] for row in tables(text)[0][2:]}
    assert rows["ours"] == ["10", "100", "", ""]
    assert rows["quick"][2:] == ["2.5", "2 to 3"]
    assert rows["beside"][2:] == ["", ""]
    assert "The fastest peer is quick: ours is 2.5 times as fast (2 to 3)" in text


def test_a_floor_is_shown_but_is_no_peer():
    text = described(Contest("Title", 1, OURS, floors=(QUICK,)), {"ours": [2, 2], "quick": [1, 1]})
    assert tables(text)[0][3][3:] == ["0.5", "0.5 to 0.5"]
    assert "No peer took part" in text


def test_a_contest_says_which_instructions_it_measures():
    contenders = [Contender(name, "", native=name != "capped") for name in ("ours", "free", "capped")]
    ours, free, capped = contenders
    assert Contest("", 1, ours, peers=(free,)).instructions == "native"
    assert Contest("", 1, capped).instructions == "portable"
    assert Contest("", 1, ours, peers=(capped,), alone=(free,)).instructions == "native and portable"


def test_a_peer_that_is_not_installed_is_named_and_not_counted():
    text = held(Contest("Title", 10, OURS, peers=(ABSENT,), alone=(QUICK,)), 1)
    assert_well_formed(text)
    assert [row[0] for row in tables(text)[0][2:]] == ["ours", "quick"]
    assert "Not installed, so not measured: absent (no_such_module)." in text
    assert "No peer took part" in text


@pytest.fixture
def noted(tmp_path, monkeypatch):
    """A module of contenders that note their names in a file at each round, and print."""
    program = """
    def noting(path, name):
        print("getting ready")
        def work():
            print("working")
            with open(path, "a") as file:
                file.write(name)
        return work

    def failing():
        raise OSError("no such disk")

    def caps(path, name):
        import os
        from signs.core import processor
        set_here = {key for key in ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY") if key in os.environ}
        return noting(path, f"{name} {processor.instructions()} {len(set_here)};")
    """
    (tmp_path / "noted.py").write_text(textwrap.dedent(program))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "notes"


def test_contenders_take_turns_and_each_warms_up(noted):
    contenders = [Contender(name, "noted:noting", {"path": str(noted), "name": name}) for name in "ab"]
    times = rounds(contenders, 3)
    assert sorted(noted.read_text()[:2]) == ["a", "b"]
    assert noted.read_text()[2:] == "ababab"
    assert all(len(seconds) == 3 and min(seconds) > 0 for seconds in times.values())


def test_a_contender_is_capped_or_not_whatever_this_process_is(noted):
    settings = {"path": str(noted)}
    contenders = [
        Contender(name, "noted:caps", settings | {"name": name}, native=name == "free") for name in ("capped", "free")
    ]
    rounds(contenders, 1)
    assert set(noted.read_text().split(";")[:-1]) == {"capped portable 2", "free native 0"}


def test_a_contender_that_fails_says_why(noted):
    with pytest.raises(RuntimeError, match="broken failed: OSError: no such disk"):
        rounds([Contender("broken", "noted:failing")], 1)


def test_a_section_of_the_page_replaces_its_former_one(tmp_path):
    page = tmp_path / "RESULTS.md"
    results.record(page, "Speed", "| old |")
    results.record(page, "Memory", "| kept |\n\n### Part\n\ntext")
    results.record(page, "Speed", "| new |")
    text = page.read_text()
    assert text == results.HEAD + "\n## Memory\n\n| kept |\n\n### Part\n\ntext\n\n## Speed\n\n| new |\n"


def test_the_machine_is_named_by_processor_instructions_threads_and_versions():
    said = results.machine(["numpy", "no-such-package"], "portable")
    assert said.startswith(f"{processor.name()}, portable instructions, 2 threads; Python 3.")
    assert said.endswith(f"numpy {np.__version__}.")


def test_native_results_replace_no_portable_ones(tmp_path, capsys):
    chosen = results.arguments("").parse_args(["--out", str(tmp_path / "page.md")])
    for instructions in ("portable", "native", "native and portable"):
        results.publish(chosen, "Speed", instructions, f"{instructions} figures")
    page = (tmp_path / "page.md").read_text()
    assert "## Speed\n\nnative and portable figures\n" in page
    assert "## Speed, native\n\nnative figures\n" in page
    assert capsys.readouterr().out.startswith("Speed\n\nportable figures\n")


def test_the_committed_page_is_well_formed_and_holds_no_path():
    page = results.PAGE
    if not page.is_file():
        pytest.skip("nothing was measured yet: make bench")
    text = page.read_text()
    assert text.startswith(results.HEAD)
    assert_well_formed(text)
    assert str(ROOT) not in text


def test_the_article_preprocesses_as_we_do():
    features = bench_preprocess.pictures(20)
    ours = pixels.normalized_grey(features)[..., 0]
    np.testing.assert_allclose(bench_preprocess.article(features), ours, atol=1e-5)


def test_the_article_synthesizes_the_same_images_as_we_do():
    picture = bench_synthesize.pictures()[0]
    np.testing.assert_array_equal(bench_synthesize.article(picture), bench_synthesize.recipe()(picture))


def test_the_articles_own_training_learns():
    features, labels = stripes(400, seed=0)
    features = features[..., np.newaxis].astype(np.float32)
    model = Article(features.shape[1:], 3)
    rows = np.eye(3)[labels]
    for _ in range(12):
        model.epoch(features, rows, batch_size=20)
    assert model.accuracy(*(array[:200] for array in (features, labels))) > 0.9


@pytest.fixture(params=list(tasks.TASKS))
def trained(request):
    """The name of a task, its network with weights as if it had been trained, images, and its logits for them."""
    network, channels = built(request.param), tasks.TASKS[request.param].channels
    rng = np.random.default_rng(1)
    for weight in network.weights:
        if len(weight.shape) == 1:  # biases and normalizations, which begin at 0 and 1
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    features, _ = tasks.images(channels, 5)
    return request.param, network, features, network(features).numpy()


def test_the_twin_of_keras_layers_gives_the_same_logits(trained):
    name, network, features, expected = trained
    task = tasks.TASKS[name]
    twin = plain_keras.NETWORKS[name](task.channels, **task.settings)
    plain_keras.load(twin, network)
    np.testing.assert_allclose(twin(features), expected, rtol=1e-3, atol=1e-3)


def test_the_pytorch_twin_gives_the_same_logits(trained):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from benchmarks import pytorch

    name, network, features, expected = trained
    task = tasks.TASKS[name]
    twin = pytorch.NETWORKS[name](task.channels, **task.settings)
    pytorch.load(twin, weights.of(network))
    np.testing.assert_allclose(pytorch.logits(twin, features), expected, rtol=1e-3, atol=1e-3)


def test_the_networks_of_the_tasks_are_ours():
    lenet = built("lenet")
    assert lenet.get_config()["depths"] == type(lenet)(43).get_config()["depths"]
    assert lenet.get_config()["dropout_keep_prob"] == type(lenet)(43).get_config()["dropout_keep_prob"]


def test_the_time_of_a_stage_ends_where_the_next_begins():
    said = [
        (1.0, "hello"),
        (2.0, "Running stage 'fetch':"),
        (3.0, "> python"),
        (5.0, "Running stage 'train@a':"),
        (9, ""),
    ]
    assert whole.stage_seconds(said) == {whole.START: 2.0, "fetch": 3.0, "train@a": 4.0}


def test_the_share_that_is_not_training_is_of_the_whole():
    text = whole.described({whole.START: 1.0, "fetch": 2.0, "train@a": 6.0, "train@b": 1.0}, {"fetch": 0.5})
    assert_well_formed(text)
    assert ["fetch", "2.00", "20.0%", "0.50"] in tables(text)[0]
    assert "Not training: 30.0%, 3.0 of 10.0 seconds." in text


def test_the_floor_of_a_stage_reads_and_writes_all_its_files(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"12")
    (tmp_path / "out").write_bytes(b"345")
    entry = {"deps": [{"path": "in"}], "outs": [{"path": "out"}]}
    assert whole.floor_seconds(tmp_path, entry, tmp_path / "scratch") > 0
    assert (tmp_path / "scratch").read_bytes() == b"345"


def test_a_changed_value_leaves_the_others(tmp_path):
    (tmp_path / "params.yaml").write_text("a: {b: {c: 1, d: 2}}\ne: 3\n")
    change(tmp_path, "a.b", c=4)
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == {"a": {"b": {"c": 4, "d": 2}}, "e": 3}


def test_what_a_further_image_takes_leaves_the_start_out():
    costs = {10: growth.Cost(6.0, 1, 1), 110: growth.Cost(16.0, 1, 1), 1110: growth.Cost(126.0, 1, 1)}
    assert growth.further(costs) == {110: 0.1, 1110: 0.11}
    text = growth.described({size: {"merge": cost} for size, cost in costs.items()})
    assert_well_formed(text)
    assert "took this many times as long as at the size before: merge 1.10." in text


def test_how_far_times_are_from_a_straight_line():
    straight = {size: growth.Cost(5 + 2 * size, 1, 1) for size in (10, 100, 1000)}
    assert growth.bend(straight) == pytest.approx(0, abs=1e-9)
    # A tenth off the line 1 + n to either side in turn, of which no other line is less far off.
    bent = {1: growth.Cost(2 / 1.1, 1, 1), 2: growth.Cost(3 / 0.9, 1, 1), 3: growth.Cost(4 / 1.1, 1, 1)}
    assert growth.bend(bent) == pytest.approx(0.1)


def test_growth_runs_the_commands_of_the_pipeline():
    for step in growth.STEPS:
        command = growth.command(step)
        assert command[:4] == [sys.executable, "-m", "stages", step]
        assert not any("$" in word for word in command)


def quick(name, page, *options, native=False):
    """Runs a benchmark at tiny sizes; returns what it writes."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--out", str(page), *options]
    environment = os.environ | {processor.NATIVE: str(int(native))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_well_formed(page.read_text())
    assert tables(page.read_text()) == tables(done.stdout)
    return page.read_text()


@pytest.mark.parametrize(
    ("name", "options", "names"),
    [
        ("bench_preprocess", [], ["ours", "the article's expression in NumPy"]),
        ("bench_synthesize", [], ["ours", "the article's loop, one image at a time"]),
        ("bench_train", ["--only", "Training LeNet"], ["ours", "Keras `fit`", "the article's loop, `tf.compat.v1`"]),
        ("bench_inference", ["--only", "Inference of LeNet, one image"], ["ours"]),
        ("bench_instructions", ["--only", "Instructions, rendering"], ["native", "portable"]),
    ],
)
def test_a_contest_runs(tmp_path, name, options, names):
    text = quick(name, tmp_path / "page.md", *options)
    rows = {row[0]: row for row in tables(text)[0][2:]}
    assert set(names) <= set(rows)
    assert all(float(rows[peer][3]) > 0 for peer in names[1:])
    assert "portable instructions, 2 threads" in text


@pytest.mark.skipif(not processor.computes_in_bfloat16(), reason="this processor does not compute in bfloat16")
def test_a_contest_in_bfloat16_runs_with_all_instructions(tmp_path):
    text = quick("bench_train", tmp_path / "page.md", "--only", "Training convnet, bfloat16", native=True)
    assert "## Training convnet, bfloat16, native\n" in text
    assert ", native instructions, 2 threads" in text
    assert {"ours", "Keras `fit`"} <= {row[0] for row in tables(text)[0][2:]}


def test_stages_start_and_growth_is_measured(tmp_path):
    assert "`python -m stages merge --help`" in quick("bench_pipeline", tmp_path / "pipeline.md")
    rows = tables(quick("growth", tmp_path / "growth.md", "--steps", "preprocess", "merge"))[0][2:]
    assert [row[:2] for row in rows] == [
        ["preprocess", "300"],
        ["preprocess", "600"],
        ["merge", "300"],
        ["merge", "600"],
    ]
    assert all(float(row[2]) > 0 and float(row[5]) > 10 for row in rows)


def test_a_command_that_fails_says_why():
    with pytest.raises(RuntimeError, match=r"(?s)failed: .*no_such_stage"):
        bench_pipeline.seconds([sys.executable, "-m", "stages", "no_such_stage"])
