"""`signs export`: writes an exported model as one HTML page that classifies offline."""

from pathlib import Path

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.deployment import pages
from signs.deployment.models import default_model, load


def main(page: Path, model: Path | None) -> None:
    """Writes the page."""
    path = model or default_model()
    file = path / "model.onnx" if path.is_dir() else path
    if file.suffix != ".onnx":
        raise UserError(f"{file} is no .onnx file, which the page is made of")
    description = load(file).model.description
    html = pages.of_model(file.read_bytes(), description)
    with replaced(page) as partial:
        partial.write_text(html, encoding="utf-8")
    print(f"{page}: {len(html) / 1e6:.1f} MB, {len(description.classes)} classes, from {file}")
