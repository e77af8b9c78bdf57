"""Scoring with ONNX Runtime: the bundled model, models of BERT's shape, and folders that hold no model."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import BertWordPieceTokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from scoring.crowd.finbert import STARTER_FOLDER, Model, encoder, load, safe
from scoring.crowd.sentiment import ScoringSettings, SentimentSettings
from scoring.errors import ResourceError, SettingError
from tests.scoring.crowd.bert import Shape, quantise, write_bert, write_model

TEXTS = (
    "",
    "gm",
    "Stocks rallied and the British pound gained.",
    "huge breakout, strong buy, massive profit 🚀",
    "price crashed, traders lost badly",
    "BTC/USDT long, entry 9400-9450, targets 9600 9800 10200, stop 9250",
    "Second target done ✅✅ profit 27% 🤑",
    "All withdrawals are halted. Do not deposit! 🚨 " * 20,
    "\x00\x07\u202e\ud83d\udfff 中文 ﷺ " * 40,
)
SMALL = Shape(layers=2, width=64, heads=2, inner=256, pieces=500)


class Line(msgspec.Struct):
    """One case of the tokenizer, or one message of a channel."""

    text: str
    ids: list[int] = []


@pytest.fixture(scope="module")
def starter() -> Model:
    return load(SentimentSettings())


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of BERT's shape in float32."""
    folder = tmp_path_factory.mktemp("models")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(chr(code) for code in range(0x21, 0x7F))]
    words += [f"##{chr(code)}" for code in range(0x21, 0x7F)]
    BertWordPieceTokenizer({word: index for index, word in enumerate(words)}).save(str(folder / "tokenizer.json"))
    return write_bert(folder / "bert", folder / "tokenizer.json", SMALL)


