"""Real files of each kind, and bytes that mean something in one."""

import functools
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
RNG_SEED = 1
ARRAYS = {"features": np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3), "labels": np.array([0, 1, 2])}
LISTS = {
    "features": list(ARRAYS["features"]),
    "labels": [0.0, 1.0, 2.0],
    "filenames": ["a", "b", "c"],
    "more": (1, "x"),
}
TEXTS = (
    b"\x00 \xff \n \r\n , ; \" ' [ { } ] : - & * # < > / NaN Infinity -1 1e999 0x10 true null \xf0\x9f\x9a\xb8".split(
        b" "
    )
)


def pickles():
    by_protocol = {f"arrays in protocol {number}": pickle.dumps(ARRAYS, number) for number in (0, 2, 4, 5)}
    python_2 = pickle.dumps(ARRAYS, 2).replace(b"numpy._core", b"numpy.core")
    return by_protocol | {"lists": pickle.dumps(LISTS), "older NumPy": python_2, "nothing": b"\x80\x04}."}


OPCODES = (  # pieces of pickles; \x94 remembers, h recalls
    b"( ) ] } 0 1 2 . N a e s u t l d \x85 \x86 \x87 \x88 \x94 q\x00 h\x00 h\x01 r\xff\xff\xff\x7f K\x07 M\xff\xff "
    b"J\xff\xff\xff\x7f \x8a\x01\x07 \x8b\xff\xff\xff\x7f G\x7f\xf0\x00\x00\x00\x00\x00\x00 X\x01\x00\x00\x00a "
    b"X\xff\xff\xff\x7f B\xff\xff\xff\x7f C\x01a U\x01a \x8c\x08features \x8c\x06labels V\xe9\n I1\n L1L\n S'a'\n "
    b"cnumpy\nndarray\n cnumpy\ndtype\n cnumpy._core.multiarray\n_reconstruct\n c_codecs\nencode\n cos\nsystem\n "
    b"\x8c\x02u1 \x8c\x02O8 \x8c\x0aU999999999 \x93 R b \x81 \x95\x00\x00\x00\x00\x00\x00\x00\x7f \x8f \x8e"
).split(b" ")


def zips():
    names = b"ClassId,SignName\n0,Stop\n1,Yield\n2,\xc3\x9f\n"
    members = {f"{split}.p": pickle.dumps(ARRAYS) for split in ("train", "valid", "test")} | {"signnames.csv": names}
    return {str(method): zipped(members, method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)}


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def svgs():
    small = sorted((ROOT / "data").glob("*/*.svg"), key=lambda path: path.stat().st_size)
    return {path.stem: path.read_bytes() for path in [*small[:3], ROOT / "data/new_signs/bus_lane.svg"]}


ELEMENTS = (
    b'<g> </g> <use~href="#a"/> <g~id="a"> <mask~id="a"> </mask> <clipPath~id="a"> mask="url(#a)" '
    b'<pattern~id="a"~width="1e-9"~height="1e9"> </pattern> fill="url(#a)" stroke-dasharray="1e-9" stroke-width="1e30" '
    b'transform="scale(1e300)" viewBox="0~0~1e9~1e-9" width="1e20" height="-1" d="M0~0~L1e300~NaN~A0~0~0~0~0~1~1" '
    b"<style>*{x:y} </style> <!-- --> <![CDATA[ <?xml &#x1F6B8; &a; <!DOCTYPE"
).split(b" ")
ELEMENTS = [piece.replace(b"~", b" ") for piece in ELEMENTS]


