//! Plots of lines as SVG: axes from zero, a grid, a legend. Pure.

use std::fmt::Write as _;

/// The whole picture, in pixels.
const SIZE: (f64, f64) = (720.0, 400.0);
/// Space around the lines: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (64.0, 40.0, 24.0, 52.0);
/// Colours that people with most kinds of sight can tell apart.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// About so many lines of the grid each way.
const LINES: f64 = 5.0;

/// One line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Its points, by ascending x.
    pub points: Vec<(f64, f64)>,
}

/// What is plotted.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The heading.
    pub title: String,
    /// What x and y are, with their units.
    pub axes: (String, String),
    /// The lines; from the seventh on colours come again.
    pub lines: Vec<Line>,
}

impl Plot {
    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| line.points.iter());
        let top = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        let steps = (step(top(|point| point.0)), step(top(|point| point.1)));
        let ends = (up(top(|point| point.0), steps.0), up(top(|point| point.1), steps.1));
        let (width, height) = SIZE;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        self.words(&mut out);
        grid(steps, ends, &mut out);
        for (place, line) in self.lines.iter().enumerate() {
            let colour = COLOURS.get(place % COLOURS.len()).copied().unwrap_or_default();
            let path: Vec<String> =
                line.points.iter().map(|point| at(*point, ends)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
                path.join(" ")
            );
            let (x, y) = (SIZE.0 - MARGIN.2 - 8.0, SIZE.1 - MARGIN.3 - 12.0 - 16.0 * place as f64);
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
                escaped(&line.name)
            );
        }
        out + "</svg>\n"
    }

    fn words(&self, out: &mut String) {
        let (title, (x_axis, y_axis)) = (escaped(&self.title), (escaped(&self.axes.0), escaped(&self.axes.1)));
        let (x_middle, y_middle) = ((MARGIN.0 + SIZE.0 - MARGIN.2) / 2.0, (MARGIN.1 + SIZE.1 - MARGIN.3) / 2.0);
        let bottom = SIZE.1 - 12.0;
        let _ = writeln!(
            out,
            "<text x=\"{x_middle}\" y=\"24\" text-anchor=\"middle\" font-size=\"15\">{title}</text>\n\
             <text x=\"{x_middle}\" y=\"{bottom}\" text-anchor=\"middle\">{x_axis}</text>\n\
             <text x=\"16\" y=\"{y_middle}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {y_middle})\">{y_axis}</text>"
        );
    }
}

/// The grid with its numbers.
fn grid(steps: (f64, f64), ends: (f64, f64), out: &mut String) {
    let (left, bottom) = at((0.0, 0.0), ends);
    let (right, top) = at(ends, ends);
    for x in multiples(steps.0, ends.0) {
        let (here, label) = (at((x, 0.0), ends).0, bottom + 18.0);
        let _ = writeln!(
            out,
            "<path d=\"M{here:.1} {bottom:.1}V{top:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{here:.1}\" y=\"{label:.1}\" text-anchor=\"middle\">{}</text>",
            number(x)
        );
    }
    for y in multiples(steps.1, ends.1) {
        let (here, label) = (at((0.0, y), ends).1, left - 6.0);
        let _ = writeln!(
            out,
            "<path d=\"M{left:.1} {here:.1}H{right:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{label:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            here + 4.0,
            number(y)
        );
    }
}

/// Where a point lies in the picture.
fn at((x, y): (f64, f64), ends: (f64, f64)) -> (f64, f64) {
    let (left, top, right, bottom) = MARGIN;
    let (width, height) = (SIZE.0 - left - right, SIZE.1 - top - bottom);
    (left + width * x / ends.0, SIZE.1 - bottom - height * y / ends.1)
}

/// The distance between lines of the grid: 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    let rough = (if most > 0.0 { most } else { 1.0 }) / LINES;
    let power = 10_f64.powf(rough.log10().floor());
    let fitting = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    fitting.unwrap_or(10.0 * power)
}

/// The end of an axis: the next line of the grid, and at least the first.
fn up(most: f64, step: f64) -> f64 {
    (most / step - 1e-9).ceil().max(1.0) * step
}

fn multiples(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..=(end / step).round() as u32).map(move |times| f64::from(times) * step)
}

/// Without the dirt of binary fractions.
fn number(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_round() {
        assert_eq!([step(100.0), step(0.7), step(1_234.0), step(0.0)].map(number), [20.0, 0.2, 500.0, 0.2]);
        assert_eq!((up(100.0, 20.0), up(101.0, 20.0), up(0.0, 0.2)), (100.0, 120.0, 0.2));
        assert_eq!(multiples(0.2, 0.6).map(number).collect::<Vec<_>>(), [0.0, 0.2, 0.4, 0.6]);
    }

    #[test]
    fn points_lie_inside_of_the_margins_with_y_upwards() {
        assert_eq!(at((0.0, 0.0), (10.0, 100.0)), (64.0, 348.0));
        assert_eq!(at((10.0, 100.0), (10.0, 100.0)), (696.0, 40.0));
    }

    #[test]
    fn a_picture_has_a_line_for_each_and_escapes_words() {
        let line = |name: &str| Line { name: name.to_owned(), points: vec![(0.0, 0.0), (5.0, 100.0)] };
        let plot = Plot {
            title: "a < b & c".to_owned(),
            axes: ("ms".to_owned(), "%".to_owned()),
            lines: vec![line("sqlite"), line("mysql")],
        };
        let svg = plot.svg();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("a &lt; b &amp; c").count()), (2, 1));
        assert!(svg.contains("points=\"64.0,348.0 696.0,40.0\""), "{svg}");
    }

    #[test]
    fn nothing_makes_an_empty_picture() {
        let plot = Plot { title: String::new(), axes: (String::new(), String::new()), lines: Vec::new() };
        assert!(!plot.svg().contains("NaN"));
    }
}
