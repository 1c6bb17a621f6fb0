//! The plot: times over the logarithm of the number of nodes, and traffic below, as SVG.

use super::Row;

const WIDTH: f64 = 760.0;
const PANEL: f64 = 240.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const GAP: f64 = 80.0;

/// What is drawn as one line.
struct Series {
    name: &'static str,
    color: &'static str,
    of: fn(&Row) -> f64,
    /// It grows as log N, so the line that fits best is drawn too.
    fits: bool,
}

const TIMES: [Series; 4] = [
    Series {
        name: "start, all see all",
        color: "#1b6ca8",
        of: |row| row.start,
        fits: true,
    },
    Series {
        name: "death, all call it dead",
        color: "#b3392f",
        of: |row| row.death,
        fits: false,
    },
    Series {
        name: "join, all see it",
        color: "#2e7d4f",
        of: |row| row.join,
        fits: true,
    },
    Series {
        name: "renewal, all know it",
        color: "#8a5a00",
        of: |row| row.spread,
        fits: true,
    },
];
const TRAFFIC: [Series; 1] = [Series {
    name: "sent by a node, kB/s",
    color: "#5b3a8c",
    of: |row| row.bytes / 1000.0,
    fits: false,
}];

/// The straight line in log2 N that fits best: its value at one node, and what each doubling adds.
pub(super) fn line(rows: &[Row], of: fn(&Row) -> f64) -> (f64, f64) {
    let points: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| (row.nodes.log2(), of(row)))
        .filter(|(_x, y)| y.is_finite())
        .collect();
    let count: f64 = points.iter().map(|_point| 1.0).sum();
    let mean_x = points.iter().map(|(x, _y)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_x, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _y)| (x - mean_x).powi(2)).sum();
    let common: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let step = if spread > 0.0 { common / spread } else { 0.0 };
    (mean_y - step * mean_x, step)
}

/// Both panels. The dashed lines are those that fit best.
pub(super) fn svg(rows: &[Row]) -> String {
    let height = TOP + 2.0 * PANEL + GAP + 50.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let times = Panel::new(rows, TOP, &TIMES, true);
    times.draw(&mut out, "virtual seconds");
    let traffic = Panel::new(rows, TOP + PANEL + GAP, &TRAFFIC, false);
    traffic.draw(&mut out, "kB/s sent by each node (logarithmic)");
    out.push_str("</svg>\n");
    out
}

/// One diagram.
struct Panel<'a> {
    rows: &'a [Row],
    series: &'a [Series],
    top: f64,
    /// The left axis is linear; logarithmic otherwise.
    linear: bool,
    /// Ends of the left axis, scaled.
    low: f64,
    high: f64,
    /// Ends of the lower axis, scaled.
    first: f64,
    last: f64,
}

impl<'a> Panel<'a> {
    fn new(rows: &'a [Row], top: f64, series: &'a [Series], linear: bool) -> Self {
        let values = series
            .iter()
            .flat_map(|each| rows.iter().map(each.of))
            .filter(|value| value.is_finite());
        let (lowest, highest) = values.fold((f64::INFINITY, 1.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match linear {
            true => (0.0, highest.ceil()),
            false => (lowest.log10().floor(), highest.log10().ceil()),
        };
        let scaled = |row: Option<&Row>| row.map_or(0.0, |row| row.nodes.log2());
        Self {
            rows,
            series,
            top,
            linear,
            low,
            high: high.max(low + 1.0),
            first: scaled(rows.first()),
            last: scaled(rows.last()),
        }
    }

    fn x(&self, nodes: f64) -> f64 {
        let wide = (self.last - self.first).max(f64::MIN_POSITIVE);
        LEFT + (nodes.log2() - self.first) / wide * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let scaled = if self.linear { value } else { value.log10() };
        self.top + PANEL - (scaled - self.low) / (self.high - self.low) * PANEL
    }

    fn draw(&self, out: &mut String, title: &str) {
        text(out, (LEFT, self.top - 12.0), "start", "#222222", title);
        self.draw_axes(out);
        let mut legend = self.top + 12.0;
        for series in self.series {
            self.draw_series(out, series);
            let at = (WIDTH - RIGHT + 16.0, legend);
            text(out, at, "start", series.color, series.name);
            legend += 18.0;
        }
    }

    fn draw_axes(&self, out: &mut String) {
        let right = WIDTH - RIGHT;
        let mut tick = self.low;
        while tick <= self.high {
            let value = if self.linear { tick } else { 10_f64.powf(tick) };
            let y = self.y(value);
            stroke(out, "#dddddd", "", &format!("{LEFT},{y:.1} {right},{y:.1}"));
            let label = value.to_string();
            text(out, (LEFT - 8.0, y + 4.0), "end", "#555555", &label);
            tick += 1.0;
        }
        let below = self.top + PANEL;
        for row in self.rows {
            let at = (self.x(row.nodes), below + 18.0);
            text(out, at, "middle", "#555555", &row.nodes.to_string());
        }
        let middle = (f64::midpoint(LEFT, right), below + 36.0);
        text(out, middle, "middle", "#222222", "nodes (logarithmic)");
    }

    fn draw_series(&self, out: &mut String, series: &Series) {
        let points = |of: &dyn Fn(&Row) -> f64| -> Vec<(f64, f64)> {
            let rows = self.rows.iter().filter(|row| of(row).is_finite());
            rows.map(|row| (self.x(row.nodes), self.y(of(row))))
                .collect()
        };
        let measured = points(&series.of);
        stroke(out, series.color, "", &joined(&measured));
        for (x, y) in measured {
            let color = series.color;
            out.push_str(&format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>\n"
            ));
        }
        if series.fits {
            let (base, step) = line(self.rows, series.of);
            let fitted = points(&|row| base + step * row.nodes.log2());
            stroke(out, series.color, "4 4", &joined(&fitted));
        }
    }
}

fn joined(points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    points.join(" ")
}

fn stroke(out: &mut String, color: &str, dashes: &str, points: &str) {
    out.push_str(&format!(
        "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\" \
         points=\"{points}\"/>\n"
    ));
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, color: &str, words: &str) {
    out.push_str(&format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{words}</text>\n"
    ));
}