def images():
    noise = np.random.default_rng(RNG_SEED).integers(0, 256, (9, 12, 4), dtype=np.uint8)
    rgba, rgb = Image.fromarray(noise), Image.fromarray(noise[..., :3])
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    kinds = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "AVIF", "JPEG2000")
    files = {kind: saved(rgb, kind) for kind in kinds}
    files |= {
        "RGBA": saved(rgba, "PNG"),
        "16 bits": saved(deep, "PNG"),
        "TIFF in LZW": saved(rgb, "TIFF", compression="tiff_lzw"),
    }
    return files | {"turned": saved(rgb, "JPEG", exif=turned), "palette": saved(rgb.quantize(9), "PNG")}


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tables():
    return {
        "history": b"epoch,train_loss\n0,1.5\n1,0.25\n",
        "classes": b"".join((ROOT / "data/signnames.csv").read_bytes().splitlines(keepends=True)[:9]),
        "images": b'Path;ClassId;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2\n"a b.png";3;1;2;3;4\nc.png;4;1;2;3;4\n',
    }


def settings():
    files = [ROOT / "params.yaml", *sorted((ROOT / "presets/cameras").glob("*.yaml"))]
    return {path.name: path.read_bytes() for path in files}


YAML = [
    b"&a [*a]",
    b"<<: *a",
    b"&a ",
    b"*a",
    b"!!python/object/apply:os.system",
    b"!!binary ",
    b"!!set",
    b"? ",
    b"| ",
    b"> ",
]
YAML += [
    b"\t",
    b"  ",
    b"---",
    b"...",
    b"2024-13-45",
    b"0b" + b"1" * 500,
    b"9" * 5000,
    b"1e" + b"9" * 400,
    b"1:" * 300,
    b"@",
    b"%",
    b"`",
]


def descriptions():
    trained = json.loads((ROOT / "weights/keras/model.json").read_bytes())
    exported = json.loads((ROOT / "weights/model.json").read_bytes())
    return {name: json.dumps(content).encode() for name, content in {"trained": trained, "exported": exported}.items()}


def predictions():
    from signs.evaluation.predictions import NAMES

    members = {}
    for name in NAMES:
        file = io.BytesIO()
        shape = (2, 3) if name.endswith("softmax") else (3,) if name == "ids" else (2,)
        np.save(file, np.ones(shape, np.float32 if len(shape) == 2 else np.int64))
        members[f"{name}.npy"] = file.getvalue()
    text = io.BytesIO()
    np.save(text, np.full((2, 3), "a"))
    return {
        "sound": zipped(members, zipfile.ZIP_STORED),
        "text": zipped(members | {"valid_softmax.npy": text.getvalue()}),
    }


def networks():
    """A LeNet, small and whole: a network of one layer would have little to go wrong."""
    import tempfile

    from signs.networks.backend import keras
    from signs.networks.lenet import LeNet

    keras.utils.set_random_seed(RNG_SEED)
    network = LeNet(3, (2, 3, 5, 4))
    network(np.zeros((1, 32, 32, 1), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        network.save(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    return {"stored": zipped(members, zipfile.ZIP_STORED), "packed": zipped(members)}


def exported(name):
    return {name: (ROOT / "weights" / name).read_bytes()}


ORIGINALS = {
    "p": (pickles, OPCODES),
    "zip": (zips, [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"../"]),
    "svg": (svgs, ELEMENTS),
    "image": (
        images,
        [b"IHDR", b"IDAT", b"acTL", b"tEXt", b"\xff\xd8", b"\xff\xe1", b"Exif\x00\x00", b"II*\x00", b"VP8X", b"99999"],
    ),
    "csv": (tables, TEXTS),
    "yaml": (settings, YAML + TEXTS),
    "json": (descriptions, [*TEXTS, b"9" * 5000, b"[" * 3000, b"1e400", b"\\ud800"]),
    "npz": (predictions, [b"\x93NUMPY", b"'descr': '|O'", b"'shape': (9999999999,)", b"<U9", b"('a', 1)"]),
    "keras": (networks, TEXTS),
    "onnx": (functools.partial(exported, "model.onnx"), [b"images", b"\x08\x96\x01"]),
    "tflite": (functools.partial(exported, "model_int8.tflite"), [b"TFL3", b"PK\x05\x06"]),
}