@pytest.fixture(scope="module")
def quantised(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in int8, made like the public exports."""
    return quantise(bert, tmp_path_factory.mktemp("quantised") / "bert-int8")


def of(folder: Path, **settings: object) -> SentimentSettings:
    return msgspec.convert({"model": str(folder), **settings}, SentimentSettings)


# --- the bundled model ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Stocks rallied and the British pound gained.", 1),
        ("huge breakout, strong buy, massive profit 🚀", 1),
        ("to the moon 🚀🚀🚀", 1),
        ("price crashed, traders lost badly", -1),
        ("exchange hacked, all funds lost", -1),
    ],
)
def test_the_starter_tells_good_from_bad(starter: Model, text: str, sign: int) -> None:
    (score,) = starter.score([text])
    assert score.score * sign > 0.3
    assert (score.positive > score.neutral) if sign > 0 else (score.negative > score.neutral)


def test_the_starter_is_small_and_its_card_speaks_of_it(starter: Model) -> None:
    files = [path for path in STARTER_FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 6_000_000
    assert {path.name for path in files} == {"model.onnx", "config.json", "tokenizer.json", "README.md"}
    assert starter.name == "starter"
    assert starter.hash in (STARTER_FOLDER / "README.md").read_text("utf-8")


def test_the_starter_says_the_same_in_any_company() -> None:
    words = " ".join(TEXTS[1:7]).split()
    draw = random.Random(4)
    same_in_any_company([*TEXTS, *(" ".join(draw.choices(words, k=draw.randrange(1, 70))) for _ in range(150))])


def test_the_starter_says_the_same_of_real_posts_in_any_company(shared_data: Callable[[str], Path]) -> None:
    same_in_any_company(messages(shared_data, 600))


def same_in_any_company(texts: Sequence[str]) -> None:
    """Alone and unpadded, and in batches of many sizes, orders and threads."""
    single = load_starter(threads=1, batch_tokens=0)
    alone = [single.score([text])[0] for text in texts]
    shuffled = random.Random(1).sample(range(len(texts)), len(texts))
    for threads, batch_tokens in ((1, 64), (4, 300), (2, 100_000)):
        said = load_starter(threads, batch_tokens).score([texts[index] for index in shuffled])
        assert said == [alone[index] for index in shuffled]


def load_starter(threads: int, batch_tokens: int) -> Model:
    return load(SentimentSettings(), ScoringSettings(threads=threads, batch_tokens=batch_tokens, cache_entries=0))


def messages(shared_data: Callable[[str], Path], count: int) -> list[str]:
    with gzip.open(shared_data("telegram/messages_2019-06_2020-12.jsonl.gz"), "rt", encoding="utf-8") as lines:
        decoder = msgspec.json.Decoder(Line)
        return [decoder.decode(line).text for _, line in zip(range(count), lines, strict=False)]


# --- models of BERT's shape ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_an_int8_model_says_the_same_in_any_company(quantised: Path, threads: int) -> None:
    scoring = ScoringSettings(threads=threads, cache_entries=0)
    model = load(of(quantised), scoring)
    together = model.score(TEXTS)
    assert [model.score([text])[0] for text in TEXTS] == together
    assert model.score(TEXTS[::-1]) == together[::-1]


def test_in_fast_batches_an_int8_model_does_not(quantised: Path) -> None:
    """The reason for the rule: were this to fail, int8 models could share batches."""
    fast = load(of(quantised, batching="fast"), ScoringSettings(cache_entries=0))
    exact = load(of(quantised), ScoringSettings(cache_entries=0))
    texts = [text for text in TEXTS if len(text) < 60]
    assert fast.score(texts) != exact.score(texts)
    assert [fast.score([text])[0] for text in texts] == exact.score(texts)


def test_a_float_model_is_scored_without_token_types_too(bert: Path, tmp_path: Path) -> None:
    write_bert(tmp_path / "untyped", bert / "tokenizer.json", msgspec.structs.replace(SMALL, with_types=False))
    (score,) = load(of(tmp_path / "untyped")).score(["gm"])
    assert score.positive + score.negative + score.neutral == pytest.approx(1.0, abs=2e-6)


def test_labels_come_from_the_config(bert: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned"
    shutil.copytree(bert, turned)
    (turned / "config.json").write_bytes(msgspec.json.encode({"id2label": {"0": "Bearish", "1": "Bullish", "2": "Neutral"}}))
    (score,), (other,) = load(of(bert)).score(["gm"]), load(of(turned)).score(["gm"])
    assert (score.positive, score.negative, score.neutral) == (other.negative, other.positive, other.neutral)
    assert score.score == -other.score


def test_the_onnx_file_of_an_export_is_found_and_hashed(bert: Path, quantised: Path, tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(bert, export)
    (export / "onnx").mkdir()
    shutil.copy(quantised / "model_int8.onnx", export / "onnx" / "model_int8.onnx")
    model = load(of(export))
    assert (model.name, model.hash) == ("export", load(of(quantised)).hash)
    assert len(model.hash) == 16
    assert model.hash != load(of(bert)).hash


# --- what is done with texts ---------------------------------------------------------------------------------------------------------


def test_tokens_are_those_of_the_reference(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    BertWordPieceTokenizer(str(shared_data("bert/vocab.txt"))).save(str(tmp_path / "tokenizer.json"))
    encode = encoder(tmp_path / "tokenizer.json", SentimentSettings(max_tokens=512, max_characters=100_000))
    lines = shared_data("bert/tokenizer_golden_50.jsonl").read_bytes().splitlines()
    cases = [msgspec.json.decode(line, type=Line) for line in lines]
    assert len(cases) == 50
    assert encode([case.text for case in cases]) == [tuple(case.ids) for case in cases]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "🚀" * 300_000,
        "\ud83d" * 1_000_000,
        "\x00" * 1_000_000,
        "﷽" * 400_000,
        "a\u0301" * 500_000,
        "1." * 500_000,
        "$a " * 300_000,
        "https://" * 120_000,
        " \n" * 500_000,
    ],
)
def test_hostile_texts_cost_no_more_than_long_ones(starter: Model, text: str) -> None:
    (score,) = starter.score([text])
    assert starter.score([text[: SentimentSettings().max_characters]]) == [score]


def test_only_so_many_tokens_count(starter: Model) -> None:
    words = "price went up and down again today " * 30
    assert starter.score([words + "crash"]) == starter.score([words + "moon"])


@pytest.mark.parametrize(
    ("text", "expected"), [("a\x00b\x9fc", "a b c"), ("\ud800x", "?x"), ("🚀🚀", "🚀🚀"), ("abcdefghijk", "abcdefghij")]
)
def test_a_text_is_made_safe(text: str, expected: str) -> None:
    assert safe(text, 10) == expected


def test_no_texts_give_no_scores(starter: Model) -> None:
    assert starter.score([]) == []


@pytest.mark.parametrize("entries", [0, 1, 3, 100])
def test_what_is_remembered_changes_nothing(starter: Model, entries: int) -> None:
    texts = [TEXTS[index] for index in random.Random(5).choices(range(len(TEXTS)), k=60)]
    model = load(SentimentSettings(), ScoringSettings(cache_entries=entries))
    expected = dict(zip(TEXTS, starter.score(TEXTS), strict=True))
    for start in range(0, 60, 7):
        part = texts[start : start + 7]
        assert model.score(part) == [expected[text] for text in part]


# --- what is no model ----------------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"crowd.sentiment.model = .*expected 'starter' or a folder with a model: just model finbert"):
        load(of(tmp_path / "nothing"))


@pytest.mark.parametrize("tokens", [3, 513])
def test_more_tokens_than_the_model_takes_are_a_wrong_setting(tokens: int) -> None:
    with pytest.raises(SettingError, match=f"crowd.sentiment.max_tokens = {tokens}: expected 4 to 512"):
        load(SentimentSettings(max_tokens=tokens))


def test_a_card_that_is_not_there_is_a_wrong_setting_unless_any_will_do() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(SettingError, match="has no CUDA"):
        load(SentimentSettings(), ScoringSettings(provider="cuda"))
    assert load(SentimentSettings(), ScoringSettings(provider="auto")).score(["gm"]) == load(SentimentSettings()).score(["gm"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "config.json: .*No such file.*; expected a model's config.json with id2label"),
        ("config.json", b"{", "config.json: .*expected a model's config.json"),
        ("config.json", b'{"id2label": ["positive"]}', "expected a model's config.json with id2label"),
        ("config.json", b"{}", "config.json beside it says id2label no labels; expected 0, 1 and 2"),
        ("config.json", b'{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}', "0: 'LABEL_0', 1: 'LABEL_1'"),
        ("tokenizer.json", None, "tokenizer.json: .*expected a tokenizer.json of Hugging Face"),
        ("tokenizer.json", b"{}", "tokenizer.json: .*expected a tokenizer.json of Hugging Face"),
        ("model.onnx", None, r"no ONNX file, expected one of onnx/model_int8.onnx, model_int8.onnx, .*: export the model"),
        ("model.onnx", b"<html>", "model.onnx: .*expected an ONNX model: fetch or export it again"),
    ],
)
def test_a_broken_file_is_told_in_one_line(bert: Path, tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bert, broken)
    (broken / name).unlink()
    if content is not None:
        (broken / name).write_bytes(content)
    with pytest.raises(ResourceError, match=message) as refusal:
        load(of(broken))
    assert "\n" not in str(refusal.value)


def test_a_tokenizer_without_marks_is_refused(bert: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    shutil.copytree(bert, tmp_path / "bare")
    bare = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    bare.pre_tokenizer = Whitespace()
    bare.save(str(tmp_path / "bare" / "tokenizer.json"))
    with pytest.raises(ResourceError, match="makes nothing of an empty text"):
        load(of(tmp_path / "bare"))


def identity(source: str) -> list[object]:
    """Give nodes that make logits of an input: its first three tokens."""
    ends = ("Slice", [source, "zero", "three", "one"], ["cut"])
    return [helper.make_node(*ends), helper.make_node("Cast", ["cut"], ["logits"], to=TensorProto.FLOAT)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["input_ids"], r"inputs input_ids tensor\(int64\); expected input_ids and attention_mask"),
        (["input_ids", "attention_mask", "pixels"], "pixels"),
    ],
)
def test_other_inputs_are_refused(bert: Path, tmp_path: Path, names: Sequence[str], message: str) -> None:
    weights = [numpy_helper.from_array(np.array([value]), name) for name, value in (("zero", 0), ("one", 1), ("three", 3))]
    write_model(tmp_path / "other", bert / "tokenizer.json", identity("input_ids"), weights, names)
    with pytest.raises(ResourceError, match=message):
        load(of(tmp_path / "other"))


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (TensorProto.INT64, "logits", r"outputs logits tensor\(int64\); expected logits tensor\(float\)"),
        (TensorProto.FLOAT, "pooled", r"outputs first tensor\(float\), pooled tensor\(float\); expected logits"),
    ],
)
def test_other_outputs_are_refused(bert: Path, tmp_path: Path, kind: int, name: str, message: str) -> None:
    inputs = [helper.make_tensor_value_info(given, TensorProto.INT64, ["a", "b"]) for given in ("input_ids", "attention_mask")]
    names = [name] if name == "logits" else ["first", name]
    nodes = [helper.make_node("Cast", ["input_ids"], [given], to=kind) for given in names]
    graph = helper.make_graph(nodes, "other", inputs, [helper.make_tensor_value_info(given, kind, ["a", "b"]) for given in names])
    shutil.copytree(bert, tmp_path / "other")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "other" / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ResourceError, match=message):
        load(of(tmp_path / "other"))


def test_a_model_that_gives_other_logits_is_refused_before_it_is_used(bert: Path, tmp_path: Path) -> None:
    nodes = [helper.make_node("Cast", ["input_ids"], ["logits"], to=TensorProto.FLOAT)]
    write_model(tmp_path / "other", bert / "tokenizer.json", nodes, [], ["input_ids", "attention_mask"])
    with pytest.raises(ResourceError, match=r"logits of shape \[1, \d+\]; expected \[texts, 3\]; expected logits for 1 x \d+ tokens"):
        load(of(tmp_path / "other"))
