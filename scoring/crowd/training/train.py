"""Makes the bundled starter model anew: `python -m scoring.crowd.training.train --data ../shared/data/sentiment`.

The network is small on purpose: an embedding of word pieces, one convolution over three neighbours, the strongest response of each filter
anywhere in the text, and the mean of the pieces, to three logits. It is trained as what it will be: every weight and every
activation on a grid of small integers (straight-through rounding), because then the sums of the finished model are exact and no
batch, thread or processor can change a result; see `graph`. PyTorch is needed here and nowhere else.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from scoring.crowd.finbert import STARTER_FOLDER, digest_of, load
from scoring.crowd.sentiment import SentimentSettings
from scoring.crowd.training.figures import accuracy, lexicon_label, macro_f1, majority, without_links
from scoring.crowd.training.graph import LARGEST, MAX_TOKENS, Network, Scales, Whole, save_network
from scoring.crowd.training.texts import Example, Label, Side, chosen, read_examples, read_lexicon
from scoring.crowd.training.vocabulary import PADDING, UNKNOWN, learn

PHRASES: Final = Path(__file__).parent / "phrases.tsv"
LARGEST_BIAS: Final = 1 << 20
"""Far beyond what training reaches: a bias is added to a sum, so its bound is that of the sum."""
WEIGHTS: Final = {"tfns": 1.0, "surge": 1.0, "vader": 0.4, "word": 0.15, "phrase": 1.0}
"""How much an example of each source counts; chosen on the validation side."""


class TrainingSettings(msgspec.Struct, frozen=True):
    """How it is trained; chosen on the validation side."""

    seed: int = 7
    epochs: int = 7
    rows: int = 64
    """Texts per step."""
    rate: float = 1e-3
    """Peak learning rate; it rises over the first tenth of the steps and falls to 0 in a line."""
    decay: float = 0.05
    width: int = 128
    """Numbers per word piece."""
    filters: int = 192
    dropped_features: float = 0.5
    dropped_pieces: float = 0.15
    """Share of word pieces hidden at random in each step."""
    smoothing: float = 0.05
    averaged: int = 20
    """The finished weights are an exponential mean over about so many of the last looks at them."""
    look_steps: int = 10
    """Steps from one look to the next."""


Parameters = dict[str, Tensor]


def on_grid(values: Tensor, step: float, lowest: int = -LARGEST) -> Tensor:
    """Round to whole multiples of `step`, at most `LARGEST` of them, and let the gradient through as if it had not."""
    rounded = torch.clamp(torch.round(values / step), lowest, LARGEST) * step
    kept = torch.clamp(values, lowest * step, LARGEST * step)
    return kept + (rounded - kept).detach()


def new_parameters(pieces: int, settings: TrainingSettings) -> Parameters:
    """Give weights to start from, seeded."""
    generator = torch.Generator().manual_seed(settings.seed)
    width, filters = settings.width, settings.filters

    def normal(scale: float, *shape: int) -> Tensor:
        return (torch.randn(*shape, generator=generator) * scale).requires_grad_()

    return {
        "embedding": normal(0.1, pieces, width),
        "filters": normal((1.0 / (3 * width)) ** 0.5, 3 * width, filters),
        "filter_bias": torch.zeros(filters).requires_grad_(),
        "dense": normal(0.05, filters + width, len(Label)),
        "dense_bias": torch.zeros(len(Label)).requires_grad_(),
    }


def logits_of(parameters: Parameters, ids: Tensor, mask: Tensor, scales: Scales, dropped: float = 0.0) -> Tensor:
    """Run the network as the finished model will run: ids and mask int64[rows, tokens], logits float32[rows, 3]."""
    seen = mask.unsqueeze(-1).float()
    embedded = on_grid(parameters["embedding"][ids], scales.embedding) * seen
    padded = functional.pad(embedded, (0, 0, 1, 1))
    windows = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=-1)
    bias = nearest(parameters["filter_bias"], scales.embedding * scales.filters)
    responses = functional.relu(windows @ on_grid(parameters["filters"], scales.filters) + bias) * seen
    features = on_grid(responses.amax(dim=1), scales.feature, 0)
    means = on_grid(embedded.sum(dim=1) / seen.sum(dim=1), scales.mean)
    joined = functional.dropout(torch.cat([features, means], dim=-1), dropped, dropped > 0.0)
    return joined @ on_grid(parameters["dense"], scales.dense) + nearest(parameters["dense_bias"], scales.mean * scales.dense)


def nearest(values: Tensor, step: float) -> Tensor:
    """Round to whole multiples of `step`, without a largest."""
    return values + (torch.round(values / step) * step - values).detach()


class Averaged:
    """An exponential mean of weights in training."""

    def __init__(self, parameters: Parameters, looks: int) -> None:
        """Start with the weights as they are."""
        self.parameters = {name: values.detach().clone() for name, values in parameters.items()}
        self._share = 1.0 / looks

    def update(self, parameters: Parameters) -> None:
        """Look at the weights."""
        with torch.no_grad():
            for name, values in parameters.items():
                self.parameters[name].lerp_(values, self._share)


def batches(examples: Sequence[Example], rows: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Cut a random order of the examples into batches of similar length, which saves most of the padding."""
    order = torch.randperm(len(examples), generator=generator).tolist()
    pool = rows * 50
    for start in range(0, len(order), pool):
        part = sorted(order[start : start + pool], key=lambda index: len(examples[index].text))
        cuts = [part[at : at + rows] for at in range(0, len(part), rows)]
        yield from (cuts[at] for at in torch.randperm(len(cuts), generator=generator).tolist())


