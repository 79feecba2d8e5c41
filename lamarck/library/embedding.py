"""Texts as vectors whose cosine says how close their meanings are.

MiniLM: Wang et al., "MiniLM: Deep Self-Attention Distillation" (2020), as fine-tuned for sentences by the
sentence-transformers project (`all-MiniLM-L6-v2`, Apache-2.0), quantised to int8. `minilm_vocab.txt` is the
vocabulary file of that model, unchanged.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lamarck.errors import ModelCorrupt, ModelUnavailable
from lamarck.library.numbers import one_thread

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MINILM_NAME = "all-minilm-l6-v2-int8"
MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).with_name("minilm_vocab.txt")
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
_PULL = f"lamarck models pull {MINILM_NAME}"
_TOKENS = 256  # what the model was trained on; the rest of a longer text is not read
_DIMENSION = 384


class Embedder(Protocol):
    """Turns texts into vectors.

    Deterministic: a text has one vector for one `digest`, whatever stands beside it in a call. Vectors of different
    digests can't be compared. Safe to call from several threads. Raises `ModelUnavailable` and `ModelCorrupt`.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str:
        """SHA-256 of the weights."""

    @property
    def dimension(self) -> int: ...

    @property
    def floor(self) -> float:
        """The cosine below which two texts have nothing to do with each other, measured for this model."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text: `dimension` float32, little-endian, of length 1."""


def embedded(embedder: Embedder, texts: Sequence[str]) -> list[bytes]:
    """What an embedder gives, as long as it states. Raises `ModelCorrupt` when it is not, and as the embedder does."""
    return [of_length(embedder, vector) for vector in embedder.embed(texts)]


def of_length(embedder: Embedder, vector: bytes) -> bytes:
    """The vector. Raises `ModelCorrupt` for one of another length than the embedder states."""
    if len(vector) != 4 * embedder.dimension:
        raise ModelCorrupt(
            f"the embedding model {embedder.name} gives {len(vector) // 4} numbers for a text and states"
            f" {embedder.dimension}",
            "use the model that was set up; what is stored was not touched",
        )
    return vector


class MiniLmEmbedder:
    """MiniLM on one CPU thread through onnxruntime. Files are read and checked at the first use, not before."""

    name = MINILM_NAME
    digest = MINILM_SHA256
    dimension = _DIMENSION
    # Of 24 hard paraphrases of programming tasks 0.96 lie above it, of the 552 unrelated pairs 0.15. A needless trial
    # costs a run in the sandbox, a missed artifact a model's work, so it leans towards proposing.
    floor = 0.15

    def __init__(self, weights: Path) -> None:
        """`weights`: the ONNX file with the digest `MINILM_SHA256`. Raises `ModelUnavailable` when it isn't there."""
        if not weights.is_file():
            raise ModelUnavailable(f"the embedding model {weights} is missing", _PULL)
        self._weights = weights
        self._loading = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        # One text a pass: dynamic int8 quantisation scales by the whole batch, so a neighbour would change the
        # vector; and on one thread a batch is not faster.
        self._load()
        return [self._embed_one(text) for text in texts]

    def _embed_one(self, text: str) -> bytes:
        import numpy as np

        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, feeds)
        mean: npt.NDArray[np.float32] = hidden[0].mean(axis=0, dtype=np.float32)
        return (mean / np.linalg.norm(mean)).astype("<f4").tobytes()

    def _load(self) -> None:
        with self._loading:
            if self._session is None:
                one_thread()
                self._tokenizer = _wordpiece(_checked(VOCABULARY, VOCABULARY_SHA256))
                self._session = _session(_checked(self._weights, MINILM_SHA256))


def _checked(path: Path, digest: str) -> bytes:
    """The bytes that were checked are the bytes that are used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read ({error.strerror})", "check its permissions") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelCorrupt(f"{path} is not the file that was pinned", f"delete it and fetch it again: {_PULL}")
    return content


def _session(model: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable("onnxruntime is not installed", "pip install 'lamarck-dse[embeddings]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _wordpiece(vocabulary: bytes) -> Any:
    """BERT's uncased WordPiece, as the model was trained with."""
    try:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    except ImportError as error:
        raise ModelUnavailable("tokenizers is not installed", "pip install 'lamarck-dse[embeddings]'") from error
    entries = {token: number for number, token in enumerate(vocabulary.decode().splitlines())}
    words = models.WordPiece(entries, unk_token="[UNK]", max_input_chars_per_word=100)  # noqa: S106 - a piece of text
    tokenizer = Tokenizer(words)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", entries["[CLS]"]), ("[SEP]", entries["[SEP]"])]
    )
    tokenizer.enable_truncation(_TOKENS)
    return tokenizer
