"""Writes the inputs that fuzzing begins with into folders NAME-corpus of the folder given."""

import os
import struct
import sys

JSON = [
    '{"symbol":"BTC-USD","side":"buy","type":"limit","price":"70000.00","quantity":"0.5",'
    '"clientOrderId":"a1","postOnly":true}',
    '{"orders":[{"symbol":"BTC-USD","side":"sell","type":"market","quantity":1.5e0},'
    '{"symbol":"BTC-USD","side":"buy","type":"stop_limit","price":1,"stopPrice":2,"quantity":1,'
    '"timeInForce":"GTD","expiresAt":1790000000000000,"selfTradePrevention":"none"}]}',
    '{"symbol":"BTC-USD","side":"buy","type":"market","quoteQuantity":"10.5"}',
    '{"price":"1","quantity":"2"}',
    '{"name":"alice","password":"correct horse"}',
    '{"permission":"read_only"}',
    '{"symbol":"SOL-USD","base":"SOL","quote":"USD","tickSize":"0.05","lotSize":0.1,'
    '"minQuantity":null,"maxPrice":"1000","priceBandBasisPoints":500,"maxOpenOrders":5}',
    '["\\u00e9\\ud83d\\ude00\\n",true,false,null,-1.5E+3,[],{}]',
    "/api/orders/1099511627777",
    "/api/admin/symbols/BTC%2dUSD/halt",
    "symbol=BTC-USD&status=open&limit=5&before=7&clientOrderId=a%2F1",
]
DECIMALS = ["70000.00", "1e400", "-0", "0.05", "12345678901234567890", "1.5E-2",
            "9223372036854775807", "1e+18", "0.000000000000000001"]


def record(kind, content, padding=0):
    head = struct.pack("!BBHHBB", 1, kind, 1, len(content), padding, 0)
    return head + content + b"\0" * padding


def pair(name, value):
    def length(text):
        return bytes([len(text)]) if len(text) < 128 else struct.pack("!I", len(text) | 1 << 31)
    return length(name) + length(value) + name + value


def request(body=b"", padding=0, keeping=1):
    parameters = b"".join([
        pair(b"REQUEST_METHOD", b"POST"), pair(b"REQUEST_URI", b"/api/orders?x=1"),
        pair(b"CONTENT_LENGTH", str(len(body)).encode()), pair(b"HTTP_ACCEPT", b"a" * 40),
        pair(b"HTTP_AUTHORIZATION", b"B" * 130)])
    return (record(1, struct.pack("!HB5x", 1, keeping)) + record(4, parameters, padding)
            + record(4, b"") + (record(5, body) if body else b"") + record(5, b""))


FASTCGI = [request(), request(b"{}", 7), request(b"x" * 5000), request(keeping=0) * 2,
           request() + request(b"[]"), record(9, pair(b"FCGI_MAX_CONNS", b"")), record(2, b"")]


def write(name, inputs):
    folder = os.path.join(sys.argv[1], f"{name}-corpus")
    os.makedirs(folder, exist_ok=True)
    for number, content in enumerate(inputs):
        with open(os.path.join(folder, f"seed-{number}"), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())


write("json", JSON)
write("decimal", DECIMALS)
write("fastcgi", FASTCGI)
