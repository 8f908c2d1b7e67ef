"""A server of one model: photographs come as uploads, names go back as JSON. Nothing is stored."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from starlette.formparsers import MultiPartException, MultiPartParser

from signs.core.errors import UserError
from signs.data import reader
from signs.deployment import pages
from signs.deployment.predictor import Predictor

MAX_REQUEST_BYTES = 64 * 2**20
MAX_FILE_BYTES = 16 * 2**20
MAX_FILES = 64  # a request
MAX_WAITING = 256  # images; more are turned away with 503
SECONDS = 30  # that an upload may take
BATCH_SIZE = 32
TOP = 3  # classes told of each image


class Likely(BaseModel):
    """A class and its probability, 0-1."""

    name: str
    confidence: Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """What an image shows. `known`: whether the confidence is above the model's threshold."""

    file: str
    name: str
    class_id: int
    confidence: Annotated[float, Field(ge=0, le=1)]
    known: bool
    top: list[Likely]


class Answers(BaseModel):
    """An answer for each image, in their order."""

    predictions: list[Answer]


class Fault(BaseModel):
    """Why a request was refused."""

    detail: str


@dataclass(frozen=True)
class Upload:
    """A file of a request: its name as the client gave it, and its bytes."""

    name: str
    content: bytes


class Batcher:
    """Computes images together that different requests brought at about the same time."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.waiting: asyncio.Queue[tuple[np.ndarray, asyncio.Future]] = asyncio.Queue(MAX_WAITING)
        self.threads = ThreadPoolExecutor(2, "signs")

    async def probabilities(self, uploads: list[Upload]) -> np.ndarray:
        """Probabilities, float32 (n, classes), of images in files.

        Raises:
            UserError: Files cannot be read; it names all of them.
            asyncio.QueueFull: Too many images wait already.
        """
        loop = asyncio.get_running_loop()
        images = await loop.run_in_executor(self.threads, _decoded, uploads, self.predictor)
        futures = [loop.create_future() for _ in images]
        if self.waiting.qsize() + len(images) > MAX_WAITING:
            raise asyncio.QueueFull
        for entry in zip(images, futures, strict=True):
            self.waiting.put_nowait(entry)
        return np.stack(await asyncio.gather(*futures))

    async def run(self) -> None:
        """Computes batches for ever."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.waiting.get()]
            while len(batch) < BATCH_SIZE and not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            images = np.stack([image for image, _ in batch])
            try:
                found = await loop.run_in_executor(self.threads, self.predictor.model.probabilities, images)
            except Exception as error:
                for _, future in batch:
                    future.set_exception(error)
                continue
            for (_, future), probabilities in zip(batch, found, strict=True):
                if not future.done():  # its client may have gone
                    future.set_result(probabilities)


def application(predictor: Predictor) -> FastAPI:
    """The server as an ASGI application.

    Args:
        predictor: The model that it serves.
    """
    batcher = Batcher(predictor)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.run())
        yield
        worker.cancel()
        batcher.threads.shutdown(wait=False)

    app = FastAPI(title="Signs", description="Names traffic signs.", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return pages.of_server(predictor.model.description)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "classes": len(predictor.names)}

    @app.post("/predict", responses={code: {"model": Fault} for code in (400, 408, 413, 422, 503)}, openapi_extra=BODY)
    async def predict(request: Request) -> Answers:
        try:
            async with asyncio.timeout(SECONDS):
                uploads = await _uploads(request)
            found = await batcher.probabilities(uploads)
        except TimeoutError:
            raise HTTPException(408, f"the upload took over {SECONDS} seconds; send fewer or smaller images") from None
        except UserError as error:
            raise HTTPException(422, str(error)) from None
        except asyncio.QueueFull:
            raise HTTPException(503, "too many images wait; try again in a second", {"Retry-After": "1"}) from None
        answers = [_answer(upload, predictor, row) for upload, row in zip(uploads, found, strict=True)]
        return Answers(predictions=answers)

    return app


IMAGE = {"type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "additionalProperties": IMAGE}},
            "image/*": {"schema": IMAGE},
            "application/octet-stream": {"schema": IMAGE},
        },
    }
}


async def _uploads(request: Request) -> list[Upload]:
    """The files of a request: a form's, or its whole body as one."""
    body = await _body(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        uploads = [Upload("image", body)]
    else:
        uploads = await _of_form(request, body)
    large = [upload.name for upload in uploads if len(upload.content) > MAX_FILE_BYTES]
    if large:
        raise HTTPException(413, f"{', '.join(large)}: an image may have {MAX_FILE_BYTES:,} bytes")
    return uploads


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST_BYTES:
            raise HTTPException(413, f"a request may have {MAX_REQUEST_BYTES:,} bytes; send fewer images at once")
    if not body:
        raise HTTPException(400, "the request is empty; send an image as the body, or images as multipart/form-data")
    return bytes(body)


class _Parser(MultiPartParser):
    spool_max_size = MAX_REQUEST_BYTES  # in memory, never in a file


async def _of_form(request: Request, body: bytes) -> list[Upload]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _Parser(request.headers, stream(), max_files=MAX_FILES, max_fields=MAX_FILES).parse()
    except MultiPartException as error:
        raise HTTPException(400, f"the form cannot be read: {error.message}") from None
    except Exception as error:  # the parser of the body raises its own kinds
        raise HTTPException(400, f"the form cannot be read: {type(error).__name__}") from None
    files = [value for _, value in form.multi_items() if not isinstance(value, str)]
    if not files:
        raise HTTPException(400, "the form holds no file; send each image as a file of multipart/form-data")
    return [Upload((file.filename or "image")[:200], await file.read()) for file in files]


def _decoded(uploads: list[Upload], predictor: Predictor) -> list[np.ndarray]:
    images, faults = [], []
    for upload in uploads:
        try:
            images.append(predictor.image(reader.decode_rgb(upload.content, upload.name)))
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError("; ".join(faults[:10]))
    return images


def _answer(upload: Upload, predictor: Predictor, probabilities: np.ndarray) -> Answer:
    found = predictor.prediction(probabilities)
    top = [Likely(name=name, confidence=confidence) for name, confidence in predictor.top(found, TOP)]
    return Answer(
        file=upload.name,
        name=found.name,
        class_id=found.class_id,
        confidence=found.confidence,
        known=found.known,
        top=top,
    )
