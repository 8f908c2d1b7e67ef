"""Tells Keras of our networks, so that it loads their files. Imports neither Keras nor the networks."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NETWORKS = ("ConvNet", "LeNet")


def register() -> None:
    """Tells Keras now if it is there, or else as soon as it is imported."""
    if "keras" in sys.modules:
        _tell(sys.modules["keras"])
    else:
        sys.meta_path.insert(0, _KerasFinder())


class _Network:
    """Stands for a network until a file names it; the import of its module then puts the class in its place."""

    def __init__(self, name: str) -> None:
        self.name = name

    def from_config(self, config: dict[str, Any]) -> Any:
        """Makes the network, as Keras asks of a class."""
        import signs.networks.architectures  # noqa: F401, PLC0415

        return sys.modules["keras"].saving.get_custom_objects()[self.name].from_config(config)


def _tell(keras: ModuleType) -> None:
    objects = keras.saving.get_custom_objects()
    for name in NETWORKS:
        objects.setdefault(f"signs>{name}", _Network(f"signs>{name}"))


class _KerasFinder:
    """Leaves it to the other finders to find Keras, but tells it of our networks once it has run."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)  # or it would be asked again
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)  # an import that failed may be repeated
        if spec and spec.loader:
            run = spec.loader.exec_module

            def run_and_tell(module: ModuleType) -> None:
                run(module)
                _tell(module)

            spec.loader.exec_module = run_and_tell  # type: ignore[method-assign]
        return spec
