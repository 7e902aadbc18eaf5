"""Keeps many idle connections: each has carried a request, and carries one more at the end.

Arguments: port, number. Says "ready", waits for a line, says how many still answer."""

import socket
import struct
import sys

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answers(connection):
    try:
        connection.sendall(REQUEST)
        return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def connect(port, number):
    connection = socket.socket()
    connection.settimeout(10)
    # Closed without a trace: the ports of one round are free for the next.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.bind((f"127.0.0.{2 + number % 8}", 0))
    connection.connect(("127.0.0.1", port))
    return connection


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    connections = []
    for number in range(count):
        connection = connect(port, number)
        if not answers(connection):
            sys.exit(print(f"connection {number} got no answer", flush=True))
        connections.append(connection)
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(map(answers, connections)), flush=True)


main()
