import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from texts import PIECES

from askpkcn import building
from askpkcn import encoder as encoders
from askpkcn.encoder import DEFAULT_MODEL, DEFAULT_SHA256, QuestionEncoder, SentenceTransformersEncoder
from askpkcn.errors import ModelError
from askpkcn.snapshot import open_snapshot

TEXTS = [
    *PIECES,
    *(piece * 40 for piece in PIECES),  # many past the model's 256 tokens
    *(f"How many agreements did minister number {i} sign in China?" for i in range(50 - 2 * len(PIECES))),
]


@pytest.fixture(scope="module")
def passage_encoder() -> SentenceTransformersEncoder:
    return building.open_encoder(None)


@pytest.fixture(scope="module")
def question_encoder(seeds_index) -> QuestionEncoder:
    return QuestionEncoder(open_snapshot(seeds_index).encoder_folder)


@pytest.mark.slow
def test_questions_and_passages_get_the_same_vectors(passage_encoder, question_encoder):
    heard: list[int] = []
    ours = np.stack([question_encoder.embed_question(text) for text in TEXTS])
    theirs = passage_encoder.embed_passages(TEXTS, heard.append)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype) == ((50, 384), np.float32)
    assert sum(heard) == 50
    assert (ours * theirs).sum(axis=1).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(theirs, axis=1), 1.0, atol=1e-5)


@pytest.mark.slow
def test_a_vector_does_not_depend_on_its_batch(passage_encoder):
    alone = np.concatenate([passage_encoder.embed_passages([text]) for text in TEXTS[:8]])
    together = passage_encoder.embed_passages(TEXTS[:8])
    assert (alone * together).sum(axis=1).min() > 0.9999


@pytest.mark.slow
def test_the_card_tells_the_model(passage_encoder, question_encoder):
    card = passage_encoder.card
    assert question_encoder.card == card
    assert (card.name, card.digest, card.dimension, card.max_tokens) == (DEFAULT_MODEL, DEFAULT_SHA256, 384, 256)
    assert passage_encoder.embed_passages([]).shape == (0, 384)


def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch):
    monkeypatch.setattr(encoders, "DEFAULT_SHA256", "0" * 64)
    with pytest.raises(ModelError, match=rf"has sha256 {DEFAULT_SHA256}, expected 0{{64}}; reinstall it with `pip"):
        SentenceTransformersEncoder()


def test_a_folder_that_is_no_model_names_the_remedy(tmp_path):
    with pytest.raises(ModelError, match=r"is not a sentence-transformers model .*; give --model such a folder"):
        SentenceTransformersEncoder(str(tmp_path))


def test_a_model_that_cannot_be_loaded_names_the_remedy(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "no such type"}')
    with pytest.raises(ModelError, match=r"cannot be loaded \(.*\); give --model a sentence-transformers folder"):
        SentenceTransformersEncoder(str(tmp_path))


def test_a_folder_without_an_encoder_names_the_remedy(tmp_path):
    with pytest.raises(ModelError, match=r"holds no usable encoder \(.*\); rebuild it with `askpkcn index PATH"):
        QuestionEncoder(tmp_path)


@pytest.mark.parametrize("name", ["encoder.json", "tokenizer.json", "model.onnx"])
def test_a_damaged_encoder_is_refused(seeds_index, tmp_path, name):
    folder = shutil.copytree(open_snapshot(seeds_index).encoder_folder, tmp_path / "encoder")
    (folder / name).write_bytes(b"{}")
    with pytest.raises(ModelError, match="holds no usable encoder"):
        QuestionEncoder(folder)


def test_a_question_prompt_is_put_before_the_question(seeds_index, question_encoder, tmp_path):
    folder = shutil.copytree(open_snapshot(seeds_index).encoder_folder, tmp_path / "encoder")
    card = json.loads((folder / "encoder.json").read_bytes())
    (folder / "encoder.json").write_text(json.dumps(card | {"question_prompt": "query: "}))
    prompted = QuestionEncoder(folder).embed_question("Who?")
    np.testing.assert_array_equal(prompted, question_encoder.embed_question("query: Who?"))


@pytest.mark.slow
@pytest.mark.parametrize(("free", "error"), [(0, OSError), (10**12, ModelError)])
def test_an_export_that_fails_blames_the_disk_if_it_is_full_else_the_model(
    passage_encoder, tmp_path, monkeypatch, free, error
):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to write external initializers")

    monkeypatch.setattr(encoders, "optimise", fail)
    monkeypatch.setattr(encoders, "_export_onnx", lambda *_: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(error, match=r"No space left|cannot be exported to ONNX .Failed to write"):
        passage_encoder.export(tmp_path / "encoder")
