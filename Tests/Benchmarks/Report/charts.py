"""SVG charts without a library, legible on light and dark pages: curves, bars, stacked bars.

The pictures are committed, so they are written in lines of at most a hundred columns."""

import math
import textwrap
from html import escape

WIDTH = 760
LEFT, RIGHT = 64, 28
# Light and dark variants of each series' colour, told apart also by people who see few colours.
SERIES = [("#2563eb", "#60a5fa"), ("#ea580c", "#fb923c"), ("#059669", "#34d399"),
          ("#9333ea", "#c084fc"), ("#ca8a04", "#facc15"), ("#0891b2", "#22d3ee"),
          ("#db2777", "#f472b6"), ("#64748b", "#94a3b8")]


def style():
    light = {"page": "#ffffff", "edge": "#e2e8f0", "ink": "#0f172a", "soft": "#475569",
             "grid": "#e2e8f0", "on": "#ffffff"}
    dark = {"page": "#0f172a", "edge": "#1e293b", "ink": "#f1f5f9", "soft": "#94a3b8",
            "grid": "#1e293b", "on": "#0f172a"}

    def rules(colors, which):
        yield f".page{{fill:{colors['page']};stroke:{colors['edge']}}}"
        for name in ("ink", "soft", "on"):
            yield f".{name}{{fill:{colors[name]}}}"
        yield f".grid{{stroke:{colors['grid']}}} .mark{{stroke:{colors['soft']}}}"
        for index, pair in enumerate(SERIES):
            yield f".f{index}{{fill:{pair[which]}}} .s{index}{{stroke:{pair[which]};fill:none}}"

    return "\n".join([
        "<style>", "text{font-family:Inter,system-ui,sans-serif;font-size:12px}", *rules(light, 0),
        "@media(prefers-color-scheme:dark){", *rules(dark, 1), "}", "</style>"])


def number(value):
    """As short as an axis wants it."""
    if abs(value) >= 1_000_000:
        return f"{value / 1e6:.3g} M"
    if abs(value) >= 10_000:
        return f"{value / 1e3:.3g} k"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def steps(most, count=5):
    """Round values from zero to at least the largest."""
    if most <= 0:
        return [0, 1]
    raw = most / count
    base = 10 ** math.floor(math.log10(raw))
    step = next(base * m for m in (1, 2, 2.5, 5, 10) if base * m >= raw - 1e-9)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)]


class Canvas:
    def __init__(self, title, subtitle, names, height):
        self.title, self.height = title, height
        self.parts = []
        self.text(24, 30, title, size=16, weight=600)
        self.text(24, 49, subtitle, "soft")
        self.top = 66
        if len(names) > 1:
            self.legend(names)

    def legend(self, names):
        x, y = 24, self.top + 6
        for index, name in enumerate(names):
            length = 30 + 6.7 * len(name)
            if x + length > WIDTH - RIGHT:
                x, y = 24, y + 20
            self.box(x, y - 9, 10, 10, index, rx=3)
            self.text(x + 15, y, name, "soft")
            x += length
        self.top = y + 18

    def text(self, x, y, text, kind="ink", anchor="start", size=12, weight=400, turn=None):
        if text == "":
            return
        extra = f' style="font-size:{size}px;font-weight:{weight}"' if size != 12 or weight != 400 \
            else ""
        place = f'transform="translate({x:.1f} {y:.1f}) rotate({turn})"' if turn else \
            f'x="{x:.1f}" y="{y:.1f}"'
        self.parts.append(f'<text {place} text-anchor="{anchor}" class="{kind}"{extra}')
        self.parts.append(f">{escape(str(text))}</text>")

    def line(self, x1, y1, x2, y2, kind="grid", dash=""):
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"'
            + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def box(self, x, y, width, height, index, rx=2):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}"'
            f' height="{max(height, 0):.1f}" rx="{rx}" class="f{index % len(SERIES)}"/>')

    def curve(self, points, index):
        path = "\n".join(textwrap.wrap(" ".join(f"{x:.1f},{y:.1f}" for x, y in points), 90))
        self.parts.append(f'<polyline class="s{index}" stroke-width="2.5" stroke-linejoin="round"')
        self.parts.append(f'points="{path}"/>')
        for x, y in points:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" class="f{index}"/>')

    @property
    def svg(self):
        return "\n".join([
            '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' viewBox="0 0 {WIDTH} {self.height}">',
            f"<title>{escape(self.title)}</title>", style(),
            f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{self.height - 1}"'
            ' rx="10"/>', *self.parts, "</svg>"]) + "\n"


