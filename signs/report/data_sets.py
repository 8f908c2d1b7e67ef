"""What the page shows of the data."""

from typing import Any

from signs.core.params import Seed, preset, validated
from signs.evaluation.corruption import Corruptions, corrupted
from signs.report.inputs import Diagnosed, Explored
from signs.report.sprites import Sprite

SHOWN_COPIES = 8  # of a pair of splits


def data_set(part: Explored, sprite: Sprite) -> dict[str, Any]:
    """A data set: its counts, typical images of its classes, copies across its splits."""
    found, splits = part.found, part.dataset.splits
    names = {row.id: row.name for row in part.dataset.classes.rows}
    train = part.dataset.train.features

    def example(pair: dict[str, Any], copy: dict[str, Any]) -> dict[str, Any]:
        result = {"similarity": copy["similarity"]}
        for side in ("first", "second"):
            split = splits[pair[side]]
            result[side] = sprite.add(split.features[copy[side]])
            result[f"{side}_name"] = names[int(split.labels[copy[side]])]
        return result

    return {
        "name": part.name,
        "digest": part.digest,
        "shape": found["image_shape"],
        "images": found["images"],
        "sampled": max(found["looked_at"].values()) if found["looked_at"] != found["images"] else None,
        "origin": " and ".join(sorted({row.origin for row in part.dataset.classes.rows})),
        "classes": [
            row | {kind: sprite.add(train[row[kind]]) for kind in ("typical", "brightest", "darkest")}
            for row in found["classes"]
        ],
        "brightness": found["brightness"],
        "duplicates": [
            pair | {"examples": [example(pair, copy) for copy in pair["examples"][:SHOWN_COPIES]]}
            for pair in found["copies"]
        ],
    }


def typical(data: list[dict[str, Any]], diagnosed: list[Diagnosed]) -> dict[int, int]:
    """The tile of each class by the id that the models use; merging renumbers synthetic classes, but keeps names."""
    fetched, *others = ({row["id"]: row for row in part["classes"]} for part in data)
    merged = {row["name"]: row["typical"] for part in others for row in part.values()}
    return {
        row.id: fetched[row.id]["typical"] if row.id in fetched else merged[row.name]
        for model in diagnosed
        for row in model.diagnosis.classes.rows
    }


@validated("stress")
def corrupted_examples(
    part: Explored,
    sprite: Sprite,
    *,
    seed: Seed,
    corruptions: preset(Corruptions),  # type: ignore[valid-type]
) -> dict[str, Any]:
    """Each corruption of a typical image, of the class with the most test images.

    Args:
        part: The data set that the stage `stress` corrupts.
        sprite: Collects the tiles.
        seed: As in the section `stress` of params.yaml.
        corruptions: Likewise.
    """
    chosen = max(part.found["classes"], key=lambda row: row["test"])
    image = part.dataset.train.features[[chosen["typical"]]]
    tiles: dict[str, list[int]] = {}
    for name, _, images in corrupted(image, corruptions, seed):
        tiles.setdefault(name, []).append(sprite.add(images[0]))
    return {"name": chosen["name"], "tile": sprite.add(image[0]), "tiles": tiles}
