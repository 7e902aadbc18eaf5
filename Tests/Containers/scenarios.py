"""What is shown with real containers. Each function is one scenario; its first line says what."""

import contextlib
import json
import os
import statistics
import sys
import tempfile

from docker import TOP, Failed
from load import Load
from stack import Stack, eventually

sys.path.insert(0, os.path.join(TOP, "Tests", "Streams"))
from followers import BookFollower, digest  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "Tests", "Profiles"))
from profiles import measure, red, table  # noqa: E402

MEGABYTE = 1e6
# So many requests are answered before the next thing is broken: one or two seconds.
SOME = 20_000


def expect(condition, what):
    if not condition:
        raise Failed(what)


def images(docker):
    """The images are small and run as a user without rights."""
    for tag in ("outcry:test", "outcry-nginx:test"):
        size = int(docker.inspect(tag, "{{.Size}}")) / MEGABYTE
        user = docker.inspect(tag, "{{.Config.User}}")
        print(f"  {tag}: {size:.0f} MB, user {user}")
        expect(user not in ("", "0", "root"), f"{tag} runs as root")
        expect(size < 150, f"{tag} has {size:.0f} MB")


def throughput(docker):
    """One, four and eight backends, in turns: eight are within 5 % of the best; no error."""
    counts, rounds, seconds = (1, 4, 8), 14, 2
    stacks = {count: several(docker, count) for count in counts}
    results = {count: [] for count in counts}
    with stacks[1], stacks[4], stacks[8]:
        loads = {}
        for count, stack in stacks.items():
            stack.up()
            eventually(f"nginx knows {count}", 30, lambda: stack.backends_of_nginx() == count)
            loads[count] = Load(stack)
            loads[count].run(2)
        for number in range(rounds):
            # There and back again: what the machine does meanwhile hits nobody more than others.
            for count in counts if number % 2 == 0 else reversed(counts):
                results[count].append(loads[count].run(seconds))
    # A machine has better and worse half minutes, which short rounds share out among all. What all
    # rounds gave together decides: a single one varies by a tenth, and so does their median.
    rates = {}
    for count, list_ in results.items():
        for result in list_:
            result.require_no_failure()
        rates[count] = statistics.mean(result.rate for result in list_)
        p99 = statistics.median(result.p99 for result in list_)
        print(f"  {count} backends: {rates[count]:,.0f} orders/s, the mean of "
              f"{', '.join(f'{result.rate:,}' for result in list_)}; p99 {p99:.1f} ms")
    best = max(rates.values())
    print(f"  eight backends have {100 * rates[8] / best:.1f} % of the best")
    expect(rates[8] >= 0.95 * best, "eight backends are slower than that by more than 5 %")


def several(docker, count):
    return Stack(docker, "compose.multi-backend.yml", f"b{count}", BACKENDS=str(count),
                 WORKERS="2" if count == 1 else "1")


def backend_killed(docker):
    """Of four backends one, then three at once, are killed under load: no request fails."""
    with several(docker, 4) as stack:
        stack.up()
        eventually("nginx knows four", 30, lambda: stack.backends_of_nginx() == 4)
        load = Load(stack)
        load.start()
        backends = stack.containers("backend")
        load.answers(SOME)
        stack.kill(backends[1])
        eventually("it is back", 10, lambda: stack.restarts(backends[1]) == 1)
        load.answers(SOME)
        stack.kill(*backends[:3])
        eventually("they are back", 10, lambda: all(map(stack.restarts, backends[:3])))
        load.answers(SOME)
        result = load.stop()
        print(f"  {result}")
        result.require_no_failure()
        verify(stack)


def engines_killed(docker):
    """The container of the engines is killed under load: no request fails, none waits for 3 s."""
    with several(docker, 4) as stack:
        stack.up()
        load = Load(stack)
        load.start()
        engines = stack.containers("engines")[0]
        for number in (1, 2):
            load.answers(SOME)
            stack.kill(engines)
            eventually("they are back", 10, lambda: stack.restarts(engines) == number)
        load.answers(SOME)
        result = load.stop()
        print(f"  {result}")
        result.require_no_failure()
        expect(result.longest < 3000, f"a request took {result.longest:.0f} ms")
        verify(stack)


def scaled(docker):
    """Backends come, are replaced and go in good order under load: no request fails."""
    with several(docker, 2) as stack:
        stack.up()
        load = Load(stack)
        load.start()
        load.answers(SOME)
        stack.call("up", "--detach", "--no-build", "--no-recreate", "--scale", "backend=4")
        eventually("nginx knows four", 30, lambda: stack.backends_of_nginx() == 4)
        first = stack.containers("backend")[0]
        docker.do("restart", "--time", "20", first)
        load.answers(SOME)
        stack.call("up", "--detach", "--no-build", "--no-recreate", "--scale", "backend=3",
                   "--timeout", "20")
        load.answers(SOME)
        result = load.stop()
        print(f"  {result}")
        result.require_no_failure()


def down_and_up(docker):
    """Everything stopped and started again, with another file of the folder: nothing is lost."""
    with Stack(docker, "compose.yml", "single") as stack:
        print(f"  ready {stack.up():.1f} s after the start")
        load = Load(stack)
        load.run(5).require_no_failure()
        orders = place(stack, load.buyer, 100)
        stack.call("down", "--timeout", "30")
        stack.file = "compose.multi-backend.yml"
        print(f"  ready again after {stack.up():.1f} s")
        connection = stack.connection()
        for order in orders:
            status, text = connection.request("GET", f"/api/orders/{order['orderId']}", load.buyer)
            expect(status == 200, f"order {order['orderId']}: {status} {text.decode()}")
            found = json.loads(text)
            expect(found["quantity"] == order["quantity"], f"another order: {found}")
        verify(stack)
        load.run(2).require_no_failure()


