"""Scores texts with any model of the BERT contract; the only place that knows ONNX Runtime and tokenizers.

A model is a folder: `config.json` (with `id2label`), `tokenizer.json`, and an ONNX file that takes `input_ids`, `attention_mask` and,
where it wants them, `token_type_ids` (int64 [texts, tokens]) and gives logits (float32 [texts, 3]).

**Why a score depends on nothing but its text.** ONNX Runtime promises no such thing. A dynamically quantised model, which is what
the public exports are, takes one scale for the activations of a whole batch, so every neighbour and all padding move every logit
(measured: every text, by up to a third of the spread of the logits). In float32 nothing moved where we measured, but how a
matrix product is cut up is the library's own business and differs between its versions and processors. Hence:

- each text is a run of its own, without padding, in a session with one thread: shape and partition follow from the text. Speed comes from
  several such runs at once (`threads`), which share nothing; one thread each is also what costs the least processor time a text;
- only a model that says `"batch_invariant": true` in its `config.json` shares batches. The starter does, because all its
  sums are of small integers and so exact in any order, on any machine; `tests/scoring/crowd/test_finbert.py` holds it to that;
- `batching = "fast"` lets texts of every model share batches, for who would rather have the speed; as a setting it is in the manifest;
- logits are rounded before they mean anything, see `sentiment`: what is left is that a processor of another family, with another
  last bit or another 8-bit product, may tip a logit of a fetched model over a step.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
import numpy as np

from scoring.crowd.batching import groups_by_length, padded
from scoring.crowd.sentiment import STARTER, LabelOrder, Score, ScoringSettings, SentimentSettings, label_order, scores_of
from scoring.errors import ResourceError, SettingError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

STARTER_FOLDER: Final = Path(__file__).parent / "models" / "starter"
ONNX_FILES: Final = tuple(f"{folder}{name}.onnx" for name in ("model_int8", "model_quantized", "model") for folder in ("onnx/", ""))
"""Where an ONNX file is looked for, in this order: the quick one first."""
SETTINGS_FILE: Final = "ghosttape.toml"
_REQUIRED: Final = frozenset(("input_ids", "attention_mask"))
_OPTIONAL: Final = frozenset(("token_type_ids",))
_INPUT_TYPE: Final = "tensor(int64)"
_SHORTEST_TOKENS: Final = 4
_HASH_DIGITS: Final = 16
_OUTPUT_TYPE: Final = "tensor(float)"
_CPU: Final = "CPUExecutionProvider"
_CUDA: Final = "CUDAExecutionProvider"
_NICENESS: Final = 10
"""Priority of a thread that runs a model: 0 is the usual one, 19 the lowest."""
_PROBES: Final = ("", "Stocks rallied.")
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")

Tokens: TypeAlias = tuple[int, ...]
Group: TypeAlias = Sequence[Tokens]
"""Texts scored in one run."""
Encode: TypeAlias = Callable[[Sequence[str]], list[Tokens]]
Run: TypeAlias = Callable[[Sequence[Group]], list[list[Score]]]


class _Config(msgspec.Struct, frozen=True):
    """The part of a model's `config.json` that matters here."""

    id2label: dict[str, str] = {}
    pad_token_id: int = 0
    max_position_embeddings: int = 1 << 30
    batch_invariant: bool = False


class Model:
    """A loaded model, used by one thread at a time; it uses several itself."""

    def __init__(self, name: str, digest: str, encode: Encode, run: Run, batch_tokens: int, cache_entries: int) -> None:
        """Put the parts together; `load` does it."""
        self.name = name
        """Name of its folder."""
        self.hash = digest
        """First 16 hexadecimal digits of the sha256 of its ONNX file."""
        self._encode = encode
        self._run = run
        self._batch_tokens = batch_tokens
        self._cache_entries = cache_entries
        self._cache: OrderedDict[Tokens, Score] = OrderedDict()

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Score each text, in order; what has the same tokens is scored once."""
        rows = self._encode(texts)
        known = {row: self._cache[row] for row in rows if row in self._cache}
        fresh = [row for row in dict.fromkeys(rows) if row not in known]
        groups = [[fresh[at] for at in group] for group in groups_by_length([len(row) for row in fresh], self._batch_tokens)]
        for group, scores in zip(groups, self._run(groups), strict=True):
            known.update(zip(group, scores, strict=True))
        self._remember(rows, known)
        return [known[row] for row in rows]

    def _remember(self, rows: Sequence[Tokens], known: Mapping[Tokens, Score]) -> None:
        for row in rows:
            self._cache[row] = known[row]
            self._cache.move_to_end(row)
        while len(self._cache) > self._cache_entries:
            self._cache.popitem(last=False)


def load(settings: SentimentSettings, scoring: ScoringSettings | None = None) -> Model:
    """Load the model that the settings name, and try it on a text.

    Raises:
        SettingError: there is no such model, or it cannot do what the settings ask for.
        ResourceError: a file of it is missing, broken, or not of the BERT contract.
    """
    scoring = scoring or ScoringSettings()
    folder = STARTER_FOLDER if settings.model == STARTER else Path(settings.model)
    if not folder.is_dir():
        raise _refused("crowd.sentiment.model", settings.model, "'starter' or a folder with a model: just model finbert fetches one")
    config = _read_config(folder / "config.json")
    if not _SHORTEST_TOKENS <= settings.max_tokens <= config.max_position_embeddings:
        raise _refused("crowd.sentiment.max_tokens", settings.max_tokens, f"{_SHORTEST_TOKENS} to {config.max_position_embeddings}")
    encode = encoder(folder / "tokenizer.json", settings)
    onnx = onnx_file(folder)
    session = _open(onnx, scoring.provider)
    run = _runner(session, onnx, config, scoring.threads or max(_cores() - 1, 1))
    shared = config.batch_invariant or settings.batching == "fast"
    model = Model(folder.resolve().name, digest_of(onnx), encode, run, scoring.batch_tokens if shared else 0, scoring.cache_entries)
    model.score(_PROBES)
    return model


def onnx_file(folder: Path) -> Path:
    """Find the ONNX file of a model.

    Raises:
        ResourceError: there is none.
    """
    for name in ONNX_FILES:
        if (folder / name).is_file():
            return folder / name
    raise ResourceError(f"{folder}: no ONNX file, expected one of {', '.join(ONNX_FILES)}: export the model, or run just model finbert")


def digest_of(onnx: Path) -> str:
    """Give the first 16 hexadecimal digits of a file's sha256."""
    with onnx.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_DIGITS]


