"""How the starter model is made: what it learns from, how it is judged, and that its sums are exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from scoring.crowd.batching import padded
from scoring.crowd.finbert import STARTER_FOLDER, load
from scoring.crowd.sentiment import SentimentSettings
from scoring.crowd.training import texts as collections
from scoring.crowd.training.figures import accuracy, lexicon_label, macro_f1, majority, without_links
from scoring.crowd.training.graph import Network, Scales, build, check_exact, save_network
from scoring.crowd.training.texts import Example, Label, Side, chosen, label_of, read_examples, side_of
from scoring.crowd.training.vocabulary import END, PADDING, START, UNKNOWN, learn

POSITIVE, NEGATIVE, NEUTRAL = Label


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write the three collections, a few lines each, in their own formats."""
    lines = ['"$A, Inc - cut at B, C https://t.co/x",0', "profit up,1", "meets today,2", "meets today,2"]
    (tmp_path / "tfns_sent_train.csv").write_text("\n".join(["text,label", *lines]), "utf-8")
    surge = 'Stock Ticker,Tweet Text,Sentiment,Tweet URL\n$T,"two\nlines 🚀",Positive,u\n$T,oh no,Negative,u\n'
    (tmp_path / "surge_stock_tweets_sentiment.csv").write_text(surge, "utf-8")
    (tmp_path / "vader_tweets_GroundTruth.txt").write_text("1\t2.5\tlove it &amp; you\n2\t-0.6\tso so\n3\t0.0\ta chair\n", "utf-8")
    (tmp_path / "vader_lexicon.txt").write_text("good\t1.9\t0.9\t[]\nbad\t-2.5\t0.6\t[]\nmild\t0.6\t0.6\t[]\n\n", "utf-8")
    (tmp_path / "phrases.tsv").write_text("positive\tto the moon\nneutral\tgm\n\n", "utf-8")
    return tmp_path


# --- texts ---------------------------------------------------------------------------------------------------------------------------


def test_every_collection_is_read_with_its_labels_and_without_copies(data: Path) -> None:
    examples = read_examples(data, data / "phrases.tsv")
    assert [(example.text, example.label, example.source) for example in examples] == [
        ("$A, Inc - cut at B, C https://t.co/x", NEGATIVE, "tfns"),
        ("profit up", POSITIVE, "tfns"),
        ("meets today", NEUTRAL, "tfns"),
        ("two\nlines 🚀", POSITIVE, "surge"),
        ("oh no", NEGATIVE, "surge"),
        ("love it & you", POSITIVE, "vader"),
        ("a chair", NEUTRAL, "vader"),
        ("good", POSITIVE, "word"),
        ("bad", NEGATIVE, "word"),
        ("to the moon", POSITIVE, "phrase"),
        ("gm", NEUTRAL, "phrase"),
    ]


def test_words_and_phrases_are_only_learned_from(data: Path) -> None:
    examples = read_examples(data, data / "phrases.tsv")
    assert {example.side for example in examples if example.source in ("word", "phrase")} == {Side.TRAIN}


def test_copies_of_a_text_are_on_one_side() -> None:
    for number in range(50):
        assert side_of(f"Company {number} beats! https://t.co/a{number}") == side_of(f"company {number}: BEATS https://t.co/b")


def test_the_sides_have_their_shares() -> None:
    sides = [side_of(f"text number {number}") for number in range(4_000)]
    assert sides.count(Side.TEST) / 4_000 == pytest.approx(collections.TEST_SHARE, abs=0.02)
    assert sides.count(Side.VALIDATION) / 4_000 == pytest.approx(collections.VALIDATION_SHARE, abs=0.02)


@pytest.mark.parametrize(
    ("rating", "label"), [(4.0, POSITIVE), (1.0, POSITIVE), (0.9, None), (0.3, NEUTRAL), (-0.3, NEUTRAL), (-0.31, None), (-1.0, NEGATIVE)]
)
def test_ratings_between_clear_and_neutral_are_no_label(rating: float, label: Label | None) -> None:
    assert label_of(rating) == label


def test_examples_are_chosen_by_side_and_source() -> None:
    examples = [
        Example("a", POSITIVE, "tfns", Side.TRAIN),
        Example("b", POSITIVE, "surge", Side.TRAIN),
        Example("c", POSITIVE, "tfns", Side.TEST),
    ]
    assert [example.text for example in chosen(examples, Side.TRAIN)] == ["a", "b"]
    assert [example.text for example in chosen(examples, Side.TRAIN, "surge")] == ["b"]


