"""Models of BERT's shape with random weights, written to a folder: what FinBERT costs and how it rounds, without FinBERT."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

ID2LABEL = {"0": "positive", "1": "negative", "2": "neutral"}
LONGEST = 512


class Shape(msgspec.Struct, frozen=True):
    """How large it is; the default is BERT-base, which is FinBERT's."""

    layers: int = 12
    width: int = 768
    heads: int = 12
    inner: int = 3072
    pieces: int = 30_522
    with_types: bool = True
    """Whether it wants `token_type_ids`."""


class _Graph:
    """Nodes and weights in the making."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._random = np.random.default_rng(seed)

    def weight(self, *shape: int, scale: float = 0.05) -> str:
        return self.constant((self._random.standard_normal(shape, np.float32) * np.float32(scale)).astype(np.float32))

    def constant(self, values: NDArray[Any]) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind: str, inputs: Sequence[str], **options: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **options))
        return name

    def whole(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def linear(self, x: str, into: int, out: int, scale: float = 0.05) -> str:
        return self.add("Add", (self.add("MatMul", (x, self.weight(into, out, scale=scale))), self.weight(out)))

    def normal(self, x: str, width: int) -> str:
        ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
        return self.add("LayerNormalization", (x, self.constant(ones), self.constant(zeros)), axis=-1, epsilon=1e-12)


def write_bert(folder: Path, tokenizer: Path, shape: Shape | None = None, seed: int = 1) -> Path:
    """Write a float32 model of this shape; `tokenizer` is the `tokenizer.json` to go with it. Give the folder."""
    shape = shape or Shape()
    graph = _Graph(seed)
    x = _embedded(graph, shape)
    bias = _mask_bias(graph)
    for _ in range(shape.layers):
        x = _layer(graph, shape, x, bias)
    first = graph.add("Gather", (x, graph.constant(np.array(0, np.int64))), axis=1)
    pooled = graph.add("Tanh", (graph.linear(first, shape.width, shape.width),))
    graph.nodes.append(helper.make_node("Identity", [graph.linear(pooled, shape.width, 3, 0.3)], ["logits"]))
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if shape.with_types else [])]
    write_model(folder, tokenizer, graph.nodes, graph.weights, names)
    return folder


def write_model(
    folder: Path, tokenizer: Path, nodes: Sequence[Any], weights: Sequence[Any], names: Sequence[str], **config: object
) -> None:
    """Write the three files of a model whose nodes end in `logits`."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in names]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", 3])
    graph = helper.make_graph(list(nodes), "bert", inputs, [output], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "config.json").write_bytes(msgspec.json.encode({"id2label": ID2LABEL, "max_position_embeddings": LONGEST, **config}))
    shutil.copy(tokenizer, folder / "tokenizer.json")


def quantise(source: Path, folder: Path) -> Path:
    """Write the dynamically quantised int8 form of a model, as the public exports are made. Give the folder."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(parents=True)
    quantize_dynamic(source / "model.onnx", folder / "model_int8.onnx", weight_type=QuantType.QInt8)
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(source / name, folder / name)
    return folder


def _embedded(graph: _Graph, shape: Shape) -> str:
    words = graph.add("Gather", (graph.weight(shape.pieces, shape.width), "input_ids"))
    length = graph.add("Slice", (graph.add("Shape", ("input_ids",)), graph.whole(1), graph.whole(2)))
    places = graph.add("Slice", (graph.weight(LONGEST, shape.width), graph.whole(0), length, graph.whole(0)))
    x = graph.add("Add", (words, places))
    if shape.with_types:
        x = graph.add("Add", (x, graph.add("Gather", (graph.weight(2, shape.width), "token_type_ids"))))
    return graph.normal(x, shape.width)


def _mask_bias(graph: _Graph) -> str:
    """0 where there is a token, −10,000 where there is padding: float32 [texts, 1, 1, tokens]."""
    mask = graph.add("Cast", (graph.add("Unsqueeze", ("attention_mask", graph.whole(1, 2))),), to=TensorProto.FLOAT)
    return graph.add("Mul", (graph.add("Sub", (graph.number(1.0), mask)), graph.number(-10_000.0)))


def _layer(graph: _Graph, shape: Shape, x: str, bias: str) -> str:
    size = shape.width // shape.heads
    split = graph.whole(0, 0, shape.heads, size)

    def head(order: list[int]) -> str:
        wide = graph.add("Reshape", (graph.linear(x, shape.width, shape.width), split))
        return graph.add("Transpose", (wide,), perm=order)

    query, key, value = head([0, 2, 1, 3]), head([0, 2, 3, 1]), head([0, 2, 1, 3])
    scores = graph.add("Div", (graph.add("MatMul", (query, key)), graph.number(size**0.5)))
    shares = graph.add("Softmax", (graph.add("Add", (scores, bias)),), axis=-1)
    mixed = graph.add("Transpose", (graph.add("MatMul", (shares, value)),), perm=[0, 2, 1, 3])
    attended = graph.linear(graph.add("Reshape", (mixed, graph.whole(0, 0, shape.width))), shape.width, shape.width)
    x = graph.normal(graph.add("Add", (x, attended)), shape.width)
    wide = graph.linear(x, shape.width, shape.inner)
    half = graph.add("Mul", (wide, graph.number(0.5)))
    gate = graph.add("Add", (graph.add("Erf", (graph.add("Div", (wide, graph.number(2.0**0.5))),)), graph.number(1.0)))
    inner = graph.linear(graph.add("Mul", (half, gate)), shape.inner, shape.width)
    return graph.normal(graph.add("Add", (x, inner)), shape.width)