def safe(text: str, max_characters: int) -> str:
    """Cut a text, and make it one that any tokenizer takes: no control characters, no half of a surrogate pair.

    >>> safe("to the\x00moon\ud83d!", 12)
    'to the moon?'
    """
    return text[:max_characters].translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def _refused(key: str, value: object, expected: str) -> SettingError:
    return SettingError(SETTINGS_FILE, key, value, expected)


def _read_config(file: Path) -> _Config:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise ResourceError(f"{file}: {_line(error)}; expected a model's config.json with id2label") from error


def encoder(file: Path, settings: SentimentSettings) -> Encode:
    """Give the function from texts to the tokens that count, whatever the texts.

    Raises:
        ResourceError: the file is no tokenizer of BERT's kind.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise ResourceError(f"{file}: {_line(error)}; expected a tokenizer.json of Hugging Face tokenizers") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(settings.max_tokens)

    def encode(texts: Sequence[str]) -> list[Tokens]:
        cleaned = [safe(text, settings.max_characters) for text in texts]
        return [tuple(encoding.ids) for encoding in tokenizer.encode_batch(cleaned)]

    if not all(encode(_PROBES)):
        raise ResourceError(f"{file}: makes nothing of an empty text; expected the two marks of BERT around every text")
    return encode


def _open(onnx: Path, provider: str) -> InferenceSession:
    """Open a session that runs in the thread that calls it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    present = _CUDA in onnxruntime.get_available_providers()
    if provider == "cuda" and not present:
        raise _refused("scoring.provider", provider, "'cpu' or 'auto': this ONNX Runtime has no CUDA (install onnxruntime-gpu)")
    providers = [_CUDA, _CPU] if present and provider != "cpu" else [_CPU]
    try:
        return onnxruntime.InferenceSession(str(onnx), options, providers=providers)
    except Exception as error:  # the library's errors have no common root but this
        raise ResourceError(f"{onnx}: {_line(error)}; expected an ONNX model: fetch or export it again") from error


def _runner(session: InferenceSession, onnx: Path, config: _Config, threads: int) -> Run:
    """Give the function from groups of token rows to their scores, several groups at once."""
    from concurrent.futures import ThreadPoolExecutor

    names, output = _contract(session, onnx)
    order = _order(config, onnx)

    def run(rows: Group) -> list[Score]:
        ids, mask = padded(rows, config.pad_token_id)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            (logits,) = session.run([output], {name: feeds[name] for name in names})
            return scores_of(logits, order)
        except Exception as error:  # as above; the rows are well formed, so it is the model
            raise ResourceError(f"{onnx}: {_line(error)}; expected logits for {ids.shape[0]} x {ids.shape[1]} tokens") from error

    pool = ThreadPoolExecutor(threads, "scoring", _give_way)
    return lambda groups: list(pool.map(run, groups))


def _cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _give_way() -> None:
    """Let every other thread of the machine go first: a model would take all of its cores, and the market must not wait.

    Where threads have no priority of their own (other than on Linux) there is nothing to lower.
    """
    if sys.platform == "linux":  # pragma: no branch
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)  # of the calling thread


def _contract(session: InferenceSession, onnx: Path) -> tuple[list[str], str]:
    """Give the names of the inputs and of the output.

    Raises:
        ResourceError: they are not those of BERT.
    """
    inputs = {given.name: given.type for given in session.get_inputs()}
    outputs = {given.name: given.type for given in session.get_outputs()}
    output = next(iter(outputs)) if len(outputs) == 1 else "logits"
    if not _REQUIRED <= set(inputs) <= _REQUIRED | _OPTIONAL or set(inputs.values()) != {_INPUT_TYPE}:
        found = ", ".join(f"{name} {kind}" for name, kind in inputs.items())
        raise ResourceError(f"{onnx}: inputs {found}; expected input_ids and attention_mask, perhaps token_type_ids, {_INPUT_TYPE}")
    if outputs.get(output) != _OUTPUT_TYPE:
        found = ", ".join(f"{name} {kind}" for name, kind in outputs.items())
        raise ResourceError(f"{onnx}: outputs {found}; expected logits {_OUTPUT_TYPE}")
    return list(inputs), output


def _order(config: _Config, onnx: Path) -> LabelOrder:
    try:
        return label_order(config.id2label)
    except ValueError as error:
        raise ResourceError(f"{onnx}: config.json beside it says id2label {error}") from error


def _line(error: Exception) -> str:
    """Give the first line of what a library said."""
    return next(iter(str(error).splitlines()), type(error).__name__)