def test_the_phrases_that_ship_are_read() -> None:
    phrases = list(collections.read_phrases(Path(collections.__file__).with_name("phrases.tsv")))
    assert {phrase.label for phrase in phrases} == set(Label)
    assert len({phrase.text for phrase in phrases}) == len(phrases)


# --- figures -------------------------------------------------------------------------------------------------------------------------


def test_figures_of_a_known_case() -> None:
    truth = [POSITIVE, POSITIVE, NEGATIVE, NEUTRAL]
    said = [POSITIVE, NEGATIVE, NEGATIVE, NEUTRAL]
    assert accuracy(truth, said) == 0.75
    assert macro_f1(truth, said) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert majority(truth) == POSITIVE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Good!", POSITIVE),
        ("not good", NEGATIVE),
        ("a chair", NEUTRAL),
        ("", NEUTRAL),
        (":)", POSITIVE),
        ("never really a bad day", POSITIVE),
    ],
)
def test_the_plain_rule_counts_words(text: str, label: Label) -> None:
    assert lexicon_label(text, {"good": 1.9, "bad": -2.5, ":)": 2.0}) == label


def test_links_are_no_words() -> None:
    assert without_links("see https://t.co/good now").split() == ["see", "now"]


# --- words ---------------------------------------------------------------------------------------------------------------------------


def test_the_same_texts_give_the_same_vocabulary() -> None:
    corpus = [
        f"stocks rally as prices {word} for the {number % 7} time" for number, word in enumerate(["rose", "gained", "fell", "slid"] * 30)
    ]
    first, second = learn(corpus, 300), learn(corpus, 300)
    assert first.to_str() == second.to_str()
    assert [first.token_to_id(token) for token in (PADDING, UNKNOWN, START, END)] == [0, 1, 2, 3]
    assert "##ained" in first.get_vocab() or "gained" in first.get_vocab()


def test_names_numbers_and_links_are_stood_in_for() -> None:
    tokenizer = learn(["ticker someone 0 % up 🚀"] * 20, 500)
    said = tokenizer.encode("$DOGE.X up 12,345.67% @elon_musk https://t.co/a?b=c 🚀🚀").tokens
    assert said == [START, "ticker", "up", "0", "%", "someone", "🚀", "🚀", END]


def test_rare_characters_cost_no_entry() -> None:
    tokenizer = learn(["up 字"] + ["up"] * 20, 500)
    assert "字" not in tokenizer.get_vocab()
    assert tokenizer.encode("字").tokens == [START, UNKNOWN, END]


# --- the graph -----------------------------------------------------------------------------------------------------------------------


def network_of(seed: int, pieces: int = 50, width: int = 16, filters: int = 24) -> Network:
    draw = np.random.default_rng(seed)
    return Network(
        embedding=draw.integers(-127, 128, (pieces, width)),
        filters=draw.integers(-127, 128, (3 * width, filters)),
        filter_bias=draw.integers(-200_000, 200_000, filters),
        dense=draw.integers(-127, 128, (filters + width, 3)),
        dense_bias=draw.integers(-2_000, 2_000, 3),
    )


def in_whole_numbers(network: Network, scales: Scales, tokens: list[int]) -> NDArray[np.float64]:
    """Compute the logits of one text the plain way, in int64 and in fractions of powers of two."""
    pieces = network.embedding[tokens]
    framed = np.vstack([np.zeros_like(pieces[:1]), pieces, np.zeros_like(pieces[:1])])
    windows = np.hstack([framed[:-2], framed[1:-1], framed[2:]])
    strongest = np.maximum(windows @ network.filters + network.filter_bias, 0).max(axis=0)
    features = np.clip(np.rint(strongest * (scales.embedding * scales.filters / scales.feature)), 0, 127)
    means = (pieces.sum(axis=0).astype(np.float32) / np.float32(len(tokens))).astype(np.float64)
    means = np.clip(np.rint(means * (scales.embedding / scales.mean)), -127, 127)
    weights = network.dense.astype(np.float64)
    count = network.filters.shape[1]
    sums = features @ weights[:count] * (scales.feature / scales.mean) + means @ weights[count:] + network.dense_bias
    logits: NDArray[np.float64] = sums * (scales.mean * scales.dense)
    return logits