def sharded(docker):
    """Three shards and a Redis Cluster behind one address. Under load a symbol moves and a node of
    Redis dies: no request fails, and the streams are right. Without one database, only its
    symbols stand still."""
    with Stack(docker, "compose.sharded.yml", "sharded") as stack:
        print(f"  ready {stack.up():.1f} s after the start")
        home = eventually("every shard knows that every symbol trades", 60, lambda: homes(stack))
        print(f"  {home}")
        expect(len(set(home.values())) > 1, f"all symbols are in one shard: {home}")
        traded = ("BTC-USD", "ETH-USD")
        load = Load(stack, symbols=traded)
        followers = {symbol: BookFollower(stack.port, symbol, stack.book) for symbol in traded}
        for follower in followers.values():
            follower.start()
        moved = traded[0]
        target = (home[moved] + 1) % 3
        load.start()
        eventually("the load trades", 10, lambda: stack.get(f"/api/trades/{moved}")["trades"])
        print("  " + stack.tool(
            "symbols", "move", moved, "--to", str(target), service="engines-0").strip())
        expect(stack.get(f"/api/symbols/{moved}")["shard"] == target, f"{moved} did not move")
        node = master_of_redis(stack)
        stack.kill(node)
        eventually("the node is back", 20, lambda: stack.restarts(node) == 1)
        load.answers(SOME)
        result = load.stop()
        print(f"  {result}")
        result.require_no_failure()
        expect(result.longest < 3000, f"a request took {result.longest:.0f} ms")
        for symbol, follower in followers.items():
            # The last requests of the load may be under way still.
            eventually(f"the stream of {symbol} is right", 20, lambda: is_right(stack, follower))
            follower.stop()
            expect(not follower.faults, f"{symbol}: {follower.faults[:1]}")
        home[moved] = target
        database_stopped(stack, load, home)
        for shard in range(3):
            if shard in home.values():
                verify(stack, f"engines-{shard}")


def is_right(stack, follower):
    book = stack.book(follower.symbol)
    return book and digest(follower.sides) == digest(
        {side: dict(book[side]) for side in ("bids", "asks")})


def profiles(docker):
    """Every profile of `outcry load` against each compose file: expectations are met, and each
    acknowledged order is in PostgreSQL exactly once."""
    rows = []
    for file in ("compose.yml", "compose.multi-backend.yml", "compose.sharded.yml"):
        with Stack(docker, file, "profiles") as stack, results() as folder:
            stack.up()
            eventually("every symbol trades", 60, lambda: homes(stack))
            rows += measure(file, folder, lambda words, name: load_in(stack, folder, words, name))
    print(table(rows))
    expect(not red(rows), f"not green: {', '.join(red(rows))}")


@contextlib.contextmanager
def results():
    """A folder that the containers' user may write to."""
    with tempfile.TemporaryDirectory(prefix="outcry-profiles-") as folder:
        os.chmod(folder, 0o777)
        yield folder


def load_in(stack, folder, words, name):
    """`outcry load` as a container beside nginx."""
    done = stack.call(
        "run", "--rm", "--no-deps", "-T", "--volume", f"{folder}:/results", "load", *words,
        "--output", f"/results/{name}", check=False)
    return done.returncode, done.stdout + done.stderr


def homes(stack):
    """The shard of each symbol; None unless everybody who answers knows that all of them trade."""
    answers = [stack.get("/api/symbols")["symbols"] for _ in range(12)]
    if not all(rows and all(row["state"] == "trading" for row in rows) for rows in answers):
        return None
    return {row["symbol"]: row.get("shard", 0) for row in answers[0]}


def database_stopped(stack, load, home):
    away = home[max(home, key=home.get)]
    stack.call("stop", f"postgres-{away}")
    for symbol, shard in home.items():
        status, text = order(stack, load.buyer, symbol)
        wanted = (503, 504) if shard == away else (201,)
        expect(status in wanted, f"{symbol} without database {away}: {status} {text.decode()}")
    stack.call("start", f"postgres-{away}")
    for symbol in home:
        eventually(f"{symbol} trades again", 30,
                   lambda: order(stack, load.buyer, symbol)[0] == 201)


def order(stack, token, symbol):
    body = {"symbol": symbol, "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
    return stack.connection().request("POST", "/api/orders", token, json.dumps(body).encode())


def master_of_redis(stack):
    for node in stack.containers("redis"):
        if "role:master" in stack.docker.do("exec", node, "redis-cli", "info", "replication"):
            return node
    raise Failed("no node of Redis is a master")


def place(stack, token, count):
    """Orders that stay in the book."""
    connection = stack.connection()
    orders = []
    for number in range(count):
        order = {"symbol": "ETH-USD", "side": "buy", "type": "limit",
                 "price": f"{1000 + number}.00", "quantity": f"0.{number + 1:05}"}
        status, text = connection.request(
            "POST", "/api/orders", token, json.dumps(order).encode())
        expect(status == 201, f"{status} {text.decode()}")
        orders.append(json.loads(text))
    return orders


def verify(stack, service="engines"):
    output = stack.tool("verify", service=service)
    lines = output.strip().splitlines()
    expect(lines and all(": ok:" in line for line in lines), f"verify: {output}")
    print(f"  verified: {max(lines, key=len)}")


ALL = [images, down_and_up, backend_killed, engines_killed, scaled, sharded, profiles, throughput]
