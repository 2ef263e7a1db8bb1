//! Counts the lines, words and bytes of the request's body, and its most frequent words.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

const MOST_FREQUENT: usize = 5;

fn main() -> io::Result<()> {
    let mut lines = 0u64;
    let mut bytes = 0u64;
    let mut words = 0u64;
    let mut counts: HashMap<Vec<u8>, u64> = HashMap::new();

    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        bytes += line.len() as u64;
        for word in line.split(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80) {
            if !word.is_empty() {
                words += 1;
                *counts.entry(word.to_ascii_lowercase()).or_insert(0) += 1;
            }
        }
        line.clear();
    }

    let mut frequent: Vec<(Vec<u8>, u64)> = counts.into_iter().collect();
    frequent.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));

    let mut output = io::stdout().lock();
    output.write_all(b"Content-Type: text/plain; charset=utf-8\n\n")?;
    writeln!(output, "{} lines, {} words, {} bytes", lines, words, bytes)?;
    for (word, count) in frequent.iter().take(MOST_FREQUENT) {
        write!(output, "{} ", count)?;
        output.write_all(word)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}
