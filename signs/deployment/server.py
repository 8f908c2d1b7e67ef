"""A server of one model: photographs come as uploads, names go back as JSON. Nothing is stored."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

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
    """Predicts images together that different requests brought at about the same time, in a thread for each model.

    Args:
        predictors: The same model in each.
    """

    def __init__(self, predictors: Sequence[Predictor]) -> None:
        self.predictors = predictors
        self.waiting: asyncio.Queue[tuple[Upload, asyncio.Future]] = asyncio.Queue()
        self.threads = ThreadPoolExecutor(len(predictors), "signs")

    async def answers(self, uploads: list[Upload]) -> list[Answer]:
        """An answer for each image, in their order.

        Raises:
            UserError: Files cannot be read; it names them.
            asyncio.QueueFull: Too many images wait already.
        """
        if self.waiting.qsize() + len(uploads) > MAX_WAITING:
            raise asyncio.QueueFull
        futures = [asyncio.get_running_loop().create_future() for _ in uploads]
        for entry in zip(uploads, futures, strict=True):
            self.waiting.put_nowait(entry)
        found = await asyncio.gather(*futures)
        faults = [str(answer) for answer in found if isinstance(answer, UserError)]
        if faults:
            raise UserError("; ".join(faults[:10]))
        return found

    async def run(self) -> None:
        """Predicts batches for ever."""
        async with asyncio.TaskGroup() as workers:
            for predictor in self.predictors:
                workers.create_task(self._work(predictor))

    async def _work(self, predictor: Predictor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.waiting.get()]
            while len(batch) < BATCH_SIZE and not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            uploads, futures = zip(*batch, strict=True)
            try:
                found = await loop.run_in_executor(self.threads, _answers, predictor, uploads)
            except Exception as error:
                for future in futures:
                    future.set_exception(error)
                continue
            for future, answer in zip(futures, found, strict=True):
                if not future.done():  # its client may have gone
                    future.set_result(answer)


def application(predictors: Sequence[Predictor]) -> FastAPI:
    """The server as an ASGI application.

    Args:
        predictors: The model that it serves, once for each thread.
    """
    batcher, description = Batcher(predictors), predictors[0].model.description

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.run())
        yield
        worker.cancel()
        batcher.threads.shutdown(wait=False)

    app = FastAPI(title="Signs", description="Names traffic signs.", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return pages.of_server(description)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "classes": len(description.classes)}

    refusals: dict[int | str, dict[str, Any]] = {code: {"model": Fault} for code in (400, 408, 413, 422, 503)}

    @app.post("/predict", response_model=Answers, responses=refusals, openapi_extra=BODY)
    async def predict(request: Request) -> Response:
        try:
            async with asyncio.timeout(SECONDS):
                uploads = await _uploads(request)
            answers = await batcher.answers(uploads)
        except TimeoutError:
            raise HTTPException(408, f"the upload took over {SECONDS} seconds; send fewer or smaller images") from None
        except ClientDisconnect:
            raise HTTPException(400, "the upload broke off") from None  # nobody reads it, but it is no fault of ours
        except UserError as error:
            raise HTTPException(422, str(error)) from None
        except asyncio.QueueFull:
            raise HTTPException(503, "too many images wait; try again in a second", {"Retry-After": "1"}) from None
        return Response(Answers(predictions=answers).model_dump_json(), media_type="application/json")

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
    return [Upload(_name(file.filename), await file.read()) for file in files]


def _name(given: str | None) -> str:
    """A file's name that JSON can hold: a client may declare an encoding that gives halves of characters."""
    return (given or "image")[:200].encode(errors="replace").decode()


def _answers(predictor: Predictor, uploads: Sequence[Upload]) -> list[Answer | UserError]:
    """What the model says of each image, or why it cannot be read."""
    decoded = [_decoded(predictor, upload) for upload in uploads]
    images = [image for image in decoded if isinstance(image, np.ndarray)]
    rows = iter(predictor.model.probabilities(np.stack(images)) if images else ())
    return [
        image if isinstance(image, UserError) else _answer(predictor, upload.name, next(rows))
        for upload, image in zip(uploads, decoded, strict=True)
    ]


def _decoded(predictor: Predictor, upload: Upload) -> np.ndarray | UserError:
    try:
        return predictor.image(reader.decode_rgb(upload.content, upload.name))
    except UserError as error:
        return error


def _answer(predictor: Predictor, file: str, probabilities: np.ndarray) -> Answer:
    said = predictor.prediction(probabilities)
    top = [Likely(name=name, confidence=confidence) for name, confidence in predictor.top(said, TOP)]
    return Answer(
        file=file, name=said.name, class_id=said.class_id, confidence=said.confidence, known=said.known, top=top
    )