def session_of(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def logits_of(session: onnxruntime.InferenceSession, rows: list[list[int]], padding: int = 0) -> NDArray[np.float32]:
    ids, mask = padded([*rows, [1] * padding] if padding else rows, 0)
    (logits,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    found: NDArray[np.float32] = logits[: len(rows)]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_graph_computes_what_whole_numbers_give(seed: int, threads: int) -> None:
    network = network_of(seed)
    draw = np.random.default_rng(seed)
    rows = [draw.integers(1, 50, length).tolist() for length in (1, 2, 3, 7, 30, 64, 200)]
    session = session_of(build(network, Scales()).SerializeToString(), threads)
    expected = np.array([in_whole_numbers(network, Scales(), row) for row in rows])
    assert (logits_of(session, rows, padding=500) == expected).all()
    assert (np.concatenate([logits_of(session, [row]) for row in rows]) == expected).all()


def test_the_starter_computes_what_whole_numbers_give() -> None:
    content = (STARTER_FOLDER / "model.onnx").read_bytes()
    model = onnx.load_from_string(content)
    weights = {weight.name: numpy_helper.to_array(weight).astype(np.int64) for weight in model.graph.initializer}
    count, scales = weights["filters_whole"].shape[1], Scales()
    dense = weights["dense"]
    dense[:count] //= round(scales.feature / scales.mean)
    network = Network(weights["embedding_whole"], weights["filters_whole"], weights["filter_bias"], dense, weights["dense_bias"])
    check_exact(network, scales)
    draw = np.random.default_rng(8)
    rows = [draw.integers(1, len(network.embedding), length).tolist() for length in draw.integers(2, 65, 60).tolist()]
    expected = np.array([in_whole_numbers(network, scales, row) for row in rows])
    assert (logits_of(session_of(content), rows) == expected).all()
    assert (logits_of(session_of(content, 2), rows[:9]) == expected[:9]).all()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("embedding", 128, "embedding reaches 128, expected at most 127"),
        ("filters", -128, "filters reaches 128"),
        ("dense", 200, "dense reaches 200"),
        ("filter_bias", 1 << 24, "responses may reach"),
        ("dense_bias", 1 << 24, "logits may reach"),
    ],
)
def test_a_network_whose_sums_could_be_inexact_is_refused(name: str, value: int, message: str) -> None:
    network = network_of(1)
    weights = getattr(network, name).copy()
    weights.flat[0] = value
    with pytest.raises(ValueError, match=message):
        build(msgspec.structs.replace(network, **{name: weights}), Scales())


def test_a_graph_is_written_the_same_to_the_byte(tmp_path: Path) -> None:
    save_network(network_of(1), Scales(), tmp_path / "a" / "model.onnx")
    save_network(network_of(1), Scales(), tmp_path / "b" / "model.onnx")
    assert (tmp_path / "a" / "model.onnx").read_bytes() == (tmp_path / "b" / "model.onnx").read_bytes()


# --- training ------------------------------------------------------------------------------------------------------------------------


def test_training_learns_and_writes_the_same_model_again(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch, nothing else does")
    from scoring.crowd.training.train import TrainingSettings, write_model

    words = {POSITIVE: "rally gains moon", NEGATIVE: "crash losses scam", NEUTRAL: "meeting report chart"}
    examples = [
        Example(f"{word} of number {number}", label, "tfns", Side.TRAIN)
        for number in range(20)
        for label, line in words.items()
        for word in line.split()
    ]
    quick = TrainingSettings(epochs=8, rows=16, width=16, filters=16, rate=2e-2, averaged=2)
    for name in ("a", "b"):
        write_model(tmp_path / name, examples, quick)
    for name in ("model.onnx", "config.json", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    gains, crash, report = load(SentimentSettings(model=str(tmp_path / "a"))).score(["gains of", "crash of", "report of"])
    assert gains.score > 0.3
    assert crash.score < -0.3
    assert report.neutral > max(report.positive, report.negative)


def test_the_starter_beats_the_plain_rules_on_texts_it_never_saw(shared_data: Callable[[str], Path]) -> None:
    held_out = [example for example in collections.read_tfns(shared_data("sentiment")) if example.side is Side.TEST]
    truth = [example.label for example in held_out]
    scores = load(SentimentSettings()).score([example.text for example in held_out])
    said = [Label(int(np.argmax([score.positive, score.negative, score.neutral]))) for score in scores]
    lexicon = collections.read_lexicon(shared_data("sentiment"))
    plain = [lexicon_label(without_links(example.text), lexicon) for example in held_out]
    assert accuracy(truth, said) > max(accuracy(truth, plain), accuracy(truth, [majority(truth)] * len(truth))) + 0.1
    assert macro_f1(truth, said) > macro_f1(truth, plain) + 0.2
