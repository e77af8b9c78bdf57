"""The starter model as an ONNX graph in which every sum is exact, so that nothing but the text can decide a score.

All weights are whole numbers from −127 to 127 times a power of two, and so are the activations, which are rounded and clipped to that
again after the one convolution and after the mean. The graph computes with the whole numbers, in float32. A sum of whole numbers whose
partial sums stay below 2^24 is exact in float32, in whatever order, blocking or number of threads it is made; `check_exact`
proves the bound from the finished weights. What is left (one true division, roundings, factors of two) IEEE 754 defines to the last bit.
Padding is 0 before the convolution and cannot win the maximum after it, so it changes nothing either.

Weights are stored as int8 and cast when the model is loaded. The graph is built by hand because it says what is computed more plainly
than a traced one would, and comes out the same to the byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto

Whole = NDArray[np.int64]

LARGEST: Final = 127
"""Weights and activations are whole numbers up to this, times their step."""
EXACT: Final = float(1 << 24)
"""Below it float32 holds every whole number."""
MAX_TOKENS: Final = 512
"""Longest text the exactness is proved for."""
OPSET: Final = 17
_IR_VERSION: Final = 8


class Scales(msgspec.Struct, frozen=True):
    """The step of each grid: powers of two, so that going from one to the next is exact."""

    embedding: float = 1 / 32
    filters: float = 1 / 128
    feature: float = 1 / 16
    mean: float = 1 / 64
    dense: float = 1 / 64


class Network(msgspec.Struct, frozen=True):
    """The finished weights, as whole numbers of their steps."""

    embedding: Whole
    """[pieces, width]."""
    filters: Whole
    """[3 × width, filters]: left neighbour, piece, right neighbour."""
    filter_bias: Whole
    """[filters], in steps of embedding × filters."""
    dense: Whole
    """[filters + width, 3]."""
    dense_bias: Whole
    """[3], in steps of mean × dense."""


def check_exact(network: Network, scales: Scales) -> None:
    """Prove from the weights that no sum can leave the whole numbers that float32 holds.

    Raises:
        ValueError: one could.
    """
    largest = int(np.abs(network.embedding).max())
    count = network.filters.shape[1]
    per_mean = round(scales.feature / scales.mean)
    responses = largest * np.abs(network.filters).sum(axis=0) + np.abs(network.filter_bias)
    logits = LARGEST * (per_mean * np.abs(network.dense[:count]).sum(axis=0) + np.abs(network.dense[count:]).sum(axis=0))
    bounds = {
        "embedding": largest,
        "filters": int(np.abs(network.filters).max()),
        "dense": int(np.abs(network.dense).max()),
    }
    sums = {
        "responses": int(responses.max()),
        "sum of pieces": largest * MAX_TOKENS,
        "logits": int((logits + np.abs(network.dense_bias)).max()),
    }
    for name, bound in bounds.items():
        if bound > LARGEST:
            raise ValueError(f"{name} reaches {bound}, expected at most {LARGEST}")
    for name, bound in sums.items():
        if bound >= EXACT:
            raise ValueError(f"{name} may reach {bound}, expected less than {EXACT:.0f}")


def build(network: Network, scales: Scales) -> ModelProto:
    """Write the network as a graph of the BERT contract: int64 ids and mask in, float32 logits out."""
    from onnx import TensorProto, checker, helper, numpy_helper

    check_exact(network, scales)
    count = network.filters.shape[1]
    dense = network.dense * np.array([round(scales.feature / scales.mean)] * count + [1] * (len(network.dense) - count))[:, None]
    floats = {
        "filter_bias": network.filter_bias,
        "dense": dense,
        "dense_bias": network.dense_bias,
        "zero": 0.0,
        "largest": LARGEST,
        "lowest": -LARGEST,
        "to_feature": scales.embedding * scales.filters / scales.feature,
        "to_mean": scales.embedding / scales.mean,
        "to_logit": scales.mean * scales.dense,
    }
    wholes = {"axis_tokens": [1], "axis_last": [2], "pads": [0, 1, 0, 0, 1, 0]}
    wholes |= {"start_0": [0], "start_1": [1], "start_2": [2], "end_0": [-2], "end_1": [-1], "end_2": [MAX_TOKENS + 2]}
    initializers = [
        numpy_helper.from_array(network.embedding.astype(np.int8), "embedding_whole"),
        numpy_helper.from_array(network.filters.astype(np.int8), "filters_whole"),
        *(numpy_helper.from_array(np.array(values, np.float32), name) for name, values in floats.items()),
        *(numpy_helper.from_array(np.array(values, np.int64), name) for name, values in wholes.items()),
    ]
    steps: list[tuple[str, str, str, dict[str, Any]]] = [
        ("Gather", "embedding_whole input_ids", "gathered", {}),
        ("Cast", "gathered", "pieces", {"to": TensorProto.FLOAT}),
        ("Cast", "attention_mask", "flat_mask", {"to": TensorProto.FLOAT}),
        ("Unsqueeze", "flat_mask axis_last", "mask", {}),
        ("Mul", "pieces mask", "embedded", {}),
        ("Pad", "embedded pads", "framed", {}),
        ("Slice", "framed start_0 end_0 axis_tokens", "left", {}),
        ("Slice", "framed start_2 end_2 axis_tokens", "right", {}),
        ("Concat", "left embedded right", "windows", {"axis": 2}),
        ("Cast", "filters_whole", "filters", {"to": TensorProto.FLOAT}),
        ("MatMul", "windows filters", "products", {}),
        ("Add", "products filter_bias", "biased", {}),
        ("Relu", "biased", "responses", {}),
        ("Mul", "responses mask", "seen_responses", {}),
        ("ReduceMax", "seen_responses", "strongest", {"axes": [1], "keepdims": 0}),
        ("Mul", "strongest to_feature", "scaled_features", {}),
        ("Round", "scaled_features", "rounded_features", {}),
        ("Clip", "rounded_features zero largest", "features", {}),
        ("ReduceSum", "embedded axis_tokens", "sums", {"keepdims": 0}),
        ("ReduceSum", "mask axis_tokens", "lengths", {"keepdims": 0}),
        ("Div", "sums lengths", "means_raw", {}),
        ("Mul", "means_raw to_mean", "means_scaled", {}),
        ("Round", "means_scaled", "means_rounded", {}),
        ("Clip", "means_rounded lowest largest", "means", {}),
        ("Concat", "features means", "joined", {"axis": 1}),
        ("MatMul", "joined dense", "sums_of_classes", {}),
        ("Add", "sums_of_classes dense_bias", "whole_logits", {}),
        ("Mul", "whole_logits to_logit", "logits", {}),
    ]
    nodes = [helper.make_node(kind, inputs.split(), [output], name=output, **options) for kind, inputs, output, options in steps]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", 3])
    graph = helper.make_graph(nodes, "starter", inputs, [output], initializers)
    model = helper.make_model(graph, producer_name="ghosttape", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
    checker.check_model(model, full_check=True)
    return model


def save_network(network: Network, scales: Scales, file: Path) -> None:
    """Write the graph to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(build(network, scales).SerializeToString(deterministic=True))
