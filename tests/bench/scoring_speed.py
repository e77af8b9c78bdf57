"""Posts scored a second: the starter, a model of FinBERT's shape in our hands, and the plain ways of others, on the same posts.

`python -m tests.bench.scoring_speed` builds a BERT-base with random weights (its speed is FinBERT's, its opinions are not) and measures
each row in a process of its own. The row of the Hugging Face pipeline needs an interpreter that has `torch` and `transformers`:
`--torch-python PATH`. Posts come in arrival order from ../shared/data, 256 at a time, as a backlog would: with a cache as they are, four
in ten repeating another; without one, only those that do not.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

POSTS = Path(__file__).resolve().parents[3] / "shared/data/telegram/messages_2019-06_2020-12.jsonl.gz"
VOCABULARY = Path(__file__).resolve().parents[3] / "shared/data/bert/vocab.txt"
AT_ONCE = 256
MAX_TOKENS = 64
MODULE = "tests.bench.scoring_speed"

Score = Callable[[Sequence[str]], object]
ROWS = {
    "starter": (8_192, "starter, exact"),
    "starter cache": (8_192, "starter, exact, with cache"),
    "int8 exact": (512, "BERT-base int8, exact (each text alone)"),
    "int8 exact cache": (1_024, "BERT-base int8, exact, with cache"),
    "int8 fast": (512, "BERT-base int8, fast (texts share batches)"),
    "int8 fast cache": (1_024, "BERT-base int8, fast, with cache"),
    "float exact": (128, "BERT-base float32, exact"),
    "onnx one": (256, "ONNX Runtime int8, one by one, in the plain way"),
    "pipeline": (64, "Hugging Face pipeline, one by one"),
}
"""How many posts each row scores, from the first on, and what it is called."""


def posts(count: int, repeated: bool) -> list[str]:
    """Read the first posts of the recording, as they came or without those that repeat another."""
    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        texts = (json.loads(line)["text"] for line in lines)
        return list(itertools.islice(texts if repeated else dict.fromkeys(texts), count))


def ours(row: str, models: Path, threads: int) -> Score:
    """Give the row's way of scoring, with our own loader."""
    from scoring.crowd.finbert import load
    from scoring.crowd.sentiment import ScoringSettings, SentimentSettings

    name = {"starter": "starter", "int8": str(models / "bert-int8"), "float": str(models / "bert")}[row.split()[0]]
    shaping = SentimentSettings(model=name, max_tokens=MAX_TOKENS, batching="fast" if "fast" in row else "exact")
    return load(shaping, ScoringSettings(threads=threads, cache_entries=10_000 if "cache" in row else 0)).score


def onnx_one(models: Path, threads: int) -> Score:
    """Give the plain way: one session with all threads, text by text."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(models / "bert-int8" / "model_int8.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(models / "bert-int8" / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)

    def score(texts: Sequence[str]) -> object:
        for text in texts:
            ids = np.array([tokenizer.encode(text).ids])
            session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})
        return None

    return score


def pipeline(threads: int) -> Score:
    """Give the way most tutorials go."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    config = transformers.BertConfig(num_labels=3)
    model = transformers.BertForSequenceClassification(config).eval()
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(VOCABULARY), do_lower_case=True)
    classify = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")
    return lambda texts: [classify(text, truncation=True, max_length=MAX_TOKENS) for text in texts]


def measure(row: str, models: Path, threads: int) -> float:
    """Score the row's posts once, after a few to warm up, and give posts a second."""
    score = onnx_one(models, threads) if row == "onnx one" else pipeline(threads) if row == "pipeline" else ours(row, models, threads)
    texts = posts(ROWS[row][0], repeated="cache" in row)
    score(["warm up", "the market is up a little today, volume is low"])
    started = time.perf_counter()
    for start in range(0, len(texts), AT_ONCE):
        score(texts[start : start + AT_ONCE])
    return len(texts) / (time.perf_counter() - started)


def build(models: Path) -> None:
    """Write a BERT-base with random weights, in float32 and in int8."""
    from tokenizers import BertWordPieceTokenizer

    from tests.scoring.crowd.bert import quantise, write_bert

    BertWordPieceTokenizer(str(VOCABULARY)).save(str(models / "tokenizer.json"))
    quantise(write_bert(models / "bert", models / "tokenizer.json"), models / "bert-int8")


def main() -> None:
    """Measure every row, or one of them in this process."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--row", choices=ROWS, help="measure this row only, here")
    parser.add_argument("--models", type=Path, help="folder of the built models")
    given = parser.parse_args()
    if not POSTS.exists():
        sys.exit(f"scoring_speed: the real posts are not here: {POSTS} is looked for")
    if given.row:
        if given.row == "pipeline" and importlib.util.find_spec("torch") is None:
            sys.exit("no torch here: name an interpreter that has it with --torch-python")
        print(json.dumps(measure(given.row, given.models, given.threads)))
        return
    speeds: dict[str, list[float]] = {row: [] for row in ROWS}
    troubles: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="ghosttape-models-") as folder:
        build(Path(folder))
        # In turns, so that what else the machine does meets every row.
        for row in [*ROWS] * given.runs:
            interpreter = given.torch_python if row == "pipeline" else sys.executable
            options = ["--row", row, "--models", folder, "--threads", str(given.threads)]
            ended = subprocess.run([interpreter, "-m", MODULE, *options], capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                speeds[row].append(float(ended.stdout.splitlines()[-1]))
            else:
                troubles[row] = (ended.stderr.strip().splitlines() or ["it said nothing"])[-1]
    print(f"posts/s, median (min-max) of {given.runs} processes, {given.threads} threads")
    for row, (count, name) in ROWS.items():
        found = speeds[row]
        speed = f"{statistics.median(found):9,.1f} ({min(found):,.1f}-{max(found):,.1f})" if found else f"        - ({troubles[row]})"
        print(f"{speed:32}  {name}, {count:,} posts")


if __name__ == "__main__":
    main()
