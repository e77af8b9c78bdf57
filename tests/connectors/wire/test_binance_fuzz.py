"""A hundred thousand broken frames: each gives a row, an update, a reject or a notice, and never an exception."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from msgspec import structs

from connectors.wire.binance import BinanceWireSettings, decode
from connectors.wire.decoded import Decoded
from scoring.records import Kind

FRAMES = 100_000
CALL = 2_000
NOW_NS = 1_723_161_255_208_000_000
SETTINGS = BinanceWireSettings(symbols=("BTCUSDT", "NKNUSDT"), primary={"NKNUSDT": "aggTrade"})
SEEDS = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255208,"s":"BTCUSDT","t":3719342171,"p":"61837.64000000","q":"0.00082000",'
    b'"T":1723161255207,"m":false,"M":true}}',
    b'{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000",'
    b'"A":"1.54698000"}}',
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,'
    b'"b":[["61737.63000000","0.00000000"],["61730.17000000","0.10000000"]],"a":[["61837.64000000","1.54698000"]]}}',
    b'{"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000",'
    b'"f":19862790,"l":19862790,"T":1633998523963,"m":false,"M":true}}',
    b'{"stream":"nknusdt@kline_1m","data":{"e":"kline","E":1633998523963,"s":"NKNUSDT","k":{"t":1633998480000,"T":1633998539999,'
    b'"s":"NKNUSDT","i":"1m","f":19862761,"L":19862790,"o":"0.35270000","c":"0.35280000","h":"0.35280000","l":"0.35220000",'
    b'"v":"25877.00000000","n":30,"x":true,"q":"9116.04600000","V":"58.00000000","Q":"20.46240000","B":"0"}}}',
    b'{"stream":"btcusdt@depth20@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}}',
    b'{"e":"trade","E":1723161255208,"s":"BTCUSDT","t":12345,"p":"0.001","q":"100","T":1723161255208,"m":true,"M":true}',
    b'{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}',
    b'{"e":"serverShutdown","E":1770123456789}',
    b'{"result":null,"id":1}',
    b'{"error":{"code":2,"msg":"Invalid request"},"id":1}',
)
NUMBERS = (b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 400, b"1e-400", b"1.5", b"9223372036854775808", b"null", b"true", b"[]", b"{}")


def flip(frame: bytes, dice: random.Random) -> bytes:
    broken = bytearray(frame)
    for _ in range(dice.randint(1, 4)):
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
    return bytes(broken)


def truncate(frame: bytes, dice: random.Random) -> bytes:
    return frame[: dice.randrange(len(frame))]


def splice(frame: bytes, dice: random.Random) -> bytes:
    other = dice.choice(SEEDS)
    return frame[: dice.randrange(len(frame))] + other[dice.randrange(len(other)) :]


def nest(frame: bytes, dice: random.Random) -> bytes:
    depth = dice.choice([2, 50, 5_000])
    return frame.replace(b'"E":', b'"x":' + b"[" * depth + b"]" * dice.choice([0, depth]) + b',"E":', 1)


def renumber(frame: bytes, dice: random.Random) -> bytes:
    at = [index for index, byte in enumerate(frame) if byte in b"0123456789"]
    where = dice.choice(at) if at else 0
    return frame[:where] + dice.choice(NUMBERS) + frame[where + 1 :]


def requote(frame: bytes, dice: random.Random) -> bytes:
    parts = frame.split(b'"')
    parts[dice.randrange(len(parts))] = dice.choice([*NUMBERS, b"\xff\xfe", b"\\ud800", b"", b"\x00"])
    return b'"'.join(parts)


def repeat(frame: bytes, dice: random.Random) -> bytes:
    fields = frame.split(b",")
    return b",".join([*fields[:1], *dice.choices(fields, k=3), *fields[1:]])


def insert(frame: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(frame))
    return frame[:at] + dice.choice([b"\n", b"\x00", b"\xff", b"}", b"{", b'"', b",", b"\n" + frame]) + frame[at:]


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, truncate, splice, nest, renumber, requote, repeat, insert)


def mutated(dice: random.Random, count: int) -> list[bytes]:
    return [dice.choice(MUTATIONS)(dice.choice(SEEDS), dice) if dice.random() < 0.9 else dice.choice(SEEDS) for _ in range(count)]


def sound(found: Decoded) -> bool:
    """Whether every number that got through may enter a result."""
    for batch in found.batches:
        assert all(np.isfinite(column).all() for column in batch.columns.values() if column.dtype == np.float64)
        assert (batch["event_ns"] - batch["received_ns"] <= SETTINGS.max_ahead_ns).all()
        if batch.kind is Kind.TRADE:
            assert (batch["price"] > 0).all()
            assert (batch["quantity"] > 0).all()
            assert (batch["first_id"] <= batch["last_id"]).all()
    return True


def test_any_bytes_give_a_record_or_a_reject() -> None:
    dice = random.Random(20240808)
    rejects = rows = 0
    for start in range(0, FRAMES, CALL):
        payloads = mutated(dice, CALL)
        found = decode(payloads, np.full(CALL, NOW_NS), np.arange(start, start + CALL), SETTINGS)
        assert found.frames() == CALL
        assert sound(found)
        rejects += len(found.rejects)
        rows += sum(map(len, found.batches))
        assert [refusal.position - start for refusal in found.rejects] == [refusal.index for refusal in found.rejects]
        assert all(refusal.reason for refusal in found.rejects)
    assert rejects > FRAMES // 4
    assert rows > FRAMES // 20


def test_broken_frames_one_by_one_give_what_they_give_together() -> None:
    dice = random.Random(20240809)
    payloads = mutated(dice, 1_000)
    received_ns, positions = np.full(len(payloads), NOW_NS), np.arange(len(payloads))
    together = decode(payloads, received_ns, positions, SETTINGS)
    single = [decode([payload], received_ns[:1], positions[at : at + 1], SETTINGS) for at, payload in enumerate(payloads)]
    assert together.frames() == len(payloads)
    assert together.rejects == [structs.replace(refusal, index=refusal.position) for found in single for refusal in found.rejects]
    assert together.ignored == sum(found.ignored for found in single)
    for batch in together.batches:
        for name, column in batch.columns.items():
            parts = [part[name] for found in single for part in found.batches if (part.kind, part.symbol) == (batch.kind, batch.symbol)]
            assert column.tolist() == np.concatenate(parts).tolist()
