"""The starter model's own words: some 8,000 WordPieces, learned from the texts it is trained on.

What names one asset, one person or one number says nothing of a mood and would be learned by heart, so the tokenizer itself puts
a stand-in for each: cash tags, mentions and numbers become one word each, links go. That is part of `tokenizer.json`, so it is done in
the same way wherever the model runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer, Replace, Sequence
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer

PIECES: Final = 8_000
"""Entries of the vocabulary."""
SEEN: Final = 3
"""How often a piece must be seen to be one."""
RARE: Final = 10
"""A character seen less often than this is none."""
LONGEST_WORD: Final = 40
"""A longer one is unknown as a whole."""
PADDING, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
EMOJI: Final = "🚀🌕🌙📈📉💎🙌🔥💰🤑💸😱😭🩸🐂🐻🟢🔴✅❌⚠🎯💪👍👎🎉😂😡🤡💀☠🛑🚨🆘⬆⬇❤😍🥳😎🤮🧨💣🏆🥇"
"""Known even where the texts do not have them."""


def learn(texts: Iterable[str], pieces: int = PIECES) -> Tokenizer:
    """Learn a vocabulary and give the tokenizer; the same texts give the same one."""
    kept = without_rare_characters(texts)
    learner = _tokenizer({})
    special = [PADDING, UNKNOWN, START, END]
    # The library numbers continuations in an order that changes from run to run, and breaks ties by the number. Named here, they keep it.
    characters = sorted({*EMOJI, *(character for text in kept for word in _words(learner, text) for character in word)})
    trainer = WordPieceTrainer(
        vocab_size=pieces,
        min_frequency=SEEN,
        special_tokens=[*special, *(f"##{character}" for character in characters)],
        initial_alphabet=characters,
        show_progress=False,
    )
    learner.train_from_iterator(kept, trainer)
    vocabulary = dict(sorted(learner.get_vocab().items(), key=itemgetter(1)))
    tokenizer = _tokenizer(vocabulary)
    tokenizer.add_special_tokens(special)
    ids = [(token, vocabulary[token]) for token in (START, END)]
    tokenizer.post_processor = TemplateProcessing(single=f"{START} $A {END}", special_tokens=ids)
    return tokenizer


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=LONGEST_WORD))
    tokenizer.normalizer = Sequence(
        [
            Replace(Regex(r"https?://\S*"), " "),
            BertNormalizer(),
            Replace(Regex(r"\$[a-z][a-z.]{0,9}"), " ticker "),
            Replace(Regex(r"@\w+"), " someone "),
            Replace(Regex(r"\d+([.,:/]\d+)*"), " 0 "),
        ]
    )
    tokenizer.pre_tokenizer = PreTokenizers([BertPreTokenizer(), Split(Regex("[\u2600-\u27bf\U0001f000-\U0001faff]"), "isolated")])
    return tokenizer


def _words(tokenizer: Tokenizer, text: str) -> Iterator[str]:
    assert tokenizer.normalizer is not None
    assert tokenizer.pre_tokenizer is not None
    return (word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)))


def without_rare_characters(texts: Iterable[str]) -> list[str]:
    """Put a space for every character that is seen hardly ever: it would cost two entries and mean nothing.

    Done here because the library's own limit on characters breaks ties by chance.
    """
    kept = list(texts)
    counts = Counter(character for text in kept for character in text)
    rare = {ord(character): " " for character, count in counts.items() if count < RARE}
    return [text.translate(rare) for text in kept]
