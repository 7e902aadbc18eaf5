"""How long clients waited because something was killed."""

import bisect
from collections import defaultdict


def percentile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def line(name, values):
    values.sort()
    return (f"  {name:28} {len(values):6,} requests, p50 {percentile(values, 0.5) * 1000:7.1f} ms,"
            f" p99 {percentile(values, 0.99) * 1000:7.1f} ms, max {values[-1] * 1000:7.1f} ms")


def report(requests, kills):
    """A request waits for a kill when it was under way then, or was sent before it was mended:
    before the first request sent after the kill had its answer."""
    by_symbol = defaultdict(list)
    for request in requests:
        by_symbol[request.symbol].append(request)
        by_symbol[None].append(request)
    for own in by_symbol.values():
        own.sort(key=lambda request: request.sent)
    sent = {name: [request.sent for request in own] for name, own in by_symbol.items()}
    waits = defaultdict(list)
    for kill in kills:
        name = kill.get("symbol")
        own = by_symbol.get(name, [])
        waits[kill["kind"] if kill["alone"] else "(two)"] += [
            request.answered - request.sent
            for request in touched(own, sent.get(name, []), kill["time"])]
    print("requests under way at a kill, or sent before the first one after it was answered:")
    for kind in sorted(waits, reverse=True):
        if waits[kind]:
            print(line(kind, waits[kind]))
    everything = [request.answered - request.sent for request in requests]
    if everything:
        print(line("(all requests)", everything))


def touched(requests, sent, time):
    # No request takes longer than a minute, so none sent earlier can be under way.
    index = bisect.bisect_left(sent, time - 60)
    mended = None
    for request in requests[index:]:
        if request.sent > time and (mended is None or request.answered < mended):
            mended = request.answered
        if mended is not None and request.sent > mended:
            return
        if request.answered >= time:
            yield request