def padded(ids: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Pad to the longest: ids and mask, int64[rows, tokens]."""
    longest = max(map(len, ids))
    table = torch.full((len(ids), longest), padding)
    for row, line in enumerate(ids):
        table[row, : len(line)] = torch.tensor(line)
    return table, (table != padding).long()


def train(
    examples: Sequence[Example], ids: Sequence[Sequence[int]], pieces: int, special: tuple[int, int], settings: TrainingSettings
) -> Parameters:
    """Train on `examples`, whose word pieces are `ids`; `special` are the ids of padding and of the unknown piece."""
    padding, unknown = special
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)  # sums in one order: the same machine trains the same model to the byte
    generator = torch.Generator().manual_seed(settings.seed)
    parameters, scales = new_parameters(pieces, settings), Scales()
    optimiser = torch.optim.AdamW(parameters.values(), lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * -(-len(examples) // settings.rows)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(step / (0.1 * steps), (steps - step) / (0.9 * steps), 1.0))
    labels = torch.tensor([int(example.label) for example in examples])
    weights = torch.tensor([WEIGHTS[example.source] for example in examples])
    averaged = Averaged(parameters, settings.averaged)
    for _ in range(settings.epochs):
        for batch in batches(examples, settings.rows, generator):
            rows, mask = padded([ids[index] for index in batch], padding)
            hidden = torch.rand(rows.shape, generator=generator) < settings.dropped_pieces
            logits = logits_of(parameters, rows.masked_fill(hidden & (mask > 0), unknown), mask, scales, settings.dropped_features)
            losses = functional.cross_entropy(logits, labels[batch], reduction="none", label_smoothing=settings.smoothing)
            optimiser.zero_grad()
            (losses * weights[batch]).mean().backward()
            optimiser.step()
            schedule.step()
            if schedule.last_epoch % settings.look_steps == 0:
                averaged.update(parameters)
    return averaged.parameters


def whole(parameters: Parameters, scales: Scales) -> Network:
    """Give the trained weights as whole numbers of their steps."""

    def steps_of(name: str, step: float, largest: int) -> Whole:
        values: Whole = torch.clamp(torch.round(parameters[name].detach() / step), -largest, largest).long().numpy()
        return values

    return Network(
        embedding=steps_of("embedding", scales.embedding, LARGEST),
        filters=steps_of("filters", scales.filters, LARGEST),
        filter_bias=steps_of("filter_bias", scales.embedding * scales.filters, LARGEST_BIAS),
        dense=steps_of("dense", scales.dense, LARGEST),
        dense_bias=steps_of("dense_bias", scales.mean * scales.dense, LARGEST_BIAS),
    )


def write_model(folder: Path, examples: Sequence[Example], settings: TrainingSettings) -> None:
    """Learn words and weights from `examples` and write the three files of a model."""
    tokenizer = learn(example.text for example in examples)
    tokenizer.enable_truncation(MAX_TOKENS // 8)
    words = tokenizer.get_vocab()
    padding, unknown = words[PADDING], words[UNKNOWN]
    ids = [encoding.ids for encoding in tokenizer.encode_batch([example.text for example in examples])]
    parameters = train(examples, ids, tokenizer.get_vocab_size(), (padding, unknown), settings)
    save_network(whole(parameters, Scales()), Scales(), folder / "model.onnx")
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "model_type": "ghosttape-starter",
        "id2label": {str(int(label)): label.name.lower() for label in Label},
        "pad_token_id": padding,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": MAX_TOKENS,
        "batch_invariant": True,
    }
    (folder / "config.json").write_bytes(msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n")


def report(folder: Path, data: Path, examples: Sequence[Example]) -> None:
    """Print the model's figures and those of the two plain rules, source by source."""
    model, lexicon = load(SentimentSettings(model=str(folder))), read_lexicon(data)
    for source in ("tfns", "surge", "vader"):
        part = [example for example in examples if example.source == source]
        truth = [example.label for example in part]
        scores = model.score([example.text for example in part])
        likeliest = [max(zip((s.positive, s.negative, s.neutral), Label, strict=True), key=lambda pair: pair[0])[1] for s in scores]
        rules = {
            "starter": likeliest,
            "majority": [majority(truth)] * len(truth),
            "lexicon": [lexicon_label(without_links(example.text), lexicon) for example in part],
        }
        for name, said in rules.items():
            print(f"{source:6} {len(part):5} texts  {name:9} accuracy {accuracy(truth, said):.3f}  macro-F1 {macro_f1(truth, said):.3f}")
    print(f"{folder}: {digest_of(folder / 'model.onnx')}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write, and report on the texts held out."""
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the three collections")
    parser.add_argument("--to", type=Path, default=STARTER_FOLDER, help="folder to write")
    parser.add_argument("--side", type=Side, choices=[Side.VALIDATION, Side.TEST], default=Side.TEST, help="what to report on")
    given = parser.parse_args(arguments)
    examples = read_examples(given.data, PHRASES)
    # Settings are chosen on the validation side; the model that ships learns from it too.
    sides = [Side.TRAIN] if given.side is Side.VALIDATION else [Side.TRAIN, Side.VALIDATION]
    given.to.mkdir(parents=True, exist_ok=True)
    write_model(given.to, [example for side in sides for example in chosen(examples, side)], TrainingSettings())
    report(given.to, given.data, chosen(examples, given.side))


if __name__ == "__main__":
    main()