class Plot(Canvas):
    """A canvas with a vertical axis and a place for a horizontal one."""

    def __init__(self, title, subtitle, names, x_name, y_name, height=380):
        super().__init__(title, subtitle, names, height)
        self.text(LEFT + self.inner / 2, height - 16, x_name, "soft", "middle")
        self.bottom = height - 72
        self.text(20, (self.top + self.bottom) / 2, y_name, "soft", "middle", turn=-90)

    inner = WIDTH - LEFT - RIGHT

    def axis(self, most, log=False, least=1.0):
        room = self.bottom - self.top
        if log:
            low, high = math.floor(math.log10(least)), math.ceil(math.log10(max(most, 10 * least)))
            values = [10.0 ** e for e in range(low, high + 1)]
            self.y = lambda v: self.top + room * (
                1 - (math.log10(max(v, 10.0 ** low)) - low) / (high - low))
        else:
            values = steps(most)
            self.y = lambda v: self.top + room * (1 - v / values[-1])
        for value in values:
            self.line(LEFT, self.y(value), WIDTH - RIGHT, self.y(value))
            self.text(LEFT - 8, self.y(value) + 4, number(value), "soft", "end")


def by_category(title, subtitle, x_name, y_name, labels, series, notes=()):
    """Curves over named places: `series` is a list of (name, values); `notes` stand below."""
    plot = Plot(title, subtitle, [name for name, _ in series], x_name, y_name)
    plot.axis(1.06 * max(v for _, values in series for v in values))
    places = [LEFT + plot.inner * (i + 0.5) / len(labels) for i in range(len(labels))]
    for place, label in zip(places, labels):
        plot.text(place, plot.bottom + 17, label, "ink", "middle")
    for place, note in zip(places, notes):
        plot.text(place, plot.bottom + 31, note, "soft", "middle", size=11)
    for index, (_, values) in enumerate(series):
        plot.curve([(p, plot.y(v)) for p, v in zip(places, values)], index)
        for place, value in zip(places, values):
            # Below the lowest curve, above the others.
            away = 18 if index and index == len(series) - 1 else -9
            plot.text(place, plot.y(value) + away, number(value), "soft", "middle", size=11)
    return plot.svg


def latency_curve(title, subtitle, x_name, points, series, mark=None):
    """Milliseconds (logarithmic) over offered rates; `mark` is (rate, words)."""
    plot = Plot(title, subtitle, [name for name, _ in series], x_name, "milliseconds", 420)
    values = [v for _, curve in series for v in curve if v > 0]
    plot.axis(max(values), log=True, least=min(values))
    ends = steps(max(points), 6)

    def place(rate):
        return LEFT + plot.inner * rate / ends[-1]

    for value in ends:
        plot.text(place(value), plot.bottom + 17, number(value), "soft", "middle")
    if mark:
        plot.line(place(mark[0]), plot.top, place(mark[0]), plot.bottom, "mark", "4 4")
        plot.text(place(mark[0]) - 7, plot.top + 14, mark[1], "ink", "end", weight=600)
    for index, (_, curve) in enumerate(series):
        plot.curve([(place(p), plot.y(v)) for p, v in zip(points, curve)], index)
    return plot.svg


def bars(title, subtitle, rows, series, unit=""):
    """Horizontal bars made of parts: `rows` are labels, `series` a list of (name, values)."""
    chart = Canvas(title, subtitle, [name for name, _ in series], 0)
    left, thick, gap = 30 + 7 * max(len(row) for row in rows), 26, 14
    sums = [sum(values[i] for _, values in series) for i in range(len(rows))]
    scale = (WIDTH - left - 92) / max(sums)
    for i, row in enumerate(rows):
        y, x = chart.top + i * (thick + gap), left
        chart.text(left - 10, y + thick / 2 + 4, row, "ink", "end")
        for index, (_, values) in enumerate(series):
            width = values[i] * scale
            chart.box(x, y, width, thick, index)
            if width > 30 and values[i] < sums[i]:
                chart.text(x + width / 2, y + thick / 2 + 4, number(round(values[i], 1)), "on",
                           "middle", size=11)
            x += width
        chart.text(x + 8, y + thick / 2 + 4, number(round(sums[i], 1)) + unit, "ink", weight=600)
    chart.height = round(chart.top + len(rows) * (thick + gap) + 10)
    return chart.svg


def single_bars(title, subtitle, groups, unit=""):
    """Horizontal bars of one colour a group: `groups` is a list of (name, [(label, value)])."""
    rows = [label for _, entries in groups for label, _ in entries]
    series, before = [], 0
    for name, entries in groups:
        values = [0.0] * len(rows)
        for offset, (_, value) in enumerate(entries):
            values[before + offset] = value
        before += len(entries)
        series.append((name, values))
    return bars(title, subtitle, rows, series, unit)
